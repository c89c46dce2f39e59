"""The connection against a real Keycloak at KEYCLOAK_URL."""

from __future__ import annotations

import asyncio
import os
import uuid
from types import SimpleNamespace

import pytest

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.clock import SystemClock
from oidc_provision.provisioners.keycloak import connection
from oidc_provision.provisioners.keycloak.connection import AdminSignIn
from oidc_provision.provisioners.transport import TransportSettings, fetch_json, open_client

pytestmark = pytest.mark.live
NAME = "two words ä+%"


@pytest.fixture
def lab_url(keycloak_url):
    return keycloak_url


def work(url, job, **changes):
    chosen = TransportSettings(repeatable=connection.is_token_request, name_path=connection.name_path)

    async def run():
        async with open_client(chosen) as client:
            usual = {
                "url": url,
                "managed": "master",
                "realm": "master",
                "username": "admin",
                "password": Sealed(os.environ.get("KEYCLOAK_ADMIN_PASSWORD", "admin")),
            }
            sign_in = AdminSignIn(**(usual | changes))
            admin = connection.open_admin(sign_in, client, SystemClock(), chosen.redactor)
            return await job(SimpleNamespace(admin=admin, client=client, settings=chosen))

    return asyncio.run(run())


@pytest.fixture
def realm(lab_url):
    """A realm with an awkward name, deleted at the end."""
    name = f"connection test {uuid.uuid4().hex[:8]} é"
    work(lab_url, lambda lab: lab.admin.a_create_realm({"realm": name, "enabled": True}))
    yield name
    work(lab_url, lambda lab: lab.admin.a_delete_realm(name))


def test_sixteen_calls_sign_in_once_and_awkward_names_arrive(lab_url, realm):
    async def job(lab):
        await asyncio.gather(*(connection.list_clients_page(lab.admin, clientId="account") for _ in range(16)))
        await lab.admin.a_create_client({"clientId": NAME})
        await lab.admin.a_create_realm_role({"name": NAME})
        found = await connection.list_clients_page(lab.admin, clientId=NAME)
        role = await lab.admin.a_get_realm_role(NAME)
        document = await fetch_json(
            lab.client, f"{lab_url}/realms/{connection.encoded(realm)}/.well-known/openid-configuration"
        )
        return found[0]["clientId"], role["name"], document["issuer"], lab.settings.traffic.counts

    client, role, issuer, counts = work(lab_url, job, managed=realm)
    assert (client, role) == (NAME, NAME)
    assert issuer.endswith(connection.encoded(realm))
    assert counts["POST /realms/{realm}/protocol/openid-connect/token"] == 1


def test_pages_follow_each_other(lab_url, realm):
    async def job(lab):
        pages = [await connection.list_clients_page(lab.admin, first=first, max=2) for first in (0, 2)]
        return [client["clientId"] for page in pages for client in page]

    listed = work(lab_url, job, managed=realm)
    assert len(set(listed)) == 4


SIGN_IN = {
    "the user name or password is wrong": {"password": Sealed("wrong")},
    "the client is unknown or disabled": {"client_id": "nobody", "client_secret": Sealed("x"), "password": None},
    "realm `nowhere` does not exist": {"realm": "nowhere"},
}


@pytest.mark.parametrize("words", SIGN_IN)
def test_refused_sign_in_is_explained(lab_url, words):
    with pytest.raises(RemoteFailure, match=words):
        work(lab_url, lambda lab: connection.ensure_token(lab.admin), **SIGN_IN[words])


def test_wrong_secret_and_disabled_realm_are_told_apart(lab_url, realm):
    robot = {"clientId": "robot", "secret": "right-secret", "serviceAccountsEnabled": True}
    ours = {"realm": realm, "managed": realm, "client_id": "robot", "password": None}

    async def ask(lab):
        await connection.ensure_token(lab.admin)

    work(lab_url, lambda lab: lab.admin.a_create_client(robot), managed=realm)
    work(lab_url, ask, **ours, client_secret=Sealed("right-secret"))
    with pytest.raises(RemoteFailure, match="the client secret is wrong"):
        work(lab_url, ask, **ours, client_secret=Sealed("wrong-secret"))
    work(lab_url, lambda lab: lab.admin.a_update_realm(realm, {"enabled": False}))
    with pytest.raises(RemoteFailure, match="the realm is disabled"):
        work(lab_url, ask, **ours, client_secret=Sealed("right-secret"))

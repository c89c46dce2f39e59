"""One account signs in once for all realms of a server, whether it is let in or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.provisioners.test_keycloak_connection import Keycloak
from tests.servers import FakeClock, serving

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.plans.redaction import Redactor
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.keycloak.connection import AdminSignIn, ensure_token, list_clients_page, open_admin
from oidc_provision.provisioners.keycloak.signing_in import SignedIn
from oidc_provision.provisioners.transport import Limits, TransportSettings, open_client

REALMS = 16


def together(keycloak: Keycloak, job: Callable[..., Awaitable[object]]) -> list[object]:
    """Run `job(admin)` for many realms at once that share a sign-in; errors come as values."""
    clock = FakeClock()

    async def run() -> list[object]:
        settings = TransportSettings(Limits(request=5.0), clock=clock, proxies={})
        async with serving(keycloak) as server, open_client(settings) as client:
            sign_in = AdminSignIn(server.url, "realm", "master", username="admin", password=Sealed("p4ss&word"))
            shared = SignedIn(sign_in, client, clock, Redactor())
            admins = [open_admin(sign_in, client, clock, None, shared) for _ in range(REALMS)]
            return list(await asyncio.gather(*map(job, admins), return_exceptions=True))

    return asyncio.run(run())


def test_all_realms_share_one_token():
    keycloak = Keycloak()
    assert together(keycloak, ensure_token) == ["t1"] * REALMS
    assert len(keycloak.forms) == 1


def test_a_wrong_password_is_tried_once_and_told_of_every_realm():
    keycloak = Keycloak(refuses=lambda _form: (401, {"error": "invalid_grant", "error_description": "Invalid user"}))
    found = together(keycloak, ensure_token)
    assert {type(error) for error in found} == {RemoteFailure}
    assert len(keycloak.forms) == 1


def test_a_token_that_is_refused_in_the_middle_is_renewed_once_for_all():
    keycloak = Keycloak()

    async def twice(admin: object) -> object:
        await list_clients_page(admin, first=0, max=50)
        keycloak.valid = keycloak.valid if len(keycloak.forms) > 1 else "revoked"
        return await list_clients_page(admin, first=0, max=50)

    assert len(together(keycloak, twice)) == REALMS
    assert [form["grant_type"] for form in keycloak.forms] == ["password", "refresh_token"]


def test_one_realm_that_gives_up_does_not_end_the_sign_in_of_the_others():
    keycloak = Keycloak()
    waiting: list[asyncio.Task[str]] = []

    async def impatient(admin: object) -> object:
        task = asyncio.ensure_future(ensure_token(admin))
        waiting.append(task)
        await asyncio.sleep(0)
        if task is waiting[0]:
            task.cancel()
        return await task

    first, *others = together(keycloak, impatient)
    assert isinstance(first, asyncio.CancelledError)
    assert others == ["t1"] * (REALMS - 1)


@pytest.mark.parametrize("other", [{"client_id": "robot"}, {"realm": "elsewhere"}, {"password": Sealed("another")}])
def test_another_account_or_another_secret_has_a_sign_in_of_its_own(other: dict[str, object]):
    from oidc_provision.provisioners.base import Surroundings
    from oidc_provision.provisioners.keycloak.opening import _shared

    around = Surroundings(object(), None, None, Redactor(), FakeClock())  # type: ignore[arg-type]  # nothing is sent
    usual = {"url": "https://sso.example.com/", "realm": "master", "username": "admin", "password": Sealed("p4ss&word")}
    first = _shared(AdminSignIn(managed="one", **usual), around)
    assert _shared(AdminSignIn(managed="two", **usual), around) is first
    assert _shared(AdminSignIn(managed="two", **(usual | other)), around) is not first

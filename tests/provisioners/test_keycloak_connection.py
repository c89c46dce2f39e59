"""python-keycloak on our transport, against a server on loopback that answers as Keycloak does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from oidc_provision.plans.errors import ProvisionError, RemoteFailure, UsageError
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.keycloak import connection
from oidc_provision.provisioners.keycloak.connection import AdminSignIn
from oidc_provision.provisioners.transport import Limits, TransportSettings, open_client

from ..servers import FakeClock, answer, serving

TOKEN_PATH = "/protocol/openid-connect/token"
CLIENTS = [{"id": "1", "clientId": "coder"}]


class Keycloak:
    """Hands out `t1`, `t2`, ...; accepts the newest; `refuses` is called with each form."""

    def __init__(self, *, refuses=lambda form: None, refresh=True, lifetime=60):
        self.forms, self.refuses, self.refresh, self.lifetime = [], refuses, refresh, lifetime
        self.valid = ""
        self.bodies = []
        self.answer = b""

    async def __call__(self, seen, write):
        if seen.path.endswith(TOKEN_PATH):
            await write(self.token({name: values[0] for name, values in parse_qs(seen.body.decode()).items()}))
        elif seen.headers.get("authorization") != f"Bearer {self.valid}":
            await write(answer(401, {"error": "HTTP 401 Unauthorized"}))
        else:
            self.bodies.append(seen.body)
            is_listing = seen.path.partition("?")[0].endswith("/clients")
            await write(self.answer or answer(200, CLIENTS if is_listing else {"name": "x"}))

    def token(self, form):
        self.forms.append(form)
        refusal = self.refuses(form)
        if refusal:
            return answer(*refusal)
        self.valid = f"t{len(self.forms)}"
        token = {"access_token": self.valid, "expires_in": self.lifetime}
        return answer(200, token | ({"refresh_token": f"r{len(self.forms)}"} if self.refresh else {}))


def work(keycloak, job, *, path="", **changes):
    """Run `job(admin, server, clock)` with an admin client for this server."""
    clock = FakeClock()
    limits = Limits(request=5.0, attempts=2)
    chosen = TransportSettings(limits, clock=clock, random=lambda: 0.0, proxies={}, name_path=connection.name_path)

    async def run():
        async with serving(keycloak) as server, open_client(chosen) as client:
            usual = {"url": server.url + path, "managed": "engineering", "realm": "master"}
            if "client_secret" not in changes:
                usual |= {"username": "admin", "password": Sealed("p4ss&word")}
            admin = connection.open_admin(AdminSignIn(**(usual | changes)), client, clock, chosen.redactor)
            return await job(SimpleNamespace(admin=admin, server=server, clock=clock, settings=chosen))

    return asyncio.run(run())


def grants(keycloak):
    return [form["grant_type"] for form in keycloak.forms]


async def list_once(lab):
    return await connection.list_clients_page(lab.admin, first=0, max=50)


async def list_16_times(lab):
    return await asyncio.gather(*(list_once(lab) for _ in range(16)))


def test_sixteen_first_calls_make_one_token_request():
    keycloak = Keycloak()
    assert work(keycloak, list_16_times) == [CLIENTS] * 16
    assert grants(keycloak) == ["password"]
    assert keycloak.forms[0]["password"] == "p4ss&word"


@pytest.mark.battery(46)
def test_expired_token_is_renewed_once_for_all_before_it_is_refused():
    keycloak = Keycloak()

    async def job(lab):
        await list_once(lab)
        await lab.clock.sleep(55)
        await list_16_times(lab)
        return len(lab.server.seen)

    assert work(keycloak, job) == 2 + 17
    assert grants(keycloak) == ["password", "refresh_token"]


@pytest.mark.battery(46)
def test_token_refused_in_the_middle_is_renewed_once_and_no_write_is_lost():
    keycloak = Keycloak()

    async def job(lab):
        await list_once(lab)
        keycloak.valid = "revoked"
        keycloak.answer = answer(204, None, "")
        calls = (lab.admin.a_update_client(str(number), {"name": number}) for number in range(16))
        return await asyncio.gather(*calls)

    work(keycloak, job)
    assert grants(keycloak) == ["password", "refresh_token"]
    assert sorted(json.loads(body)["name"] for body in keycloak.bodies if body) == list(range(16))


@pytest.mark.battery(46)
@pytest.mark.parametrize(
    ("signs_in", "grant"),
    [({}, "password"), ({"client_id": "robot", "client_secret": Sealed("s3cr3t")}, "client_credentials")],
)
def test_refused_refresh_token_means_signing_in_again(signs_in, grant):
    refused = (400, {"error": "invalid_grant", "error_description": "Session not active"})
    keycloak = Keycloak(refuses=lambda form: refused if form["grant_type"] == "refresh_token" else None)

    async def job(lab):
        await list_once(lab)
        keycloak.valid = "revoked"
        return await list_once(lab)

    assert work(keycloak, job, **signs_in) == CLIENTS
    assert grants(keycloak) == [grant, "refresh_token", grant]


@pytest.mark.battery(46)
def test_call_that_is_refused_twice_is_an_error_and_no_loop():
    keycloak = Keycloak()

    async def job(lab):
        keycloak.answer = answer(401, {"error": "HTTP 401 Unauthorized"})
        return await list_once(lab)

    with pytest.raises(RemoteFailure, match="was answered 401, HTTP 401 Unauthorized"):
        work(keycloak, job)
    assert len(keycloak.forms) == 2


SIGN_IN = {
    "the client secret is wrong": (401, {"error": "unauthorized_client", "error_description": "Invalid client"}),
    "the client is unknown or disabled": (401, {"error": "invalid_client", "error_description": "Invalid client"}),
    "the user name or password is wrong": (
        401,
        {"error": "invalid_grant", "error_description": "Invalid user credentials"},
    ),
    "the user may not sign in: Account disabled": (
        400,
        {"error": "invalid_grant", "error_description": "Account disabled"},
    ),
    "realm `master` does not exist": (404, {"error": "Realm does not exist"}),
    "the realm is disabled": (403, {"error": "access_denied", "error_description": "Realm not enabled"}),
    "answered 418, teapot: short and stout": (418, {"error": "teapot", "error_description": "short\x1b\n and stout."}),
    "answered 500, not JSON": (500, b"<html>", "text/html"),
}


@pytest.mark.battery(45)
@pytest.mark.parametrize("words", SIGN_IN)
def test_refused_sign_in_is_explained(words):
    with pytest.raises(RemoteFailure) as caught:
        work(Keycloak(refuses=lambda _form: SIGN_IN[words]), list_once)
    assert words in str(caught.value).replace("short  and", "short and")
    assert (caught.value.status, caught.value.arrived) == (SIGN_IN[words][0], False)


@pytest.mark.battery(37)
@pytest.mark.parametrize("body", [[1], {}, {"access_token": 5}, {"access_token": ""}])
def test_token_answer_without_a_token_is_clean(body):
    keycloak = Keycloak()
    keycloak.token = lambda _form: answer(200, body)
    with pytest.raises(RemoteFailure, match="answered without a token"):
        work(keycloak, list_once)


def test_tokens_are_secrets_from_then_on():
    keycloak = Keycloak()
    keycloak.token = lambda _form: answer(200, {"access_token": "opaque-access", "refresh_token": "opaque-refresh"})
    keycloak.valid = "opaque-access"

    async def job(lab):
        await list_once(lab)
        return lab.settings.redactor.clean("opaque-access opaque-refresh")

    assert work(keycloak, job) == "(redacted) (redacted)"


@pytest.mark.battery(40)
def test_server_text_with_our_secret_is_redacted():
    keycloak = Keycloak(refuses=lambda _form: (400, {"error": "bad", "error_description": "no s3cr3t-value!"}))

    async def job(lab):
        lab.settings.redactor.add("s3cr3t-value")
        await list_once(lab)

    with pytest.raises(RemoteFailure, match=r"no \(redacted\)!"):
        work(keycloak, job)


REALMS = {
    "simple": "simple",
    "with space": "with%20space",
    "a/b": "a%2Fb",
    "../master": "..%2Fmaster",
    "x?y=1": "x%3Fy%3D1",
    "x#y": "x%23y",
    "%2e%2e": "%252e%252e",
    "caf\u00e9\N{GRINNING FACE}": "caf%C3%A9%F0%9F%98%80",
    "{realm-name}": "%7Brealm-name%7D",
    "http://evil.example": "http%3A%2F%2Fevil.example",
}


@pytest.mark.battery(12)
@pytest.mark.parametrize("realm", REALMS)
@pytest.mark.parametrize("path", ["", "/", "/auth", "/auth/"])
def test_realm_is_one_segment_encoded_once(realm, path):
    async def job(lab):
        await list_once(lab)
        await lab.admin.a_get_realm(realm)
        return [seen.path for seen in lab.server.seen]

    root, name = path.rstrip("/"), REALMS[realm]
    assert work(Keycloak(), job, path=path, managed=realm, realm=realm) == [
        f"{root}/realms/{name}{TOKEN_PATH}",
        f"{root}/admin/realms/{name}/clients?first=0&max=50",
        f"{root}/admin/realms/{name}",
    ]


@pytest.mark.parametrize("realm", [".", "..", ""])
def test_realm_that_would_be_another_path_is_refused_before_anything_is_sent(realm):
    keycloak = Keycloak()
    with pytest.raises(UsageError, match="cannot be the name"):
        work(keycloak, list_once, managed=realm, realm=realm)
    assert keycloak.forms == []


def test_role_names_and_ids_are_encoded_once():
    async def job(lab):
        await lab.admin.a_get_realm_role("two words?#%")
        with pytest.raises(UsageError):
            await lab.admin.a_get_realm_role("..")
        return lab.server.seen[-1].path

    assert work(Keycloak(), job) == "/admin/realms/engineering/roles/two%20words%3F%23%25"


def test_requests_are_counted_by_shape():
    async def job(lab):
        await list_once(lab)
        await lab.admin.a_get_realm_role("offline_access")
        return lab.settings.traffic.counts

    assert work(Keycloak(), job) == {
        f"POST /realms/{{realm}}{TOKEN_PATH}": 1,
        "GET /admin/realms/{realm}/clients?first,max": 1,
        "GET /admin/realms/{realm}/roles/{role}": 1,
    }


@pytest.mark.battery(40)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (answer(403, {"error": "HTTP 403 Forbidden"}), "listing was answered 403, HTTP 403 Forbidden"),
        (answer(400, {"errorMessage": "Invalid \x1b[31mURI"}), "listing was answered 400, Invalid  [31mURI"),
        (answer(400, {"error": "a", "error_description": "b"}), "listing was answered 400, a: b"),
        (answer(409, [1]), "was answered 409, no error object"),
        (answer(404, b"<html>", "text/html"), "was answered 404, not JSON"),
        (answer(503), "answered 503 (not available), 2 times"),
    ],
)
def test_refusal_of_any_shape_is_explained(data, words):
    keycloak = Keycloak()
    keycloak.answer = data

    async def job(lab):
        try:
            await lab.admin.a_get_client_scopes()
        except Exception as error:  # noqa: BLE001  # what a caller does
            return connection.explain(error, "listing")

    error = work(keycloak, job)
    assert isinstance(error, ProvisionError)
    assert words in str(error)


@pytest.mark.battery(37)
def test_listing_of_another_type_is_clean():
    keycloak = Keycloak()
    keycloak.answer = answer(200, {"error": "x"})
    with pytest.raises(RemoteFailure, match="no list of objects"):
        work(keycloak, list_once)


def test_connection_error_of_the_library_is_unwrapped():
    below, above = RemoteFailure("`h` refused the connection"), ValueError("Can't connect to server")
    above.__cause__ = below
    assert connection.explain(above, "listing") is below
    assert "(TypeError)" in str(connection.explain(TypeError("unexpected: s3cr3t"), "listing"))


def test_inner_openid_client_is_on_our_transport_and_the_synchronous_half_is_off():
    async def job(lab):
        inner = lab.admin.connection.keycloak_openid.connection
        with pytest.raises(Exception, match="Can't connect") as caught:
            lab.admin.get_clients()
        return inner.async_s is lab.admin.connection.async_s, str(caught.value.__cause__)

    same, cause = work(Keycloak(), job)
    assert same
    assert "only the async methods" in cause


def test_importing_the_module_imports_neither_the_library_nor_httpx():
    code = "import oidc_provision.provisioners.keycloak.connection, sys;"
    code += "print({'keycloak', 'httpx', 'requests'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_only_asking_for_a_token_may_be_posted_twice():
    asked = [("POST", f"/auth/realms/x{TOKEN_PATH}"), ("POST", "/admin/realms/x/clients"), ("PUT", TOKEN_PATH)]
    assert [connection.is_token_request(*each) for each in asked] == [True, False, False]

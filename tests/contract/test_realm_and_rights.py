"""A realm's settings and roles, and what partial rights show and refuse."""

from __future__ import annotations

import httpx
import pytest

from oidc_provision.provisioners.keycloak.fields import REALM_READ, realm_fields

FORBIDDEN = {"error": "HTTP 403 Forbidden"}


def test_new_realm_has_the_same_settings(shared):
    found = shared.read()
    assert len(found) == 104
    assert {name: found[name] for name in REALM_READ} == {
        "offlineSessionIdleTimeout": 2592000,
        "offlineSessionMaxLifespan": 5184000,
        "offlineSessionMaxLifespanEnabled": False,
        "ssoSessionIdleTimeout": 1800,
        "ssoSessionMaxLifespan": 36000,
        "revokeRefreshToken": False,
        "refreshTokenMaxReuse": 0,
        "accessTokenLifespan": 300,
        "enabled": True,
        "sslRequired": "external",
    }
    assert (found["defaultRole"]["name"], found["defaultRole"]["composite"]) == (f"default-roles-{shared.name}", True)


CHANGES = {
    "number": ({"offlineSessionIdleTimeout": 60}, 204),
    "number as text": ({"offlineSessionIdleTimeout": "60"}, 204),
    "out of range": ({"offlineSessionIdleTimeout": -5, "accessTokenLifespan": 0}, 204),
    "maximum below idle": ({"offlineSessionMaxLifespan": 1}, 204),
    "ignored lists": ({"defaultDefaultClientScopes": ["phone"]}, 204),
    "nothing": ({}, 204),
    "no number": ({"offlineSessionIdleTimeout": "abc"}, 400),
    "unknown field": ({"nonsense": 1}, 400),
}


@pytest.mark.parametrize("case", CHANGES)
def test_realm_is_merged_with(realm, case):
    body, status = CHANGES[case]
    before = realm_fields(realm.read())
    answer = realm.ask("PUT", realm.admin, json=body)
    after = realm_fields(realm.read())
    expected = {name: int(value) for name, value in body.items() if name in before} if status == 204 else {}
    assert (answer.status_code, after) == (status, {**before, **expected})


def test_realm_that_is_there_or_not(shared):
    taken = shared.ask("POST", "/admin/realms", json={"realm": shared.name})
    assert (taken.status_code, taken.json()) == (409, {"errorMessage": f"Realm {shared.name} already exists"})
    answers = [shared.ask(method, "/admin/realms/not-there") for method in ("GET", "DELETE")]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, {"error": "Realm not found."})] * 2


def test_default_roles_are_added_and_taken_again_and_again(realm):
    path = f"{realm.admin}/roles-by-id/{realm.read()['defaultRole']['id']}/composites"
    assert realm.default_roles() == {"offline_access", "uma_authorization", "manage-account", "view-profile"}
    role = realm.request("GET", f"{realm.admin}/roles/offline_access").json()
    assert [realm.ask("DELETE", path, json=[role]).status_code for _ in range(2)] == [204, 204]
    assert "offline_access" not in realm.default_roles()
    assert [realm.ask("POST", path, json=[role]).status_code for _ in range(2)] == [204, 204]
    assert "offline_access" in realm.default_roles()
    unknown = realm.ask("POST", path, json=[{"id": "nope", "name": "nope"}])
    assert (unknown.status_code, unknown.json()) == (404, {"error": "Could not find composite role"})


def test_role_that_is_not_there(shared):
    answers = [shared.ask("GET", f"{shared.admin}/{path}") for path in ("roles/nope", "roles-by-id/nope/composites")]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
        (404, "Could not find role"),
        (404, "Could not find role with id"),
    ]


PATHS = {
    "realm": ("GET", ""),
    "change realm": ("PUT", ""),
    "clients": ("GET", "/clients?first=0&max=2"),
    "client by name": ("GET", "/clients?clientId=account"),
    "client": ("GET", "/clients/{client}"),
    "no client": ("GET", "/clients/nope"),
    "change client": ("PUT", "/clients/{client}"),
    "make client": ("POST", "/clients"),
    "secret": ("GET", "/clients/{client}/client-secret"),
    "scopes of a client": ("GET", "/clients/{client}/default-client-scopes"),
    "attach": ("PUT", "/clients/{client}/optional-client-scopes/{scope}"),
    "scopes": ("GET", "/client-scopes"),
    "scopes of new clients": ("GET", "/default-default-client-scopes"),
    "role": ("GET", "/roles/offline_access"),
    "default roles": ("GET", "/roles-by-id/{role}/composites"),
    "add default role": ("POST", "/roles-by-id/{role}/composites"),
}
CUT = {
    "realm": "200 4 keys",
    "client": 403,
    "no client": 404,
    "clients": "200 0 of them",
    "client by name": "200 0 of them",
    "scopes": "200 0 of them",
}
CLIENTS = {
    **dict.fromkeys(("client", "secret", "scopes of a client", "scopes of new clients"), 200),
    "realm": "200 4 keys",
    "no client": 404,
    "clients": "200 2 of them",
    "client by name": "200 1 of them",
    "scopes": "200 15 of them",
}
REALM = {"realm": "200 104 keys", "role": 200, "default roles": "200 2 of them"}
RIGHTS = {
    "": {},
    "query-clients": CUT,
    "view-clients": CLIENTS,
    "manage-clients": {**CLIENTS, "change client": 204, "make client": 409, "attach": 204},
    "view-realm": REALM,
    "manage-realm": {**REALM, "change realm": 204, "add default role": 204},
}


def _said(answer: httpx.Response):
    if answer.status_code == 403:
        assert answer.json() == FORBIDDEN
    if answer.status_code != 200:
        return answer.status_code
    found = answer.json()
    if isinstance(found, list):
        return f"200 {len(found)} of them"
    return 200 if ("id" in found and "realm" not in found) or "value" in found else f"200 {len(found)} keys"


def token_of(realm, name: str, secret: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
    answer = realm.http.post(f"/realms/{realm.name}/protocol/openid-connect/token", data=form)
    return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def accounts(shared):
    for role in RIGHTS:
        shared.service_account(f"account-{role}", "s" * 32, [role] if role else [])
    return {role: token_of(shared, f"account-{role}", "s" * 32) for role in RIGHTS}


@pytest.mark.parametrize("role", RIGHTS)
def test_service_account_sees_and_may(shared, accounts, role):
    names = {
        "client": shared.client("account-")["id"],
        "scope": shared.scope_id("phone"),
        "role": shared.read()["defaultRole"]["id"],
    }
    bodies = {"change realm": {}, "change client": {}, "make client": {"clientId": "broker"}, "add default role": []}
    headers = {"Authorization": f"Bearer {accounts[role]}"}
    said = {}
    for name, (method, path) in PATHS.items():
        url = shared.admin + path.format(**names)
        said[name] = _said(shared.http.request(method, url, headers=headers, json=bodies.get(name)))
    lists = {"scopes of a client": "200 7 of them", "scopes of new clients": "200 9 of them"}
    wanted = {**dict.fromkeys(PATHS, 403), **RIGHTS[role]}
    assert said == {name: lists.get(name, value) if value == 200 else value for name, value in wanted.items()}


ACCESS = {"view-clients": (False, False), "manage-clients": (True, True)}


@pytest.mark.parametrize("role", ACCESS)
def test_clients_say_what_may_be_done_to_them(shared, accounts, role):
    headers = {"Authorization": f"Bearer {accounts[role]}"}
    listed = shared.http.get(f"{shared.admin}/clients", headers=headers).json()
    access = {client["clientId"]: (client["access"]["configure"], client["access"]["manage"]) for client in listed}
    assert (access["account"], access["broker"], access["realm-management"]) == (*[ACCESS[role]] * 2, (False, False))


@pytest.mark.parametrize("path", ["", "/clients", "/client-scopes", "/users"])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer junk"}])
def test_without_a_token_everything_is_401(shared, path, header):
    answer = shared.http.get(shared.admin + path, headers=header)
    assert (answer.status_code, answer.json()) == (401, {"error": "HTTP 401 Unauthorized"})


def test_account_of_one_realm_is_nobody_in_another(shared, realm, accounts):
    headers = {"Authorization": f"Bearer {accounts['manage-realm']}"}
    answers = [shared.http.get(path, headers=headers) for path in (realm.admin, "/admin/realms/master")]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(403, FORBIDDEN)] * 2


def test_token_of_a_person_through_admin_cli_names_no_roles_and_of_an_account_all(shared, accounts):
    from tests.live.signing_in import claims

    form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": shared.password}
    person = shared.http.post("/realms/master/protocol/openid-connect/token", data=form).json()
    absent = {"sub", "aud", "realm_access", "resource_access"}
    assert person["expires_in"] in {59, 60}
    assert person["refresh_expires_in"] in {1799, 1800}
    assert not absent & set(claims(person["access_token"]))
    account = claims(accounts["view-clients"])
    assert sorted(account["resource_access"]["realm-management"]["roles"]) == ["query-clients", "view-clients"]
    assert sorted(account["realm_access"]["roles"]) == [
        f"default-roles-{shared.name}",
        "offline_access",
        "uma_authorization",
    ]

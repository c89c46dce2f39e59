"""Clients: what is added, kept, ignored and refused when they are made and changed."""

from __future__ import annotations

import json

import pytest

from oidc_provision.provisioners.keycloak.fields import client_fields

SESSION_IDLE, SESSION_MAX = "client.session.idle.timeout", "client.session.max.lifespan"
NEW_DEFAULT = ["acr", "basic", "email", "profile", "roles", "web-origins"]
NEW_OPTIONAL = ["address", "microprofile-jwt", "offline_access", "organization", "phone"]


def read(realm, client_id="c"):
    """The client without its scope lists' order, which is arbitrary."""
    found = realm.client(client_id)
    sets = ("redirectUris", "webOrigins", "defaultClientScopes", "optionalClientScopes")
    return {**found, **{name: sorted(found[name]) for name in sets}}


MINIMAL = {
    "clientId": "minimal",
    "surrogateAuthRequired": False,
    "enabled": True,
    "alwaysDisplayInConsole": False,
    "clientAuthenticatorType": "client-secret",
    "redirectUris": [],
    "webOrigins": [],
    "notBefore": 0,
    "bearerOnly": False,
    "consentRequired": False,
    "standardFlowEnabled": True,
    "implicitFlowEnabled": False,
    "directAccessGrantsEnabled": False,
    "serviceAccountsEnabled": False,
    "publicClient": False,
    "frontchannelLogout": False,
    "protocol": "openid-connect",
    "authenticationFlowBindingOverrides": {},
    "fullScopeAllowed": True,
    "nodeReRegistrationTimeout": -1,
    "defaultClientScopes": NEW_DEFAULT,
    "optionalClientScopes": NEW_OPTIONAL,
    "access": {"view": True, "configure": True, "manage": True},
}


def test_minimal_client_has_what_the_server_adds(shared):
    shared.make_client("minimal")
    made = read(shared, "minimal")
    shared.delete_client("minimal")
    attributes, secret = made.pop("attributes"), made.pop("secret")
    del made["id"]
    assert (set(attributes), attributes["realm_client"], len(secret)) == (
        {"realm_client", "client.secret.creation.time"},
        "false",
        86,
    )
    assert made == MINIMAL


def test_built_in_clients_are_the_same(shared):
    names = ("account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console")
    listed = {name: client_fields(shared.client(name)) for name in names}
    kept = ("publicClient", "bearerOnly", "standardFlowEnabled", "directAccessGrantsEnabled", "enabled")
    assert {name: [fields[key] for key in kept] for name, fields in listed.items()} == {
        "account": [True, False, True, False, True],
        "account-console": [True, False, True, False, True],
        "admin-cli": [True, False, False, True, True],
        "broker": [False, True, True, False, True],
        "realm-management": [False, True, True, False, True],
        "security-admin-console": [True, False, True, False, True],
    }


CREATED = {
    "one list stops the realm's defaults": ({"optionalClientScopes": ["offline_access", "x"]}, [], ["offline_access"]),
    "a scope in both lists is default": (
        {"optionalClientScopes": ["phone"], "defaultClientScopes": ["phone"]},
        ["phone"],
        [],
    ),
    "both empty": ({"optionalClientScopes": [], "defaultClientScopes": []}, [], []),
    "a service account": ({"serviceAccountsEnabled": True}, sorted([*NEW_DEFAULT, "service_account"]), NEW_OPTIONAL),
}


@pytest.mark.parametrize("case", CREATED)
def test_new_client_gets_scopes(shared, case):
    body, default, optional = CREATED[case]
    shared.make_client("scopes", **body)
    made = read(shared, "scopes")
    shared.delete_client("scopes")
    assert (made["defaultClientScopes"], made["optionalClientScopes"]) == (default, optional)


ORIGINS = {
    "of its redirect URIs": (
        {"redirectUris": ["https://a:8443/1", "https://a:8443/2", "http://b", "/c", "*"]},
        ["http://b", "https://a:8443"],
    ),
    "stated": ({"redirectUris": ["https://a/1"], "webOrigins": []}, []),
}


@pytest.mark.parametrize("case", ORIGINS)
def test_new_client_has_the_origins(shared, case):
    body, expected = ORIGINS[case]
    shared.make_client("origins", **body)
    found = read(shared, "origins")["webOrigins"]
    shared.delete_client("origins")
    assert found == expected


def test_new_client_is_found_at_its_location(shared):
    answer = shared.ask("POST", f"{shared.admin}/clients", json={})
    made = shared.request("GET", answer.headers["Location"]).json()
    shared.request("DELETE", answer.headers["Location"])
    assert (answer.status_code, answer.content, made["clientId"]) == (201, b"", made["id"])


CHANGED = {
    "attribute removed by nothing": ({"attributes": {"x": ""}}, {"attributes.x": None}),
    "attribute removed by null": ({"attributes": {"x": None}}, {"attributes.x": None}),
    "number as attribute": ({"attributes": {"n": 600}}, {"attributes.n": "600", "attributes.x": "y"}),
    "switch as attribute": ({"attributes": {"n": True}}, {"attributes.n": "true"}),
    "nonsense as attribute": ({"attributes": {"client.offline.session.idle.timeout": "abc"}}, {}),
    "switch as text": ({"consentRequired": "true"}, {"consentRequired": True}),
    "description null": ({"description": None}, {}),
    "name": ({"name": "n"}, {"name": "n"}),
    "uris once": (
        {"redirectUris": ["https://b/2", "https://b/1", "https://b/2"]},
        {"redirectUris": frozenset({"https://b/1", "https://b/2"})},
    ),
    "scope lists ignored": (
        {"defaultClientScopes": ["phone"], "optionalClientScopes": []},
        {"defaultClientScopes": frozenset(NEW_DEFAULT), "optionalClientScopes": frozenset(NEW_OPTIONAL)},
    ),
    "service account": (
        {"serviceAccountsEnabled": True},
        {"serviceAccountsEnabled": True, "defaultClientScopes": frozenset({*NEW_DEFAULT, "service_account"})},
    ),
}


@pytest.mark.parametrize("case", CHANGED)
def test_change_ends_as(client, case):
    body, expected = CHANGED[case]
    before = client_fields(client.client("c"))
    answer = client.ask("PUT", client.client_path("c"), json=body)
    after = client_fields(client.client("c"))
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    stored = {f"attributes.{name}" for name in body.get("attributes", {})}
    assert (answer.status_code, answer.content) == (204, b"")
    assert {name: after.get(name) for name in expected} == expected
    assert changed <= expected.keys() | stored


REFUSED = {
    "unknown field": ({"nonsense": 1}, 400, {"error"}),
    "fragment": ({"redirectUris": ["https://a/#b"]}, 400, "A redirect URI must not contain an URL fragment"),
    "script": ({"redirectUris": ["javascript:alert(1)"]}, 400, "A redirect URI uses an illegal scheme"),
    "bad uri": ({"redirectUris": ["https://a b/"]}, 400, "A redirect URI is not a valid URI"),
    "bad root": ({"rootUrl": "https://a/#b"}, 400, "Root URL must not contain an URL fragment"),
    "idle above the realm": (
        {"attributes": {SESSION_IDLE: "1801"}},
        400,
        "Client session idle timeout cannot exceed realm SSO session idle timeout.",
    ),
    "maximum above the realm": (
        {"attributes": {SESSION_MAX: "36001"}},
        400,
        "Client session max lifespan cannot exceed realm SSO session max lifespan.",
    ),
    "taken name": ({"clientId": "account"}, 409, "Duplicate resource error"),
    "blank name": ({"clientId": ""}, 400, "Client ID cannot be blank"),
    "no switch": ({"enabled": "maybe"}, 400, "Cannot parse the JSON"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_change_is_refused(client, case):
    body, status, words = REFUSED[case]
    before = read(client)
    answer = client.ask("PUT", client.client_path("c"), json=body)
    assert answer.status_code == status
    assert answer.json()["error_description"] == words if isinstance(words, str) else set(answer.json()) == words
    assert read(client) == before


def test_unknown_field_is_named(client):
    words = client.ask("PUT", client.client_path("c"), json={"nonsense": 1}).json()["error"]
    assert words.startswith(
        'Invalid json representation for ClientRepresentation. Unrecognized field "nonsense" at line 1'
    )


def test_client_that_exists_is_a_conflict(client):
    answer = client.ask("POST", f"{client.admin}/clients", json={"clientId": "c"})
    assert (answer.status_code, answer.json()) == (409, {"errorMessage": "Client c already exists"})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_client_that_is_not_there(shared, method):
    answer = shared.ask(method, f"{shared.admin}/clients/nope", json={} if method == "PUT" else None)
    assert (answer.status_code, answer.json()) == (404, {"error": "Could not find client"})


@pytest.mark.parametrize("attribute", [SESSION_IDLE, SESSION_MAX])
def test_realm_lowered_under_a_client_refuses_every_change_of_it(realm, attribute):
    setting = {SESSION_IDLE: "ssoSessionIdleTimeout", SESSION_MAX: "ssoSessionMaxLifespan"}[attribute]
    realm.make_client("c", attributes={attribute: "1700"})
    realm.change(**{setting: 1600})
    path = realm.client_path("c")
    bodies = [{"name": "n"}, {"attributes": {attribute: "1500"}}, {"name": "n"}]
    assert [realm.ask("PUT", path, json=body).status_code for body in bodies] == [400, 204, 204]


def test_public_client_loses_its_secret_and_gets_another(client):
    before = client.client("c")["secret"]
    client.change_client("c", publicClient=True)
    public = client.client("c")
    client.change_client("c", publicClient=False)
    after = client.client("c")["secret"]
    assert ("secret" in public, len(after), after == before) == (False, 86, False)


def test_secret_is_read_replaced_and_set(client):
    path = f"{client.client_path('c')}/client-secret"
    first, second = client.request("GET", path).json(), client.request("POST", path).json()
    assert (first, second["type"], len(second["value"])) == ({"type": "secret", "value": "s" * 32}, "secret", 86)
    assert client.request("GET", path).json() == second
    client.change_client("c", secret="")
    assert client.client("c").get("secret") == ""


def test_pages_are_in_the_order_of_their_names(shared):
    def page(**query):
        return [client["clientId"] for client in shared.request("GET", f"{shared.admin}/clients", params=query).json()]

    everything = page()
    assert sorted(page(first=0, max=50)) == sorted(everything)
    assert page(first=0, max=2) == ["account", "account-console"]
    assert page(first=2, max=1) == ["admin-cli"]
    assert (page(first=50, max=2), page(max=0)) == ([], [])
    assert page(clientId="ACCOUNT") == []
    assert page(clientId="ACC", search="true") == ["account", "account-console"]


def test_listing_is_the_single_answer(client):
    listed = client.request("GET", f"{client.admin}/clients", params={"first": 0, "max": 50}).json()
    by_name = next(each for each in listed if each["clientId"] == "c")
    single = client.request("GET", client.client_path("c")).json()
    assert client_fields(by_name) == client_fields(single)
    assert json.dumps(sorted(by_name)) == json.dumps(sorted(single))

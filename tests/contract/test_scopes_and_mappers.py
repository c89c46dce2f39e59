"""Scopes attached and detached, and protocol mappers."""

from __future__ import annotations

import pytest

MAPPER = {
    "name": "m",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-group-membership-mapper",
    "config": {"claim.name": "g", "full.path": "true", "id.token.claim": "true", "nothing": ""},
}


def lists(realm):
    found = realm.client("c")
    return frozenset(found["defaultClientScopes"]), frozenset(found["optionalClientScopes"])


def scope_path(realm, kind, name):
    return f"{realm.client_path('c')}/{kind}-client-scopes/{realm.scope_id(name)}"


def test_attaching_the_other_way_answers_well_and_does_nothing(client):
    before = lists(client)
    answers = [client.ask("PUT", scope_path(client, *each)) for each in (("default", "phone"), ("optional", "email"))]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert lists(client) == before


@pytest.mark.parametrize("kind", ["default", "optional"])
@pytest.mark.parametrize("name", ["email", "offline_access"])
def test_detaching_takes_a_scope_whichever_way_and_again(client, kind, name):
    default, optional = lists(client)
    path = scope_path(client, kind, name)
    assert [client.ask("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert lists(client) == (default - {name}, optional - {name})


def test_moved_scope_is_detached_first(client):
    default, optional = lists(client)
    assert client.ask("DELETE", scope_path(client, "optional", "phone")).status_code == 204
    assert [client.ask("PUT", scope_path(client, "default", "phone")).status_code for _ in range(2)] == [204, 204]
    assert lists(client) == (default | {"phone"}, optional - {"phone"})


@pytest.mark.parametrize("kind", ["default", "optional"])
def test_attached_scopes_are_read_by_id_and_name(client, kind):
    found = client.request("GET", f"{client.client_path('c')}/{kind}-client-scopes").json()
    assert {tuple(sorted(each)) for each in found} == {("id", "name")}
    assert frozenset(each["name"] for each in found) == lists(client)[kind == "optional"]
    assert all(client.scope_id(each["name"]) == each["id"] for each in found)


MISSING = {
    "scope": ("{client}/optional-client-scopes/nope", "Client scope not found"),
    "client": ("{admin}/clients/nope/optional-client-scopes/{scope}", "Could not find client"),
    "mapper": ("{client}/protocol-mappers/models/nope", "Model not found"),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_not_there_is_said(client, case):
    path, words = MISSING[case]
    url = path.format(client=client.client_path("c"), admin=client.admin, scope=client.scope_id("phone"))
    body = {**MAPPER, "id": "nope"} if case == "mapper" else None
    answers = [client.ask(method, url, json=body if method == "PUT" else None) for method in ("PUT", "DELETE")]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, {"error": words})] * 2


CLAIMS = {
    "acr": "",
    "address": "",
    "basic": "auth_time",
    "email": "email email_verified",
    "microprofile-jwt": "groups upn",
    "offline_access": "",
    "organization": "organization",
    "phone": "phone_number phone_number_verified",
    "profile": "birthdate family_name gender given_name locale middle_name nickname picture preferred_username profile "
    "updated_at website zoneinfo",
    "roles": "",
    "service_account": "clientAddress clientHost client_id",
    "web-origins": "",
}


def test_client_scopes_of_a_realm_and_the_claims_they_put_into_id_tokens(shared):
    scopes = shared.request("GET", f"{shared.admin}/client-scopes").json()
    openid = {
        scope["name"]: " ".join(sorted(_claims(scope))) for scope in scopes if scope["protocol"] == "openid-connect"
    }
    assert openid == CLAIMS


def _claims(scope):
    mappers = scope.get("protocolMappers", ())
    configs = [mapper["config"] for mapper in mappers if mapper["config"].get("id.token.claim") == "true"]
    return {config["claim.name"] for config in configs if "claim.name" in config}


def test_new_client_scope_can_be_attached(realm):
    realm.make_client("c")
    realm.make_scope("mine")
    realm.attach("c", "mine")
    again = realm.ask("POST", f"{realm.admin}/client-scopes", json={"name": "mine", "protocol": "openid-connect"})
    assert "mine" in lists(realm)[1]
    assert (again.status_code, again.json()) == (409, {"errorMessage": "Client Scope mine already exists"})


def test_scopes_of_new_clients_conflict_where_client_scopes_do_not(realm):
    def ask(method, kind, name):
        return realm.ask(method, f"{realm.admin}/default-{kind}-client-scopes/{realm.scope_id(name)}")

    conflict = ask("PUT", "default", "phone")
    assert (conflict.status_code, conflict.json()) == (
        409,
        {"error": "conflict", "error_description": "Duplicate resource error"},
    )
    assert [ask("DELETE", "optional", "email").status_code for _ in range(2)] == [204, 204]
    assert ask("PUT", "optional", "email").status_code == 204
    realm.make_client("c")
    assert ("email" in lists(realm)[0], "email" in lists(realm)[1]) == (False, True)


def test_new_mapper_loses_empty_settings_and_its_own_endpoint_shows_what_follows(client):
    answer = client.ask("POST", f"{client.client_path('c')}/protocol-mappers/models", json=MAPPER)
    mapper = client.mapper("c", "m")
    config = {"claim.name": "g", "full.path": "true", "id.token.claim": "true"}
    assert answer.status_code == 201
    assert mapper == {**MAPPER, "id": mapper["id"], "consentRequired": False, "config": config}
    shown = client.request("GET", answer.headers["Location"]).json()
    assert shown == {**mapper, "config": {**config, "userinfo.token.claim": "true"}}


def test_mapper_is_replaced_whole_and_only_with_its_id(client):
    client.make_mapper("c", MAPPER)
    mapper = client.mapper("c", "m")
    path = f"{client.client_path('c')}/protocol-mappers/models/{mapper['id']}"
    broken = client.ask("PUT", path, json=MAPPER)
    done = client.ask("PUT", path, json={**MAPPER, "id": mapper["id"], "config": {"claim.name": "h"}})
    assert (broken.status_code, broken.json()["error"], done.status_code) == (500, "unknown_error", 204)
    assert client.mapper("c", "m")["config"] == {"claim.name": "h"}


@pytest.mark.parametrize(
    ("change", "status", "body"),
    [
        ({}, 409, {"errorMessage": "Protocol mapper exists with same name"}),
        ({"name": "n", "protocolMapper": "nope"}, 404, {"error": "ProtocolMapper provider not found"}),
    ],
)
def test_mapper_is_refused(client, change, status, body):
    client.make_mapper("c", MAPPER)
    answer = client.ask("POST", f"{client.client_path('c')}/protocol-mappers/models", json={**MAPPER, **change})
    assert (answer.status_code, answer.json()) == (status, body)


def test_mappers_of_a_changed_client_replace_the_list(client):
    client.make_mapper("c", MAPPER)
    client.change_client("c", name="kept")
    assert [mapper["name"] for mapper in client.client("c")["protocolMappers"]] == ["m"]
    client.change_client("c", protocolMappers=[{**MAPPER, "name": "other"}])
    assert [mapper["name"] for mapper in client.client("c")["protocolMappers"]] == ["other"]
    client.change_client("c", protocolMappers=[])
    assert "protocolMappers" not in client.client("c")

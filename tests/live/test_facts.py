"""What our code relies on and no documentation promises: Keycloak's own ways, as seen on 26.7.3. When one changes, it shows here first."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.live
IDLE = "client.offline.session.idle.timeout"
MAPPER = {
    "name": "m",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-group-membership-mapper",
    "config": {"claim.name": "g", "full.path": "true", "id.token.claim": "true"},
}


@pytest.fixture
def client(common_realm):
    """A client of this test alone, read and changed by name."""
    if common_realm.client("c"):
        common_realm.delete_client("c")
    common_realm.make_client("c", attributes={IDLE: "600", "x": "y"}, redirectUris=["https://a/1", "https://a/2"])
    return common_realm


@pytest.mark.parametrize("nothing", ["", None])
def test_attribute_without_a_value_is_taken_away_and_others_stay(client, nothing):
    client.change_client("c", attributes={IDLE: nothing})
    stored = client.client("c")["attributes"]
    assert (IDLE in stored, stored["x"]) == (False, "y")


@pytest.mark.parametrize(("sent", "kept"), [(600, "600"), (True, "true"), ("abc", "abc"), ("-1", "-1")])
def test_attribute_comes_back_as_text_and_is_not_checked(client, sent, kept):
    client.change_client("c", attributes={IDLE: sent})
    assert client.client("c")["attributes"][IDLE] == kept


def test_update_keeps_what_it_does_not_name(client):
    before = client.client("c")
    client.change_client("c", name="n")
    assert client.client("c") == {**before, "name": "n"}


def test_redirect_uris_are_a_set(client):
    client.change_client("c", redirectUris=["https://a/2", "https://a/1", "https://a/2"])
    assert sorted(client.client("c")["redirectUris"]) == ["https://a/1", "https://a/2"]


@pytest.mark.parametrize("uri", ["https://a/#b", "javascript:alert(1)"])
def test_bad_redirect_uri_is_refused_in_words(client, uri):
    answer = client.ask("PUT", client.client_path("c"), json={"redirectUris": [uri]})
    assert (answer.status_code, bool(answer.json()["error_description"])) == (400, True)


def test_unknown_field_is_refused(client):
    answer = client.ask("PUT", client.client_path("c"), json={"nonsense": 1})
    assert (answer.status_code, "Unrecognized field" in answer.text) == (400, True)


def test_scope_lists_of_an_update_are_ignored(client):
    before = client.client("c")
    client.change_client("c", defaultClientScopes=["phone"], optionalClientScopes=[])
    assert client.client("c") == before


def test_unknown_scope_of_a_create_is_dropped_and_one_list_stops_the_realms_defaults(client):
    client.delete_client("c")
    client.make_client("c", optionalClientScopes=["offline_access", "nonsense"])
    made = client.client("c")
    assert (made["defaultClientScopes"], made["optionalClientScopes"]) == ([], ["offline_access"])


def test_scope_in_both_lists_of_a_create_becomes_default(client):
    client.delete_client("c")
    client.make_client("c", optionalClientScopes=["phone"], defaultClientScopes=["phone"])
    made = client.client("c")
    assert (made["defaultClientScopes"], made["optionalClientScopes"]) == (["phone"], [])


def test_attaching_the_other_way_answers_well_and_does_nothing(client):
    before = client.client("c")
    client.attach("c", "phone", "default")
    client.attach("c", "email", "optional")
    assert client.client("c") == before


def test_detaching_takes_a_scope_away_through_either_list_and_again(client):
    for _ in range(2):
        client.detach("c", "email")
    assert "email" not in client.client("c")["defaultClientScopes"]


def test_mapper_update_replaces_the_whole(client):
    client.make_mapper("c", MAPPER)
    mapper = client.mapper("c", "m")
    path = f"{client.client_path('c')}/protocol-mappers/models/{mapper['id']}"
    client.request("PUT", path, json={**MAPPER, "id": mapper["id"], "config": {"claim.name": "g"}})
    assert {"full.path", "id.token.claim"} & set(client.mapper("c", "m")["config"]) == set()
    assert client.ask("PUT", path, json=MAPPER).status_code == 500


def test_mapper_of_a_taken_name_is_a_conflict(client):
    client.make_mapper("c", MAPPER)
    answer = client.ask("POST", f"{client.client_path('c')}/protocol-mappers/models", json=MAPPER)
    assert answer.status_code == 409


def test_default_role_may_be_added_twice(client):
    role = client.request("GET", f"{client.admin}/roles/offline_access").json()
    path = f"{client.admin}/roles-by-id/{client.read()['defaultRole']['id']}/composites"
    assert [client.ask("POST", path, json=[role]).status_code for _ in range(2)] == [204, 204]


def test_client_made_public_loses_its_secret_and_gets_a_new_one(client):
    before = client.client("c")["secret"]
    client.change_client("c", publicClient=True)
    assert "secret" not in client.client("c")
    client.change_client("c", publicClient=False)
    assert client.client("c")["secret"] not in ("", before)


def test_client_that_exists_is_a_conflict(client):
    assert client.ask("POST", f"{client.admin}/clients", json={"clientId": "c"}).status_code == 409


def test_client_is_found_by_exact_name(client):
    found = [client.client(name).get("clientId") for name in ("c", "C", "c%", "")]
    assert found[:3] == ["c", None, None]


SESSION = {
    "client.session.idle.timeout": ("ssoSessionIdleTimeout", 1800),
    "client.session.max.lifespan": ("ssoSessionMaxLifespan", 36000),
}


@pytest.mark.parametrize("attribute", SESSION)
def test_client_above_a_lowered_realm_refuses_every_change(client, attribute):
    setting, usual = SESSION[attribute]
    client.change_client("c", attributes={attribute: str(usual)})
    client.change(**{setting: usual - 60})
    refused = client.ask("PUT", client.client_path("c"), json={"name": "n"})
    lowered = client.ask("PUT", client.client_path("c"), json={"attributes": {attribute: str(usual - 60)}})
    client.change(**{setting: usual})
    assert (refused.status_code, lowered.status_code) == (400, 204)


def test_offline_lifetimes_are_not_checked_against_the_realm(client):
    client.change_client("c", attributes={IDLE: "99999999", "client.offline.session.max.lifespan": "99999999"})


def test_empty_change_of_the_realm_changes_nothing(client):
    before = client.read()
    client.change()
    assert client.read() == before


def test_realms_lists_for_new_clients_are_not_in_its_representation(client):
    assert {"defaultDefaultClientScopes", "defaultOptionalClientScopes"} & set(client.read()) == set()

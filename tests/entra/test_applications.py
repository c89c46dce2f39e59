"""Applications: merged, replaced, made once, thrown away and brought back, owned."""

from __future__ import annotations

import pytest
from tests.entra.tenant import CALLBACK

UPSERT = {"Prefer": "create-if-missing"}
UNIQUE = "/applications(uniqueName='coder')"
CLAIM = {"name": "email", "source": None, "essential": False, "additionalProperties": []}
ROLE = {
    "id": "11111111-1111-1111-1111-111111111111",
    "allowedMemberTypes": ["User"],
    "displayName": "r",
    "description": "r",
    "isEnabled": True,
    "value": "r",
}

MERGES = {
    "what is not sent stays": ({"notes": "n"}, "displayName", "Coder"),
    "null is a value": ({"groupMembershipClaims": None}, "groupMembershipClaims", None),
    "list is replaced whole": (
        {"web": {"redirectUris": ["https://b.example.com/"]}},
        "web.redirectUris",
        ["https://b.example.com/"],
    ),
    "part of a part stays": ({"web": {"logoutUrl": "https://a.example.com/"}}, "web.redirectUris", [CALLBACK]),
    "settings mirror the addresses": ({"web": {"redirectUris": []}}, "web.redirectUriSettings", []),
    "null part is the usual one": ({"spa": None}, "spa", {"redirectUris": []}),
    "claim is completed": ({"optionalClaims": {"idToken": [{"name": "email"}]}}, "optionalClaims.idToken", [CLAIM]),
    "other claims are empty": ({"optionalClaims": {"idToken": [CLAIM]}}, "optionalClaims.accessToken", []),
}


@pytest.mark.parametrize(("body", "name", "value"), MERGES.values(), ids=MERGES)
def test_change_is_merged(tenant, body, name, value):
    app = tenant.make_app()
    assert tenant.good("PATCH", f"/applications/{app['id']}", body) is None
    found = tenant.good("GET", f"/applications(appId='{app['appId']}')")
    for part in name.split("."):
        found = found[part]
    assert found == value


REFUSED = {
    "unknown property": ({"nonsense": 1}, "Request_BadRequest"),
    "wrong type": ({"tags": "x"}, "Request_BadRequest"),
    "null list": ({"identifierUris": None}, "Request_BadRequest"),
    "secret": ({"passwordCredentials": [{"displayName": "x"}]}, "Request_BadRequest"),
    "long name": ({"displayName": "x" * 121}, "Request_BadRequest"),
    "plain http": ({"web": {"redirectUris": ["http://a.example.com/"]}}, "InvalidReplyUrl"),
    "fragment": ({"web": {"redirectUris": ["https://a.example.com/#b"]}}, "InvalidReplyUrl"),
    "address twice": ({"web": {"redirectUris": [CALLBACK, CALLBACK]}}, "Request_BadRequest"),
    "read-only property": ({"uniqueName": "x"}, "Request_BadRequest"),
    "old tokens for everybody": ({"signInAudience": "AzureADandPersonalMicrosoftAccount"}, "Request_BadRequest"),
}


@pytest.mark.parametrize(("body", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_written_is_refused_and_changes_nothing(tenant, body, code):
    app = tenant.make_app()
    assert tenant.code("PATCH", f"/applications/{app['id']}", body) == (400, code)
    assert tenant.code("POST", "/applications", {"displayName": "x", **body})[0] == 400
    after = tenant.good("GET", f"/applications/{app['id']}")
    # an object that is shown as it is made and one that is read name the same
    assert after == app


def test_upsert_makes_then_changes_then_refuses_without_its_header(tenant):
    body = {"displayName": "Coder"}
    assert tenant.code("PATCH", UNIQUE, body) == (404, "Request_ResourceNotFound")
    made = tenant.ask("PATCH", UNIQUE, json=body, headers=UPSERT)
    again = tenant.ask("PATCH", UNIQUE, json=body | {"notes": "n"}, headers=UPSERT)
    assert (made.status_code, again.status_code, again.content) == (201, 204, b"")
    found = tenant.good("GET", UNIQUE)
    assert (found["id"], found["notes"], found["uniqueName"]) == (made.json()["id"], "n", "coder")
    assert tenant.good("PATCH", UNIQUE, {"notes": "m"}) is None
    assert tenant.code("PATCH", UNIQUE, {"notes": "m"}, headers=UPSERT) == (400, "Request_BadRequest")


def test_deleted_application_waits_thirty_days_in_the_bin(tenant):
    app = tenant.make_app()
    address = f"/directory/deletedItems/{app['id']}"
    tenant.good("POST", "/servicePrincipals", {"appId": app["appId"]})
    assert tenant.good("DELETE", f"/applications/{app['id']}") is None
    assert tenant.code("GET", f"/applications/{app['id']}")[0] == 404
    assert [each["id"] for each in tenant.good("GET", "/directory/deletedItems/graph.application")["value"]] == [
        app["id"]
    ]
    assert tenant.good("POST", f"{address}/restore", {})["id"] == app["id"]
    assert tenant.good("GET", f"/applications/{app['id']}")["displayName"] == "Coder"
    assert tenant.code("GET", f"/servicePrincipals(appId='{app['appId']}')")[0] == 404
    tenant.good("DELETE", f"/applications/{app['id']}")
    tenant.sandbox.clock.advance(30 * 86400)
    tenant.sign_in("Application.ReadWrite.All")
    assert tenant.code("GET", address)[0] == 404


def test_purged_application_is_gone_for_good(tenant):
    app = tenant.make_app()
    tenant.good("DELETE", f"/applications/{app['id']}")
    tenant.good("DELETE", f"/directory/deletedItems/{app['id']}")
    assert tenant.code("POST", f"/directory/deletedItems/{app['id']}/restore", {})[0] == 404


def test_who_makes_an_application_owns_it_beside_those_named(tenant):
    anna = next(iter(tenant.emulation.box.value.people))
    address = f"{tenant.url}/graph/v1.0/directoryObjects/{anna}"
    app = tenant.make_app(**{"owners@odata.bind": [address]})
    owners = f"/applications/{app['id']}/owners"
    assert [each["id"] for each in tenant.good("GET", owners)["value"]] == [tenant.principal, anna]
    assert tenant.code("POST", f"{owners}/$ref", {"@odata.id": address})[0] == 400
    tenant.good("DELETE", f"{owners}/{anna}/$ref")
    tenant.good("POST", f"{owners}/$ref", {"@odata.id": address})
    assert len(tenant.good("GET", owners)["value"]) == 2


def test_tool_that_gives_up_ownership_locks_itself_out(tenant):
    tenant.sign_in("Application.ReadWrite.OwnedBy")
    app = tenant.make_app()
    address = f"/applications/{app['id']}"
    tenant.good("DELETE", f"{address}/owners/{tenant.principal}/$ref")
    assert tenant.code("PATCH", address, {"notes": "n"}) == (403, "Authorization_RequestDenied")


def test_role_is_taken_away_only_once_it_is_off(tenant):
    app = tenant.make_app(appRoles=[ROLE])
    address = f"/applications/{app['id']}"
    assert tenant.code("PATCH", address, {"appRoles": []}) == (400, "CannotDeleteOrUpdateEnabledEntitlement")
    tenant.good("PATCH", address, {"appRoles": [ROLE | {"isEnabled": False}]})
    assert tenant.good("PATCH", address, {"appRoles": []}) is None


def test_behaviours_come_only_when_asked_for(tenant):
    app = tenant.make_app()
    tenant.good(
        "PATCH", f"/applications/{app['id']}", {"authenticationBehaviors": {"removeUnverifiedEmailClaim": True}}
    )
    whole = tenant.good("GET", f"/applications/{app['id']}")
    asked = tenant.good("GET", f"/applications/{app['id']}?$select=id,authenticationBehaviors")
    assert "authenticationBehaviors" not in whole
    assert asked["authenticationBehaviors"] == {"removeUnverifiedEmailClaim": True}


def test_federated_credential_is_one_for_its_name_and_for_its_subject(tenant):
    app = tenant.make_app()
    path = f"/applications/{app['id']}/federatedIdentityCredentials"
    body = {"issuer": "https://ci.example.com", "subject": "s", "audiences": ["api://AzureADTokenExchange"]}
    by_name = f"{path}(name='ci')"
    made = tenant.ask("PATCH", by_name, json=body)
    again = tenant.ask("PATCH", by_name, json={"description": "d"})
    assert (made.status_code, again.status_code) == (201, 204)
    one = f"{path}/{made.json()['id']}"
    assert tenant.code("POST", path, {"name": "other", **body}) == (400, "ObjectConflict")
    assert tenant.code("PATCH", one, {"name": "other"})[0] == 400
    assert tenant.good("GET", one)["description"] == "d"
    tenant.good("DELETE", one)
    assert tenant.good("GET", path)["value"] == []

"""Service principals and grants: consent given once, read as a set, taken back."""

from __future__ import annotations

import pytest
from tests.entra.tenant import CALLBACK

from oidc_provision.provisioners.entra.sandbox.building import DELEGATED, PERSON

UPSERT = {"Prefer": "create-if-missing"}


@pytest.fixture
def parties(tenant):
    app = tenant.make_app()
    client = tenant.good("POST", "/servicePrincipals", {"appId": app["appId"]})
    return {"clientId": client["id"], "resourceId": tenant.graph_principal()["id"]}


def test_ids_of_permissions_are_found_by_their_names(tenant):
    path = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id,appId,oauth2PermissionScopes"
    found = tenant.good("GET", path)
    assert {each["value"]: each["id"] for each in found["oauth2PermissionScopes"]} == DELEGATED
    assert set(found) - {"@odata.context"} == {"id", "appId", "oauth2PermissionScopes"}


def test_service_principal_is_made_once(tenant):
    app = tenant.make_app()
    path = f"/servicePrincipals(appId='{app['appId']}')"
    made = tenant.ask("PATCH", path, json={}, headers=UPSERT)
    again = tenant.ask("PATCH", path, json={"appRoleAssignmentRequired": True}, headers=UPSERT)
    assert (made.status_code, again.status_code) == (201, 204)
    assert tenant.code("POST", "/servicePrincipals", {"appId": app["appId"]})[0] == 409
    found = tenant.good("GET", path)
    assert (found["replyUrls"], found["appRoleAssignmentRequired"]) == ([CALLBACK], True)
    assert tenant.good("GET", f"/servicePrincipals/{found['id']}/owners")["value"][0]["id"] == tenant.principal


def test_service_principal_of_no_application_is_refused(tenant):
    body = {"appId": "99999999-9999-9999-9999-999999999999"}
    assert tenant.code("POST", "/servicePrincipals", body) == (400, "NoBackingApplicationObject")


def test_grant_is_made_once_and_changed_by_its_scope_alone(tenant, parties):
    body = {**parties, "consentType": "AllPrincipals", "scope": "openid profile"}
    made = tenant.good("POST", "/oauth2PermissionGrants", body)
    assert tenant.code("POST", "/oauth2PermissionGrants", {**body, "scope": "email"})[0] == 409
    assert tenant.code("PATCH", f"/oauth2PermissionGrants/{made['id']}", parties)[0] == 400
    tenant.good("PATCH", f"/oauth2PermissionGrants/{made['id']}", {"scope": " email openid"})
    path = f"/oauth2PermissionGrants?$filter=clientId eq '{parties['clientId']}'"
    (found,) = tenant.good("GET", path)["value"]
    assert (found["id"], set(found["scope"].split()), found["principalId"]) == (made["id"], {"email", "openid"}, None)
    of_client = tenant.good("GET", f"/servicePrincipals/{parties['clientId']}/oauth2PermissionGrants")
    assert [each["id"] for each in of_client["value"]] == [made["id"]]
    tenant.good("DELETE", f"/oauth2PermissionGrants/{made['id']}")
    assert tenant.good("GET", path)["value"] == []


WRONG = {
    "nobody's consent": ({"consentType": "Principal"}, 400),
    "everybody and one": ({"consentType": "AllPrincipals", "principalId": PERSON.id}, 400),
    "too many scopes": ({"consentType": "AllPrincipals", "scope": "x" * 3851}, 400),
    "unknown client": ({"consentType": "AllPrincipals", "clientId": "x"}, 404),
}


@pytest.mark.parametrize(("more", "status"), WRONG.values(), ids=WRONG)
def test_grant_that_cannot_be_is_refused(tenant, parties, more, status):
    assert tenant.code("POST", "/oauth2PermissionGrants", {**parties, "scope": "openid", **more})[0] == status


def test_grants_of_a_deleted_client_are_gone(tenant, parties):
    tenant.good("POST", "/oauth2PermissionGrants", {**parties, "consentType": "AllPrincipals", "scope": "openid"})
    tenant.good("DELETE", f"/servicePrincipals/{parties['clientId']}")
    assert tenant.good("GET", "/oauth2PermissionGrants")["value"] == []


def test_own_applications_are_found_without_listing_all(tenant):
    tenant.sign_in("Application.ReadWrite.OwnedBy")
    app = tenant.make_app()
    owned = tenant.good("GET", f"/servicePrincipals/{tenant.principal}/ownedObjects")["value"]
    assert [each["id"] for each in owned] == [app["id"]]


def test_service_principal_follows_its_application(tenant):
    app = tenant.make_app()
    tenant.good("POST", "/servicePrincipals", {"appId": app["appId"], "notes": "own"})
    change = {"displayName": "Renamed", "web": {"redirectUris": ["https://b.example.com/"]}}
    tenant.good("PATCH", f"/applications/{app['id']}", change)
    found = tenant.good("GET", f"/servicePrincipals(appId='{app['appId']}')")
    assert (found["displayName"], found["replyUrls"], found["notes"]) == ("Renamed", ["https://b.example.com/"], "own")

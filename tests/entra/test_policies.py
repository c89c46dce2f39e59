"""Policies of the tenant: what is checked of them, whom they bind, and how slowly conditional access is asked."""

from __future__ import annotations

import json

import pytest

from oidc_provision.provisioners.entra.sandbox.building import PERSON

ACCESS = "/identity/conditionalAccess/policies"
LIFETIMES = "/policies/tokenLifetimePolicies"
POLICY = {
    "displayName": "sessions",
    "state": "enabledForReportingButNotEnforced",
    "conditions": {
        "clientAppTypes": ["all"],
        "applications": {"includeApplications": ["x"]},
        "users": {"includeUsers": ["All"]},
    },
    "sessionControls": {
        "signInFrequency": {"isEnabled": True, "value": 30, "type": "days", "frequencyInterval": "timeBased"}
    },
}


def definition(lifetime: str | None = "02:00:00", **more: object) -> list[str]:
    own = {} if lifetime is None else {"AccessTokenLifetime": lifetime}
    return [json.dumps({"TokenLifetimePolicy": {"Version": 1, **own, **more}})]


@pytest.mark.parametrize("lifetime", ["00:10:00", "1.00:00:00", "23:59:59", None])
def test_lifetime_within_bounds_is_kept(tenant, lifetime):
    made = tenant.good("POST", LIFETIMES, {"displayName": "p", "definition": definition(lifetime)})
    assert tenant.good("GET", f"{LIFETIMES}/{made['id']}")["definition"] == definition(lifetime)


BROKEN = ([], ["x"], ["{}"], ["[]"], [json.dumps({"TokenLifetimePolicy": []})])
OUTSIDE = (definition("00:09:59"), definition("1.00:00:01"), definition("2 hours"), definition() * 2)


@pytest.mark.parametrize("value", [*BROKEN, *OUTSIDE])
def test_other_definition_is_refused(tenant, value):
    assert tenant.code("POST", LIFETIMES, {"displayName": "p", "definition": value}) == (400, "Request_BadRequest")


def test_lifetime_policy_is_attached_to_one_application_and_listed_there(tenant):
    app = tenant.make_app()
    first, second = (
        tenant.good("POST", LIFETIMES, {"displayName": name, "definition": definition()})["id"] for name in "ab"
    )
    path = f"/applications/{app['id']}/tokenLifetimePolicies"
    link = {key: {"@odata.id": f"{tenant.url}/graph/v1.0{LIFETIMES}/{key}"} for key in (first, second, "nope")}
    tenant.good("POST", f"{path}/$ref", link[first])
    assert tenant.code("POST", f"{path}/$ref", link[second])[0] == 400
    assert tenant.code("POST", f"{path}/$ref", link["nope"])[0] == 404
    assert [each["id"] for each in tenant.good("GET", path)["value"]] == [first]
    assert [each["id"] for each in tenant.good("GET", f"{LIFETIMES}/{first}/appliesTo")["value"]] == [app["id"]]
    tenant.good("DELETE", f"{path}/{first}/$ref")
    assert tenant.good("GET", path)["value"] == []


def test_conditional_access_answers_once_a_second_and_does_not_say_when(tenant):
    made = tenant.good("POST", ACCESS, POLICY)
    refused = tenant.ask("GET", f"{ACCESS}/{made['id']}")
    assert (refused.status_code, "retry-after" in refused.headers) == (429, False)
    tenant.sandbox.clock.advance(1)
    assert tenant.good("GET", f"{ACCESS}/{made['id']}")["displayName"] == "sessions"
    tenant.sandbox.clock.advance(1)
    tenant.good("PATCH", f"{ACCESS}/{made['id']}", {"state": "disabled"})
    tenant.sandbox.clock.advance(1)
    (found,) = tenant.good("GET", ACCESS)["value"]
    assert (found["state"], found["sessionControls"]) == ("disabled", POLICY["sessionControls"])
    tenant.sandbox.clock.advance(1)
    tenant.good("DELETE", f"{ACCESS}/{made['id']}")


NO_POLICY = {
    "no people": {"conditions": {"clientAppTypes": ["all"], "applications": {"includeApplications": ["x"]}}},
    "no controls": {"sessionControls": None},
    "frequency without a number": {"sessionControls": {"signInFrequency": {"isEnabled": True, "type": "days"}}},
    "unknown state": {"state": "on"},
}


@pytest.mark.parametrize("more", NO_POLICY.values(), ids=NO_POLICY)
def test_access_policy_that_says_nothing_is_refused(tenant, more):
    assert tenant.code("POST", ACCESS, {**POLICY, **more})[0] == 400


def test_organization_tells_the_tenant(tenant):
    (found,) = tenant.good("GET", "/organization")["value"]
    assert (found["id"], found["verifiedDomains"][0]["isInitial"]) == (tenant.emulation.box.value.tenant, True)
    assert tenant.good("GET", f"/organization/{found['id']}?$select=displayName")["displayName"] == "Contoso"
    assert tenant.code("GET", "/organization/x")[0] == 404


def test_sessions_of_somebody_unknown_cannot_be_ended(tenant):
    assert tenant.good("POST", f"/users/{PERSON.username}/revokeSignInSessions")["value"] is True
    assert tenant.code("POST", "/users/nobody/revokeSignInSessions")[0] == 404

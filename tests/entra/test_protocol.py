"""Graph as a protocol: refusals, rights, pages, filters, what is late, what is throttled, and what is kept."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from tests.entra import describing
from tests.entra.tenant import EVERYTHING, running
from tests.servers import FakeClock

from oidc_provision.plans.load import load
from oidc_provision.provisioners.entra.sandbox import emulate
from oidc_provision.provisioners.registry import PlanKinds
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.emulation import emulated_kinds
from oidc_provision.provisioners.sandbox.faults import Fault
from oidc_provision.provisioners.sandbox.serving import random_id

OWNED = "Application.ReadWrite.OwnedBy"
DENIED = (403, "Authorization_RequestDenied")


@pytest.mark.parametrize(
    "change", [{"nonsense": 1}, {"tags": "x"}, {"web": {"redirectUris": None}}, {"createdDateTime": "now"}]
)
def test_answer_that_is_not_as_described_is_noticed(tenant, change):
    found = tenant.ask("GET", "/applications").json()
    found["value"][0] |= change
    answer = httpx.Response(200, json=found, request=httpx.Request("GET", f"{tenant.url}/graph/v1.0/applications"))
    with pytest.raises(Exception, match="Invalid|not valid"):
        describing.check(answer)


def test_refusal_names_the_request_and_the_caller_names_it_too(tenant):
    answer = tenant.ask("GET", "/applications/x", headers={"client-request-id": "run-7"})
    inner = answer.json()["error"]["innerError"]
    assert (inner["client-request-id"], inner["date"]) == ("run-7", "2026-01-01T00:00:00")
    assert answer.headers["request-id"] == inner["request-id"]
    assert tenant.ask("GET", "/organization").headers["client-request-id"]


def test_token_is_asked_for_and_looked_at(tenant):
    good = tenant.token
    tenant.token = ""
    assert tenant.code("GET", "/applications") == (401, "InvalidAuthenticationToken")
    tenant.token = good[:-8] + "AAAAAAAA"
    assert tenant.code("GET", "/applications") == (401, "InvalidAuthenticationToken")
    tenant.token = good
    tenant.sandbox.clock.advance(5400)
    assert tenant.code("GET", "/applications") == (401, "InvalidAuthenticationToken")


def test_token_of_a_person_opens_nothing(tenant):
    tenant.token = tenant.tokens(tenant.consented_app())["access_token"]
    assert tenant.code("GET", "/applications") == DENIED


@pytest.mark.parametrize(
    ("right", "method", "path"),
    [
        ("Application.Read.All", "POST", "/applications"),
        (OWNED, "POST", "/oauth2PermissionGrants"),
        (OWNED, "GET", "/oauth2PermissionGrants"),
        (OWNED, "GET", "/policies/defaultAppManagementPolicy"),
        ("Policy.Read.All", "PATCH", "/policies/defaultAppManagementPolicy"),
        ("Policy.Read.All", "POST", "/identity/conditionalAccess/policies"),
        (OWNED, "POST", "/users/x/revokeSignInSessions"),
        ("", "GET", "/organization"),
    ],
)
def test_right_is_needed(tenant, right, method, path):
    tenant.sign_in(right)
    assert tenant.code(method, path, {} if method != "GET" else None) == DENIED


def test_tool_with_its_own_applications_only_cannot_touch_others(tenant):
    foreign = tenant.make_app()
    box = tenant.emulation.box
    box.put(box.value.with_links(foreign["id"], "owners", ()))
    tenant.sign_in(OWNED)
    address, own = f"/applications/{foreign['id']}", tenant.make_app()
    for method, path, body in (("GET", address, None), ("PATCH", address, {}), ("POST", f"{address}/addPassword", {})):
        assert tenant.code(method, path, body) == DENIED
    assert tenant.good("PATCH", f"/applications/{own['id']}", {"notes": "n"}) is None


@pytest.mark.parametrize("forbidden", [False, True])
def test_listing_under_owned_by_can_be_either_way(tenant, forbidden):
    tenant.switch(listing_forbidden=forbidden)
    tenant.sign_in(OWNED)
    assert tenant.ask("GET", "/applications").status_code == (403 if forbidden else 200)


def test_pages_are_followed_to_the_end(tenant):
    made = {tenant.make_app(displayName=f"app {i}")["id"] for i in range(5)}
    path, found, pages = "/applications?$top=2&$filter=startswith(displayName,'app')&$select=id", [], 0
    while path:
        page = tenant.good("GET", path)
        found, pages = [*found, *(each["id"] for each in page["value"])], pages + 1
        path = page.get("@odata.nextLink", "").removeprefix(f"{tenant.url}/graph/v1.0")
    assert (set(found), len(found), pages) == (made, 5, 3)


EVENTUAL = {"ConsistencyLevel": "eventual"}
FILTERS = {
    "equal": ("$filter=displayName eq 'it''s'", {}, 1),
    "equal in other case": ("$filter=displayName eq 'IT''S'", {}, 1),
    "both": ("$filter=displayName eq 'it''s' and signInAudience eq 'AzureADMyOrg'", {}, 1),
    "nothing": ("$filter=uniqueName eq null", {}, 2),
    "unlike without the header": ("$filter=displayName ne 'x'", {}, "Request_UnsupportedQuery"),
    "unlike with it": ("$filter=displayName ne 'it''s'&$count=true", EVENTUAL, 1),
    "unknown property": ("$filter=nonsense eq 'x'", {}, "BadRequest"),
    "broken": ("$filter=displayName is 'x'", {}, "Request_BadRequest"),
    "unknown selection": ("$select=nonsense", {}, "BadRequest"),
    "page too large": ("$top=1000", {}, "Request_BadRequest"),
    "page of nothing": ("$top=0", {}, "Request_BadRequest"),
    "wrong page": ("$skiptoken=%21", {}, "Directory_ExpiredPageToken"),
    "expanded": ("$expand=owners", {}, 2),
    "expanded and counted": ("$expand=owners&$count=true", EVENTUAL, "Request_UnsupportedQuery"),
    "a later page of a count without the header": (
        "$top=1&$count=true&$skiptoken=MQ==",
        {},
        "Request_UnsupportedQuery",
    ),
    "search": ("$search=x", {}, "Request_UnsupportedQuery"),
}


@pytest.mark.parametrize(("query", "headers", "expected"), FILTERS.values(), ids=FILTERS)
def test_query_finds_or_is_refused(tenant, query, headers, expected):
    tenant.make_app(displayName="it's")
    answer = tenant.ask("GET", f"/applications?{query}", headers=headers).json()
    assert answer.get("error", {}).get("code") == expected if "error" in answer else len(answer["value"]) == expected


def test_new_object_is_not_there_for_a_while(tenant):
    tenant.switch(lag=5)
    app = tenant.make_app(displayName="late")
    calls = (("GET", "", None), ("PATCH", "", {}), ("POST", "/addPassword", {}))
    for method, more, body in calls:
        assert tenant.code(method, f"/applications/{app['id']}{more}", body) == (404, "Request_ResourceNotFound")
    assert all(each["id"] != app["id"] for each in tenant.good("GET", "/applications")["value"])
    tenant.sandbox.clock.advance(5)
    assert tenant.good("GET", f"/applications/{app['id']}")["displayName"] == "late"


def test_changed_object_is_read_as_it_was_for_a_while(tenant):
    app = tenant.make_app()
    address = f"/applications/{app['id']}"
    tenant.switch(staleness=5)
    tenant.good("PATCH", address, {"notes": "a"})
    tenant.good("PATCH", address, {"description": "b"})
    assert tenant.good("GET", address)["notes"] is None
    tenant.sandbox.clock.advance(5)
    found = tenant.good("GET", address)
    assert (found["notes"], found["description"]) == ("a", "b")


def test_switches_are_set_from_outside(tenant):
    path = f"{tenant.url}/sandbox/switches"
    assert tenant.http.post(path, json={"lag": 5.5}).json()["lag"] == 5.5
    assert tenant.http.get(path).json()["lag"] == 5.5
    for wrong in ({"lag": "x"}, {"nonsense": 1}, [], {"people_may_consent": 1}):
        assert tenant.http.post(path, json=wrong).status_code == 400
    assert tenant.emulation.box.value.switches.lag == 5.5


def test_throttled_request_says_when_to_come_back(tenant):
    body = json.dumps({"error": {"code": "TooManyRequests", "message": "Too many requests."}})
    tenant.sandbox.faults.switch_on(Fault("/applications$", status=429, headers={"Retry-After": "3"}, body=body))
    refused = tenant.ask("GET", "/applications")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert tenant.good("GET", "/applications")["value"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("TRACE", "/applications", 405),
        ("PUT", "/applications", 405),
        ("GET", "/nonsense", 400),
        ("POST", "/applications/x", 405),
    ],
)
def test_other_methods_and_paths_are_refused_in_graphs_words(tenant, method, path, status):
    headers = {"Authorization": f"Bearer {tenant.token}"}
    answer = tenant.http.request(method, f"{tenant.url}/graph/v1.0{path}", headers=headers)
    assert (answer.status_code, "message" in answer.json()["error"]) == (status, True)


@pytest.mark.parametrize("body", [b"{", b'"\\ud800"', b"[]", b"NaN", b'{"displayName": "\\ud800"}', b"[" * 100_000])
def test_body_that_is_no_object_is_refused(tenant, body):
    answer = tenant.ask("POST", "/applications", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_state_is_taken_up_again_with_its_key(tenant):
    app = tenant.make_app()
    kept = tenant.emulation.dump()
    with running() as other:
        other.emulation.load(kept)
        other.sign_in(*EVERYTHING)
        assert other.good("GET", f"/applications/{app['id']}")["displayName"] == "Coder"
        assert other.emulation.signer.public_keys() == tenant.emulation.signer.public_keys()
    assert other.emulation.revision > 1


def test_welcome_tells_the_issuer_and_the_story_is_a_valid_plan():
    emulation = emulate(MovableClock(FakeClock()), random_id)
    assert re.search("issuer .*/v2.0", "\n".join(emulation.welcome("http://127.0.0.1")))
    told = emulation.story("http://127.0.0.1:8088/entra")
    assert load([("plan.yaml", told.plan.encode())], PlanKinds())[0].client_id == "coder"
    assert set(told.files) == {"secrets/admin.env"}
    assert "entra" in emulated_kinds()

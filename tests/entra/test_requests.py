"""How many requests a run sends to a tenant, through the product and counted at the wire; the sign-in is apart."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.command import ROOT
from tests.entra.faults import Sending, says, spoilt
from tests.entra.lab import Lab, lab
from tests.entra.runs import applied, planned, settled
from tests.laws.worlds.entra import OWNER, PLAN, guid
from tests.laws.worlds.keycloak import merged

from oidc_provision.provisioners.entra.sandbox.building import DELEGATED, NEW_APPLICATION, TOOL_APP, principal_of
from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS, GRANTS, OWNERS, PRINCIPALS, Directory

OWNED = ("Application.ReadWrite.OwnedBy", "DelegatedPermissionGrant.ReadWrite.All")
LISTINGS = (APPLICATIONS, PRINCIPALS, GRANTS)
MOST = 999
"""The longest page."""


def fleet(count: int) -> list[dict[str, Any]]:
    """Plans for as many applications of one tenant."""
    names = [f"coder-{number:02}" for number in range(count)]
    return [merged(PLAN, {"client": {"id": name, "secret": {"store": f"file:{name}.env#SECRET"}}}) for name in names]


def crowded(directory: Directory, count: int, grants: int = 0) -> Directory:
    """Return the directory with so many applications before ours, each with its service principal, some with consent."""
    applications, principals, consents = (dict[str, Any]() for _ in LISTINGS)
    usual = {**NEW_APPLICATION, "publisherDomain": directory.domain, "createdByAppId": None}
    for number in range(count):
        key, principal = guid(0x100000 + number), guid(0x200000 + number)
        named = {"id": key, "appId": guid(0x300000 + number), "displayName": f"app {number}"}
        applications[key] = {**usual, **named, "createdDateTime": "2025-05-01T00:00:00Z"}
        principals[principal] = principal_of(applications[key], principal, directory.tenant)
    resource = directory.principal_of("00000003-0000-0000-c000-000000000000")
    assert resource
    pair = {"resourceId": resource["id"], "consentType": "AllPrincipals", "principalId": None, "scope": "openid"}
    for number in range(grants):
        consents[guid(0x400000 + number)] = {"id": guid(0x400000 + number), "clientId": guid(0x200000 + number), **pair}
    filled = {APPLICATIONS: applications, PRINCIPALS: principals, GRANTS: consents}
    # ours come last, where the first page does not show them
    crowd = {name: {**more, **directory.all(name)} for name, more in filled.items()}
    return replace(directory, objects={**directory.objects, **crowd})


def pages(where: Lab) -> int:
    """How many requests the tenant's listings take, one page after the other."""
    return sum(max(1, math.ceil(len(where.directory.all(each)) / MOST)) for each in LISTINGS)


def provisioned(count: int) -> tuple[Lab, list[dict[str, Any]]]:
    """A tenant where so many plans have been applied, and the plans."""
    where, plans = lab(), fleet(count)
    settled(where, plans)
    return where, plans


def asked_by_plan(where: Lab, plans: list[dict[str, Any]]) -> int:
    """How many requests a plan takes that finds nothing to do."""
    where.forget()
    ran = planned(where, plans)
    assert (ran.errors, ran.proposal.changes) == ([], ())
    return len(where.requests)


def test_plan_of_one_application_without_a_change_asks_six_times():
    where, plans = provisioned(1)
    assert asked_by_plan(where, plans) <= 6
    assert where.writes == []


@pytest.mark.parametrize(("more", "count"), [((), 5), (("Policy.Read.ApplicationConfiguration",), 6)])
def test_plan_without_a_change_asks_as_often_as_the_page_says(more: tuple[str, ...], count: int):
    where, plans = provisioned(1)
    tool = where.directory.principal_of(TOOL_APP)
    assert tool
    where.change(lambda found: found.with_rights(str(tool["id"]), *OWNED, *more))
    assert asked_by_plan(where, plans) == count
    said = (ROOT / "provisioners" / "entra" / "README.md").read_text(encoding="utf-8")
    assert "5 requests for one application, 6 with the right to read policies" in said


def test_sign_in_is_one_request_for_all_plans_and_both_looks():
    where, plans = provisioned(3)
    signed_in = [each for each in where.asked if each.url.path.endswith("/token")]
    assert len(signed_in) == 1 and len(where.kept) == 2
    assert planned(where, plans).proposal.changes == ()


@pytest.mark.parametrize("count", [1, 2, 3, 10, 50])
def test_applications_of_a_small_tenant_are_listed(count: int):
    where, plans = provisioned(count)
    assert asked_by_plan(where, plans) <= 6 + min(3 * count, pages(where))


@pytest.mark.parametrize("count", [3, 10])
def test_listing_a_large_tenant_is_weighed_against_looking_up(count: int):
    where, plans = provisioned(count)
    where.change(lambda found: crowded(found, 5000))
    assert pages(where) > 12
    assert asked_by_plan(where, plans) <= 6 + min(3 * count, pages(where))


@pytest.mark.parametrize(("count", "grants"), [(3, 1500), (10, 1500), (3, 5000), (10, 5000)])
def test_consent_of_a_large_tenant_costs_no_more_than_three_requests_for_each_application(count: int, grants: int):
    where, plans = provisioned(count)
    where.change(lambda found: crowded(found, 5000, grants))
    assert asked_by_plan(where, plans) <= 6 + 3 * count


def test_consent_on_a_second_page_is_found_there_by_a_fleet():
    where, plans = provisioned(10)
    where.change(lambda found: crowded(found, 1100, 1100))
    assert asked_by_plan(where, plans) <= 6 + pages(where)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_forbidden_listing_falls_back_to_looking_up(count: int):
    where, plans = provisioned(count)
    where.allow(*OWNED)
    where.switch(listing_forbidden=True)
    # a token that may list could tell of it; one that may not says 403 once
    assert asked_by_plan(where, plans) <= 6 + 3 * count


def test_every_page_of_a_counted_listing_is_asked_of_the_same_index_and_expands_nothing():
    where, plans = provisioned(4)
    where.change(lambda found: crowded(found, 2500))
    where.forget()
    assert planned(where, plans).proposal.changes == ()
    listings = [each for each in where.asked if each.url.path.endswith("/v1.0/applications")]
    assert [each.headers.get("ConsistencyLevel") for each in listings] == ["eventual"] * 3
    assert not [each for each in listings if "expand" in str(each.url)]


def test_owners_of_listed_applications_are_read_where_a_plan_states_them():
    where, plans = lab(), fleet(4)
    plans[1]["client"]["owners"] = [OWNER]
    settled(where, plans)
    assert asked_by_plan(where, plans) <= 6 + pages(where) + 1
    owned = where.directory.find(APPLICATIONS, "uniqueName", plans[1]["client"]["id"])
    assert owned
    assert OWNER in where.directory.linked(str(owned["id"]), OWNERS)


def test_application_that_the_listing_does_not_show_yet_is_looked_up():
    where, plans = provisioned(4)
    hidden = where.directory.find(APPLICATIONS, "uniqueName", "coder-02")
    assert hidden
    where.forget()
    kept: list[dict[str, Any]] = []

    def without(page: dict[str, Any]) -> None:
        page["value"] = [each for each in page["value"] if each["id"] != hidden["id"] or kept.append(each)]

    where.on("GET /graph/v1.0/applications$", spoilt(without))
    ran = planned(where, plans)
    assert (ran.errors, ran.proposal.changes, len(kept)) == ([], (), 1)
    assert where.count(r"GET /applications\(uniqueName='coder-02'\)$") == 1


def test_creating_one_application_takes_at_most_six_writes():
    where = lab({"client": {"groups_claim": "groups", "owners": [OWNER], "assignment_required": True}})
    settled(where)
    assert len(where.writes) <= 6
    assert len([each for each in where.writes if each.endswith("/addPassword")]) == 1


def test_each_of_many_new_applications_takes_at_most_six_writes():
    where, plans = provisioned(10)
    graph = [each for each in where.writes if not each.startswith("store")]
    assert len(graph) <= 6 * len(plans)


def test_one_changed_application_of_many_is_one_write():
    where, plans = provisioned(10)
    where.change(lambda found: switched_on(found, "coder-04"))
    where.forget()
    settled(where, plans)
    changed = where.directory.find(APPLICATIONS, "uniqueName", "coder-04")
    assert changed and changed["isFallbackPublicClient"] is False
    assert where.writes == [f"PATCH /graph/v1.0/applications/{changed['id']}"]


def switched_on(found: Directory, name: str) -> Directory:
    application = found.find(APPLICATIONS, "uniqueName", name)
    assert application
    return found.with_object(APPLICATIONS, {**application, "isFallbackPublicClient": True})


def test_shared_settings_add_what_they_need_and_wait_for_their_turn():
    where = lab({"shared": {"sign_in_frequency": "7d", "token_lifetime": "1h"}})
    settled(where)
    where.forget()
    # the service takes one request a second
    where.wait(2.0)
    assert planned(where).proposal.changes == ()
    # the two listings, and what the lifetime policy is attached to
    assert len(where.requests) <= 6 + 3


def linked_to(link: object) -> Any:
    """A first page that says where the next one is."""

    def change(page: dict[str, Any]) -> None:
        page["@odata.nextLink"] = link
        page["@odata.count"] = 1500

    return spoilt(change)


FOREIGN_LINKS = (
    "https://attacker.example/graph/v1.0/applications?$skiptoken=x",
    "https://tenant.example.com.attacker.example/graph/v1.0/applications",
    "https://tenant.example.com@attacker.example/graph/v1.0/applications",
    "https://tenant.example.com:8443/graph/v1.0/applications",
    "http://tenant.example.com/graph/v1.0/applications",
    "//attacker.example/graph/v1.0/applications",
    "file:///etc/passwd",
    "http://169.254.169.254/metadata/identity/oauth2/token",
    "https://[tenant/",
    "/graph/v1.0/applications",
    "",
    7,
)


@pytest.mark.battery(38)
@pytest.mark.parametrize("link", FOREIGN_LINKS, ids=str)
def test_link_that_leads_elsewhere_is_refused_and_gets_no_token(link: object):
    where, plans = provisioned(3)
    where.forget()
    where.on("GET /graph/v1.0/applications$", linked_to(link))
    ran = planned(where, plans)
    assert "the address of the next page leads to another host, or is none" in ran.error.message, ran.words
    strangers = [each for each in where.asked if (each.url.scheme, each.url.netloc) != ("https", b"tenant.example.com")]
    assert strangers == [] and where.unused == []


@pytest.mark.battery(38)
@pytest.mark.parametrize("listing", ["applications", "servicePrincipals", "oauth2PermissionGrants"])
def test_pages_that_lead_to_each_other_end(listing: str):
    where, plans = provisioned(3)
    where.forget()

    async def in_a_circle(sending: Sending) -> httpx.Response:
        answer = await sending.arrive()
        page = answer.json()
        if isinstance(page, Mapping) and "value" in page:
            page["@odata.nextLink"] = str(sending.request.url)
            page["@odata.count"] = 1500
        return httpx.Response(answer.status_code, content=json.dumps(page))

    where.always = in_a_circle
    ran = planned(where, plans)
    assert len([each for each in where.requests if each.endswith(f"/{listing}")]) < 20
    assert len(where.requests) < 60
    assert ran.words


@pytest.mark.battery(38)
def test_single_lookup_whose_pages_lead_in_a_circle_ends():
    where, plans = provisioned(1)
    where.forget()
    circle = f"https://tenant.example.com/graph/v1.0/oauth2PermissionGrants?$filter=clientId eq '{OWNER}'"
    where.on(
        "GET /oauth2PermissionGrants$",
        *[says(200, {"value": [], "@odata.nextLink": circle.replace(" ", "%20")})] * 100,
    )
    ran = planned(where, plans)
    assert "leads in a circle" in ran.error.message, ran.words
    assert where.count("GET /oauth2PermissionGrants$") <= 3


@pytest.mark.battery(38)
def test_application_on_two_pages_is_one_application():
    where, plans = provisioned(3)
    where.change(lambda found: crowded(found, 1500))
    where.forget()
    seen: list[dict[str, Any]] = []

    def twice(page: dict[str, Any]) -> None:
        page["value"] = [*seen, *page["value"]]
        seen.extend(each for each in page["value"] if each.get("uniqueName"))

    where.on("GET /graph/v1.0/applications$", spoilt(twice), spoilt(twice))
    ran = applied(where, plans)
    assert (ran.errors, ran.proposal.changes, where.writes, where.unused) == ([], (), [], [])


def test_permissions_of_graph_are_asked_for_by_name_and_their_ids_are_the_tenants():
    where = lab()
    settled(where)
    sent = [
        json.loads(each.content) for each in where.asked if each.method == "PATCH" and b"requiredRes" in each.content
    ]
    asked = {each["id"] for api in sent[0]["requiredResourceAccess"] for each in api["resourceAccess"]}
    assert asked == {DELEGATED[name] for name in ("openid", "profile", "email", "offline_access")}

"""Which rights the tool needs: what its token names is compared before anything else, and the emulation agrees about each."""

from __future__ import annotations

import base64
import json
import shlex
from typing import Any

import pytest
from tests.entra.tenant import Tenant

from oidc_provision.plans.findings import Severity
from oidc_provision.provisioners.entra import codes, rights
from oidc_provision.provisioners.entra.rights import (
    READING_ACCESS,
    READING_APPS,
    READING_GRANTS,
    READING_LIFETIMES,
    WRITING_ACCESS,
    WRITING_APPS,
    WRITING_GRANTS,
    WRITING_LIFETIMES,
    Need,
    finding,
    grant,
    held,
    missing,
    needed,
)
from oidc_provision.provisioners.entra.sandbox.building import APP_ROLES, GRAPH_APP, TENANT, TOOL_APP

NEEDS = (
    READING_APPS,
    WRITING_APPS,
    READING_GRANTS,
    WRITING_GRANTS,
    READING_ACCESS,
    WRITING_ACCESS,
    READING_LIFETIMES,
    WRITING_LIFETIMES,
)
EVERYTHING = sorted({right for need in NEEDS for right in need.rights})
POLICY = {"definition": ['{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"01:00:00"}}'], "displayName": "p"}
ACCESS_POLICY = {
    "displayName": "p",
    "state": "enabledForReportingButNotEnforced",
    "conditions": {
        "clientAppTypes": ["all"],
        "users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["All"]},
    },
    "sessionControls": {"signInFrequency": {"isEnabled": True, "type": "hours", "value": 4}},
}


def token(claims: Any) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.e30"


@pytest.mark.parametrize("unreadable", ["", "opaque", "a.b", "a.%%%.c", "a.bm90IGpzb24.c", token(["no", "object"])])
def test_token_that_cannot_be_read_tells_nothing(unreadable):
    assert held(unreadable) is None


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"roles": ["A", "B"], "idtyp": "app"}, {"A", "B"}),
        ({"idtyp": "app", "appid": TOOL_APP}, set()),
        ({"roles": "odd"}, set()),
        ({"scp": "Application.ReadWrite.All User.Read"}, None),
        ({"scp": "x", "roles": ["A"]}, None),
    ],
)
def test_rights_are_those_of_an_applications_token(claims, expected):
    assert held(token(claims)) == expected


@pytest.mark.parametrize("writing", [False, True])
def test_only_what_the_plans_use_is_needed(writing):
    nothing = dict.fromkeys(("consent", "frequency", "lifetime"), False)
    chosen = NEEDS[1::2] if writing else NEEDS[::2]
    assert needed(writing=writing, **nothing) == chosen[:1]
    for place, feature in enumerate(nothing, start=1):
        assert needed(writing=writing, **(nothing | {feature: True})) == (chosen[0], chosen[place])


@pytest.mark.parametrize("right", EVERYTHING)
def test_who_may_write_may_also_read(right):
    for read, write in zip(NEEDS[::2], NEEDS[1::2], strict=True):
        assert right in read.rights or right not in write.rights
        assert missing(frozenset({right}), [read, write]) in ((), (write,), (read, write))


def test_no_right_lacks_everything_and_the_order_is_kept():
    everything = needed(writing=True, consent=True, frequency=True, lifetime=True)
    assert missing(frozenset(), everything) == everything
    assert missing(frozenset(EVERYTHING), everything) == ()
    assert missing(frozenset({WRITING_GRANTS.least}), everything) == (everything[0], *everything[2:])


def attempt(tenant: Tenant, need: Need, graph: str) -> int:
    """The status of a request that a need is about; `graph` is the id of Graph's own principal."""
    mine = tenant.principal
    granted = {"clientId": mine, "consentType": "AllPrincipals", "resourceId": graph, "scope": "openid"}
    asked: dict[Need, tuple[str, str, Any]] = {
        READING_APPS: ("GET", "/applications", None),
        WRITING_APPS: ("POST", "/applications", {"displayName": "x"}),
        READING_GRANTS: ("GET", "/oauth2PermissionGrants", None),
        WRITING_GRANTS: ("POST", "/oauth2PermissionGrants", granted),
        READING_ACCESS: ("GET", "/identity/conditionalAccess/policies", None),
        WRITING_ACCESS: ("POST", "/identity/conditionalAccess/policies", ACCESS_POLICY),
        READING_LIFETIMES: ("GET", "/policies/tokenLifetimePolicies", None),
        WRITING_LIFETIMES: ("POST", "/policies/tokenLifetimePolicies", POLICY),
    }
    method, path, body = asked[need]
    return tenant.ask(method, path, **({} if body is None else {"json": body})).status_code


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.feature)
def test_graph_wants_just_these_rights(tenant, need):
    graph = tenant.graph_principal()["id"]
    tenant.sign_in("User.RevokeSessions.All")
    assert attempt(tenant, need, graph) == 403
    assert missing(held(tenant.token) or frozenset(), [need]) == (need,)
    for right in need.rights:
        # Conditional Access answers once a second
        tenant.sandbox.clock.advance(2)
        tenant.sign_in(right)
        # the second consent for the same parties is a conflict, and allowed
        assert attempt(tenant, need, graph) in (200, 201, 409)
        assert missing(held(tenant.token) or frozenset(), [need]) == ()


def test_rights_that_are_not_named_do_not_suffice(tenant):
    for need in NEEDS:
        others = [right for right in EVERYTHING if right not in need.rights]
        tenant.sign_in(*EVERYTHING)
        graph = tenant.graph_principal()["id"]
        tenant.sign_in(*others)
        assert (need, attempt(tenant, need, graph)) == (need, 403)


def test_finding_names_the_least_right_and_the_line_that_grants_it():
    found = finding(WRITING_APPS, client_id=TOOL_APP, tenant=TENANT)
    assert (found.code, found.severity, found.where) == ("entra-missing-right", Severity.ERROR, f"tenant/{TENANT}")
    assert found.problem == (
        f"`{TOOL_APP}` lacks the right `Application.ReadWrite.OwnedBy` of Microsoft Graph for "
        "making and changing its own applications (`Application.ReadWrite.All` would do as well)"
    )
    assert found.fix == (
        f"az ad app permission add --id {TOOL_APP} --api {GRAPH_APP} "
        f"--api-permissions 18a4783c-866b-4cc7-a460-3d5e5662c884=Role && az ad app permission admin-consent --id {TOOL_APP}"
    )
    assert codes.MISSING_RIGHT in codes.RULES


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.feature)
def test_each_line_is_one_that_a_shell_reads(need):
    line = finding(need, client_id="", tenant=TENANT).fix
    words = shlex.split(line)
    assert words.count("APPID") == 2
    assert need.least in line or rights.ROLE_IDS[need.least] in line


def test_one_line_grants_several_rights():
    words = shlex.split(grant((WRITING_APPS, WRITING_GRANTS, WRITING_APPS), "x"))
    roles = words[words.index("--api-permissions") + 1 : words.index("&&")]
    assert roles == [f"{rights.ROLE_IDS[need.least]}=Role" for need in (WRITING_APPS, WRITING_GRANTS)]


def test_ids_are_those_of_graph_itself():
    assert dict(rights.ROLE_IDS) == {name: APP_ROLES[name] for name in rights.ROLE_IDS}
    assert rights.GRAPH_APP == GRAPH_APP

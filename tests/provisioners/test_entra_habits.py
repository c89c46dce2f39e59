"""How long Entra's tokens last, the redirect URI that is ours for a moment, and which part of a sign-in a wrong field breaks."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.cases.running import merged, paper
from tests.stranger import deployment

from oidc_provision.plans.load import load
from oidc_provision.plans.model import Plan
from oidc_provision.plans.redirects import loopback_redirect
from oidc_provision.plans.resources import Address, Live
from oidc_provision.plans.steps import PARTS
from oidc_provision.provisioners.entra.fields import (
    NAME,
    PERMISSIONS,
    PUBLIC,
    PUBLIC_FLOWS,
    SPA,
    TENANT,
    WEB,
    client_address,
)
from oidc_provision.provisioners.entra.habits import HABITS
from oidc_provision.provisioners.entra.settings import is_guid
from oidc_provision.provisioners.entra.wants import client_part, desired, entra
from oidc_provision.provisioners.registry import PlanKinds

CODER, OURS = client_address("coder"), loopback_redirect(4711)
CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
APP_ID = "0a0a0000-0000-4000-8000-000000000001"
DAY = 86_400


def plan(**parts: Any) -> Plan:
    whole = merged(paper("entra").base["plan"], parts)
    return load([("plan.yaml", yaml.safe_dump(whole).encode())], PlanKinds())[0].plan


def live(**fields: Any) -> Live:
    return {CODER: {"id": "object", "appId": APP_ID, **fields}, TENANT: {}}


LIFETIMES = {
    "a web application": (plan(), live(**{WEB: frozenset({CALLBACK})}), None, "no limit is set"),
    "no application yet": (plan(), {}, None, "no limit is set"),
    "a callback that apply moves": (plan(), live(**{SPA: frozenset({CALLBACK})}), None, "no limit is set"),
    "another Coder's callback under spa": (
        plan(),
        live(**{SPA: frozenset({"https://b.example.com/api/v2/users/oidc/callback"})}),
        None,
        "no limit is set",
    ),
    "an appId that does not exist": (plan(client={"id": APP_ID}), {TENANT: {}}, None, "no limit is set"),
}


@pytest.mark.parametrize("name", LIFETIMES)
def test_nobody_sets_a_lifetime_but_spa_ends_them_all(name: str):
    of, seen, maximum, source = LIFETIMES[name]
    found = HABITS.lifetimes(of, seen)
    assert (found.rules.access, found.rules.idle, found.rules.maximum) == (75 * 60, 90 * DAY, maximum)
    assert not found.rules.rotates
    assert source in found.sources["maximum"]
    assert found.sources.keys() == {"access", "idle", "maximum", "rotation"}


REDIRECTS = {
    "allowed for a moment": ({CALLBACK}, {OURS}, {CALLBACK, OURS}),
    "another one takes its place": ({CALLBACK, loopback_redirect(1)}, {OURS}, {CALLBACK, OURS}),
    "taken away": ({CALLBACK, OURS}, set(), {CALLBACK}),
    "nothing to do": ({CALLBACK}, set(), None),
}


@pytest.mark.parametrize("name", REDIRECTS)
def test_temporary_redirect_is_the_only_one_that_moves(name: str):
    before, wanted, after = REDIRECTS[name]
    change = HABITS.with_redirects(plan(), live(**{WEB: frozenset(before)}), frozenset(wanted))
    assert (None if change is None else change.after) == (None if after is None else {WEB: frozenset(after)})


def test_without_an_application_there_is_nothing_to_allow():
    assert HABITS.with_redirects(plan(), {TENANT: {}}, frozenset({OURS})) is None


def test_a_temporary_redirect_that_was_left_behind_is_taken_away():
    seen = live(**{WEB: frozenset({CALLBACK, OURS})})
    assert desired(plan(), seen)[CODER][WEB].settle(seen[CODER][WEB]) == {CALLBACK}


BREAKS = [
    ("secret", "passwordCredentials", "secret"),
    ("certificate", "keyCredentials", "secret"),
    ("store", "value", "secret"),
    ("service-principal", "appRoleAssignmentRequired", "client"),
    ("consent", "scopes", "scopes"),
    ("client", WEB, "redirect"),
    ("client", SPA, "redirect"),
    ("client", PUBLIC, "redirect"),
    ("client", PUBLIC_FLOWS, "client"),
    ("client", PERMISSIONS, "scopes"),
    ("client", NAME, ""),
]


@pytest.mark.parametrize(("kind", "field", "part"), BREAKS)
def test_a_wrong_field_breaks_its_part_of_a_sign_in(kind: str, field: str, part: str):
    assert HABITS.part(Address(kind, "coder"), field) == part
    assert part in PARTS | {""}


def test_a_sign_in_asks_for_offline_access():
    assert HABITS.wishes(plan(client={"scopes": ["openid", "User.Read"]})).scopes == (
        "openid",
        "User.Read",
        "offline_access",
    )


CLIENT_IDS = {
    "drawn, and seen": ("coder", live(), APP_ID),
    "drawn, and not seen": ("coder", {}, ""),
    "an appId that the plan states": (APP_ID, {}, APP_ID),
}


@pytest.mark.parametrize("name", CLIENT_IDS)
def test_client_id_is_never_our_name_for_the_application(name: str):
    stated, seen, expected = CLIENT_IDS[name]
    assert HABITS.client_id(plan(client={"id": stated}), seen) == expected


def test_a_plan_of_another_kind_is_a_bug_of_the_caller():
    other = deployment("a", "coder").plan
    for reads in (entra, client_part):
        with pytest.raises(TypeError, match="not an Entra plan"):
            reads(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (APP_ID, True),
        (APP_ID.upper(), True),
        (APP_ID[:-1], False),
        (f"{APP_ID}0", False),
        ("coder", False),
        ("", False),
    ],
)
def test_a_guid_is_told_from_a_name(text: str, expected: bool):
    assert is_guid(text) is expected

"""What Keycloak's refusals mean, where its lifetimes come from, and the redirect URI that is ours for a moment."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_provision.plans.load import load
from oidc_provision.plans.meanings import STANDARD, meaning_of
from oidc_provision.plans.model import Plan
from oidc_provision.plans.redirects import is_temporary, loopback_redirect
from oidc_provision.plans.resources import Address, Live
from oidc_provision.plans.steps import PARTS
from oidc_provision.provisioners.keycloak.habits import HABITS
from oidc_provision.provisioners.keycloak.meanings import MEANINGS
from oidc_provision.provisioners.registry import PlanKinds

# (error, description) as 26.7.3 answers them: facts, failure table
REFUSALS = {
    ("invalid_scope", "Invalid scopes: openid offline_access"): "scopes",
    ("not_allowed", "Offline tokens not allowed for the user or client"): "offline",
    ("invalid_grant", "Offline session invalid because offline access not granted anymore"): "offline",
    ("invalid_grant", "Token is not active"): "refresh",
    ("invalid_grant", "Offline user session not found"): "refresh",
    ("invalid_grant", "Session doesn't have required client"): "refresh",
    ("invalid_grant", "Session not active"): "offline",
    ("invalid_grant", "Stale token"): "refresh",
    ("invalid_grant", "User disabled"): "person",
    ("invalid_grant", "Code not valid"): "person",
    ("invalid_grant", "Incorrect redirect_uri"): "redirect",
    ("invalid_grant", "PKCE code verifier not specified"): "pkce",
    ("invalid_grant", "Invalid user credentials"): "person",
    ("invalid_grant", "Maximum allowed refresh token reuse exceeded"): "rotation",
    ("unauthorized_client", "Invalid client or Invalid client credentials"): "secret",
    ("unauthorized_client", "Client is not allowed to initiate browser login. Standard flow is disabled"): "flow",
    ("invalid_client", "Invalid client or Invalid client credentials"): "client",
    ("access_denied", "Realm not enabled"): "client",
    ("invalid_request", "Missing parameter: code_challenge_method"): "pkce",
    ("", "Realm does not exist"): "issuer",
}


@pytest.mark.parametrize(("error", "description"), REFUSALS)
def test_each_refusal_shows_the_part_that_is_broken(error: str, description: str):
    meaning = meaning_of(error, description, MEANINGS)
    assert meaning is not None and meaning.code.startswith("keycloak-")
    assert meaning.part == REFUSALS[error, description]


def test_every_meaning_has_a_cause_a_fix_a_source_and_a_code_of_its_own():
    codes = [meaning.code for meaning in (*MEANINGS, *STANDARD)]
    assert len(codes) == len(set(codes))
    assert [each.code for each in (*MEANINGS, *STANDARD) if not (each.cause and each.fix and each.source)] == []
    assert {each.part for each in (*MEANINGS, *STANDARD)} <= PARTS


def test_every_meaning_is_reached():
    reached = {found.code for refusal in REFUSALS if (found := meaning_of(*refusal, MEANINGS))}
    unreached = {each.code for each in MEANINGS} - reached
    assert unreached == {"keycloak-service-account-off", "keycloak-direct-grants-off", "keycloak-other-client"}


PLAN = """\
version: 1
coder: {access_url: https://coder.example.com, version: "2.34"}
identity_provider:
  type: keycloak
  url: https://sso.example.com
  realm: engineering
  admin: {client_id: oidc-provision, client_secret: env:SECRET}
client: {id: coder}
"""
CLIENT, REALM = Address("client", "coder"), Address("realm", "engineering")
OURS = loopback_redirect(4711)


def plan(more: str = "") -> Plan:
    return load([("plan.yaml", (PLAN + more).encode())], PlanKinds())[0].plan


def live(client: dict[str, Any] | None = None, realm: dict[str, Any] | None = None) -> Live:
    settings = {"accessTokenLifespan": 300, "offlineSessionIdleTimeout": 2592000, "revokeRefreshToken": False}
    return {CLIENT: {"id": "c0de", **(client or {})}, REALM: {**settings, **(realm or {})}}


SOURCES = {
    "all is the realm's": ("", {}, {}, (300, 2592000, None), ("realm", "realm", "no limit")),
    "the plan's own": (
        "access_tokens: {lifetime: 30m}\nrefresh_tokens: {idle_timeout: 14d, max_lifetime: 60d}\n",
        {},
        {},
        (1800, 1209600, 5184000),
        ("client", "client", "client"),
    ),
    "the realm caps the idle timeout": (
        "refresh_tokens: {idle_timeout: 60d}\n",
        {},
        {},
        (300, 2592000, None),
        ("realm", "realm", "no limit"),
    ),
    "the realm's maximum is on": (
        "",
        {},
        {"offlineSessionMaxLifespanEnabled": True, "offlineSessionMaxLifespan": 100000},
        (300, 2592000, 100000),
        ("realm", "realm", "realm"),
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_each_lifetime_says_where_it_comes_from(name: str):
    more, client, realm, expected, places = SOURCES[name]
    found = HABITS.lifetimes(plan(more), live(client, realm))
    assert (found.rules.access, found.rules.idle, found.rules.maximum) == expected
    assert [place in found.sources[of] for place, of in zip(places, ("access", "idle", "maximum"), strict=True)] == [True] * 3  # fmt: skip


REDIRECTS = {
    "allowed for a moment": ({"https://a"}, {OURS}, {"https://a", OURS}),
    "another one takes its place": ({"https://a", loopback_redirect(1)}, {OURS}, {"https://a", OURS}),
    "taken away": ({"https://a", OURS}, set(), {"https://a"}),
    "nothing to do": ({"https://a"}, set(), None),
}


@pytest.mark.parametrize("name", REDIRECTS)
def test_temporary_redirect_is_the_only_one_that_moves(name: str):
    before, wanted, after = REDIRECTS[name]
    change = HABITS.with_redirects(plan(), live({"redirectUris": frozenset(before)}), frozenset(wanted))
    assert (None if change is None else set(change.after["redirectUris"])) == after  # type: ignore[arg-type]


def test_client_id_is_the_plans():
    assert HABITS.client_id(plan(), {}) == HABITS.client_id(plan(), live()) == "coder"


def test_without_a_client_there_is_nothing_to_allow():
    assert HABITS.with_redirects(plan(), {REALM: {}}, frozenset({OURS})) is None


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (OURS, True),
        ("http://127.0.0.1/oidc-provision/verify/callback", True),
        ("https://127.0.0.1:1/oidc-provision/verify/callback", False),
        ("http://localhost:1/oidc-provision/verify/callback", False),
        ("http://127.0.0.1:1/oidc-provision/verify/callback/more", False),
        ("http://127.0.0.1:1/other", False),
        ("http://[::1", False),
    ],
)
def test_ours_is_known_by_its_path_on_loopback(uri: str, expected: bool):
    assert is_temporary(uri) is expected

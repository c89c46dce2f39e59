"""Rules of lifetimes at their edges; what a whole plan and realm come to stands in the cases."""

import pytest
from tests.stranger import deployment

from oidc_provision.plans.lifetimes import LifetimeRules, smaller
from oidc_provision.plans.rules import check_lifetimes, check_plan, check_urls


def codes(findings):
    return [finding.code for finding in findings]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (LifetimeRules(), []),
        (LifetimeRules(access=600), ["access-token-short"]),
        (LifetimeRules(access=601), []),
        (LifetimeRules(access=3600, idle=3600), ["idle-not-above-access"]),
        (LifetimeRules(access=3600, idle=3601), []),
        (LifetimeRules(access=None, idle=10), []),
        (LifetimeRules(rotates=True), ["rotation-race"]),
        (
            LifetimeRules(access=60, idle=60, rotates=True),
            ["rotation-race", "idle-not-above-access", "access-token-short"],
        ),
    ],
)
def test_effective_lifetimes_are_judged_at_their_edges(rules, expected):
    assert codes(check_lifetimes(deployment().plan, rules, "client/coder")) == expected


@pytest.mark.parametrize(
    ("stated", "effective", "expected"),
    [
        ("1d", 86400, []),
        ("25h", 90000, ["session-shorter-than-promised"]),
        ("30d", 3600, []),
        ("30d", None, ["session-shorter-than-promised"]),
    ],
)
def test_coders_session_is_held_against_what_counts(stated, effective, expected):
    plan = deployment(more=f"refresh_tokens: {{idle_timeout: {stated}}}").plan
    assert codes(check_lifetimes(plan, LifetimeRules(idle=effective), "client/coder")) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example.com/x", []),
        ("http://a.example.com/x", ["redirect-plain-http"]),
        ("HTTP://a.example.com/x", ["redirect-plain-http"]),
        ("http://127.0.0.1:3000/x", []),
        ("http://[::1]:3000/x", []),
        ("http://localhost/x", []),
        ("http://localhost.evil.example/x", ["redirect-plain-http"]),
        ("https://a.example.com/*", ["redirect-wildcard"]),
        ("http://*", ["redirect-wildcard"]),
        ("http://[no-address/x", ["redirect-plain-http"]),
        ("+", []),
        ("myapp:/callback", []),
        ("/relative", []),
    ],
)
def test_addresses_are_judged_one_by_one(url, expected):
    assert codes(check_urls([url], "client/coder")) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("refresh_tokens: {idle_timeout: 1h, max_lifetime: 1h}", []),
        ("refresh_tokens: {idle_timeout: 2h, max_lifetime: 1h}", ["lifetimes-contradict"]),
        ("refresh_tokens: {idle_timeout: 2h, max_lifetime: unlimited}", []),
        ("refresh_tokens: {idle_timeout: null, max_lifetime: 1h}", []),
    ],
)
def test_a_plan_contradicts_itself_only_where_it_does(more, expected):
    assert codes(check_plan(deployment(more=more).plan)) == expected


def test_the_smaller_of_limits_counts_and_none_is_no_limit():
    assert [smaller(), smaller(None, None), smaller(3, None), smaller(3, 2)] == [None, None, 3, 2]

"""Forecasts in figures that can be checked by hand; the property tests are in tests/sandbox/test_forecast_agrees.py."""

from __future__ import annotations

import pytest

from oidc_provision.plans.forecasting import (
    Away,
    Reason,
    Rules,
    SignOut,
    bounds,
    builds,
    forecast,
    scenarios,
    signed_out,
    workdays,
)
from oidc_provision.plans.lifetimes import LifetimeRules
from oidc_provision.plans.load import load
from oidc_provision.plans.prospects import prospect
from oidc_provision.provisioners.keycloak.habits import HABITS
from oidc_provision.provisioners.registry import PlanKinds

MINUTE, HOUR, DAY = 60, 3600, 86_400
LEFT = 4 * DAY + 8 * HOUR
"""Friday 17:00, for who signed in on Monday 9:00."""

# name: rules, then for each scenario when somebody is signed out, None for never
CASES = {
    "all is long": (Rules(LifetimeRules(30 * MINUTE, 90 * DAY), 365 * DAY), [None] * 4),
    "Coder's own default ends every night's absence over a day": (
        Rules(LifetimeRules(30 * MINUTE, 90 * DAY)),
        [(LEFT + DAY, Reason.SESSION)] * 4,
    ),
    "a fortnight's idle timeout": (
        Rules(LifetimeRules(30 * MINUTE, 14 * DAY), 60 * DAY),
        [None, None, (LEFT + 14 * DAY, Reason.IDLE), (LEFT + 14 * DAY, Reason.IDLE)],
    ),
    "a maximum of 30 days": (
        Rules(LifetimeRules(HOUR, 90 * DAY, 30 * DAY), 365 * DAY),
        [(30 * DAY, Reason.MAXIMUM), None, None, (30 * DAY, Reason.MAXIMUM)],
    ),
    "no refresh token": (
        Rules(LifetimeRules(HOUR, None, None, issues=False), 30 * DAY),
        [(HOUR, Reason.NO_REFRESH)] * 4,
    ),
    "an idle timeout below the access token": (
        Rules(LifetimeRules(2 * HOUR, HOUR), 30 * DAY),
        [(2 * HOUR, Reason.IDLE)] * 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_when_users_are_signed_out(name: str):
    rules, expected = CASES[name]
    outs = [outcome.out for outcome in forecast(rules)]
    assert outs == [None if each is None else SignOut(*each) for each in expected]


def test_scenarios_are_weeks_of_work_with_an_absence_after_one():
    daily, weekend, fortnight, month = scenarios()
    assert len({moment // DAY for moment in daily.moments}) == 287
    assert [each.back - each.left for each in (weekend, fortnight, month)] == [
        2 * DAY + 16 * HOUR,
        16 * DAY + 16 * HOUR,
        30 * DAY + 16 * HOUR,
    ]
    for each in (weekend, fortnight, month):
        assert [moment for moment in each.moments if moment <= LEFT] == list(workdays(0, 4))
        after = [moment - each.back for moment in each.moments if moment > LEFT]
        assert after == list(range(0, 8 * HOUR + 1, 5 * MINUTE))


def test_each_outcome_says_which_way_of_use_it_is_of():
    found = [outcome.scenario for outcome in forecast(Rules(LifetimeRules(HOUR)))]
    assert [each.name for each in found] == ["works daily", "away a weekend", "away a fortnight", "away a month"]
    assert found == list(scenarios())


@pytest.mark.parametrize(
    ("first", "last", "every", "moments"),
    [
        (0, 0, 4 * HOUR, [0, 4 * HOUR, 8 * HOUR]),
        (0, 0, 8 * HOUR + 1, [0]),
        (4, 7, 8 * HOUR, [4 * DAY, 4 * DAY + 8 * HOUR, 7 * DAY, 7 * DAY + 8 * HOUR]),
        (5, 6, MINUTE, []),
    ],
)
def test_work_is_from_nine_to_five_from_monday_to_friday(first: int, last: int, every: int, moments: list[int]):
    assert list(workdays(first, last, every)) == moments


# each of these tells one rule of Coder's from the same without it
MOMENTS = {
    "a request with a good access token refreshes nothing": (
        Rules(LifetimeRules(HOUR, 90 * MINUTE), 30 * DAY),
        [HOUR, 90 * MINUTE, 150 * MINUTE],
        SignOut(150 * MINUTE, Reason.IDLE),
    ),
    "a request after it does": (
        Rules(LifetimeRules(HOUR, 90 * MINUTE), 30 * DAY),
        [HOUR, 120 * MINUTE, 150 * MINUTE],
        None,
    ),
    "a session is prolonged at most once an hour": (
        Rules(LifetimeRules(HOUR), 2 * HOUR),
        [59 * MINUTE, 2 * HOUR],
        SignOut(2 * HOUR, Reason.SESSION),
    ),
    "and after an hour it is": (Rules(LifetimeRules(HOUR), 2 * HOUR), [HOUR, 2 * HOUR], None),
    "of two ends at once Coder looks at its own first": (
        Rules(LifetimeRules(HOUR, 2 * HOUR, 2 * HOUR), 2 * HOUR),
        [2 * HOUR],
        SignOut(2 * HOUR, Reason.SESSION),
    ),
    "no access token outlives the maximum": (
        Rules(LifetimeRules(2 * HOUR, None, HOUR), 30 * DAY),
        [HOUR],
        SignOut(HOUR, Reason.MAXIMUM),
    ),
    "an access token of unknown life is none": (
        Rules(LifetimeRules(issues=False)),
        [1],
        SignOut(0, Reason.NO_REFRESH),
    ),
    "nobody is signed out who makes no request": (Rules(LifetimeRules(HOUR, HOUR, HOUR), HOUR), [], None),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_which_request_is_turned_away(name: str):
    rules, moments, expected = MOMENTS[name]
    assert signed_out(rules, moments) == expected


BOUNDS = {
    "both": (Rules(LifetimeRules(HOUR, 14 * DAY), 30 * DAY), Away(14 * DAY - HOUR, 14 * DAY)),
    "Coder's session is shorter": (Rules(LifetimeRules(HOUR, 60 * DAY), DAY), Away(DAY - HOUR, DAY)),
    "no idle timeout": (Rules(LifetimeRules(HOUR), 30 * DAY), Away(30 * DAY - HOUR, 30 * DAY)),
    "Coder's session is below the hour in which it is prolonged": (
        Rules(LifetimeRules(HOUR, DAY), 1800),
        Away(0, 1800),
    ),
    "the idle timeout is below the access token": (Rules(LifetimeRules(2 * HOUR, HOUR), DAY), Away(0, 2 * HOUR)),
    "no refresh token": (Rules(LifetimeRules(HOUR, issues=False), DAY), Away(0, HOUR)),
    "no refresh token, and the session ends first": (Rules(LifetimeRules(2 * DAY, issues=False), DAY), Away(0, DAY)),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_how_long_an_absence_may_be(name: str):
    rules, expected = BOUNDS[name]
    assert bounds(rules) == expected


@pytest.mark.parametrize(
    ("tokens", "early", "always", "races"),
    [
        (LifetimeRules(30 * MINUTE, DAY), True, False, False),
        (LifetimeRules(10 * MINUTE, DAY), True, True, False),
        (LifetimeRules(10 * MINUTE, DAY), False, False, False),
        (LifetimeRules(30 * MINUTE, DAY, rotates=True), True, False, True),
        (LifetimeRules(30 * MINUTE, DAY, rotates=True, reuses=1), True, False, False),
        (LifetimeRules(30 * MINUTE, DAY, rotates=True, grace=60), True, False, False),
        (LifetimeRules(30 * MINUTE, DAY, rotates=True, issues=False), True, False, False),
    ],
)
def test_what_workspace_builds_do_to_tokens(tokens: LifetimeRules, early: bool, always: bool, races: bool):
    found = builds(Rules(tokens), early=early)
    assert (found.refreshes_always, found.races) == (always, races)
    assert found.early == (10 * MINUTE if early else 0)


PLAN = """\
version: 1
coder: {access_url: https://coder.example.com, version: "%s"}
identity_provider:
  type: keycloak
  url: https://sso.example.com
  realm: engineering
  admin: {client_id: oidc-provision, client_secret: env:SECRET}
client: {id: coder}
refresh_tokens: {idle_timeout: 14d}
access_tokens: {lifetime: 10m}
"""


@pytest.mark.parametrize(("version", "always"), [("2.30", False), ("2.31", True)])
def test_builds_refresh_early_from_2_31_on(version: str, always: bool):
    plan = load([("plan.yaml", (PLAN % version).encode())], PlanKinds())[0].plan
    found = prospect(plan, "realm", HABITS.lifetimes(plan, {}), assumed=True)
    assert found.builds.refreshes_always is always
    assert [limit.seconds for limit in found.limits] == [600, 14 * DAY, None, DAY]
    assert "states none" in found.limits[-1].source


def test_what_nobody_was_asked_about_is_not_known():
    plan = load([("plan.yaml", (PLAN % "2.34").encode())], PlanKinds())[0].plan
    assert not prospect(plan, "realm", HABITS.lifetimes(plan, {})).known

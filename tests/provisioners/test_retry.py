"""Decisions about repeating, as a table; Retry-After in every form seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.provisioners.retry import (
    LONGEST_BACKOFF,
    GiveUp,
    Loss,
    Wait,
    WaitBudget,
    decide,
    parse_http_date,
    parse_retry_after,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def decided(**changes):
    usual = {
        "attempt": 1,
        "attempts": 4,
        "method": "GET",
        "repeatable": False,
        "outcome": 503,
        "retry_after": None,
        "budget_left": 100.0,
        "random": lambda: 0.5,
    }
    return decide(**(usual | changes))


REPEATED = {
    "GET": {429, 500, 502, 503, 504, Loss.UNSENT, Loss.LOST},
    "HEAD": {429, 500, 502, 503, 504, Loss.UNSENT, Loss.LOST},
    "PUT": {429, 502, 503, 504, Loss.UNSENT, Loss.LOST},
    "DELETE": {429, 502, 503, 504, Loss.UNSENT, Loss.LOST},
    "POST": {429, Loss.UNSENT},
    "PATCH": {429, Loss.UNSENT},
}
OUTCOMES = [200, 302, 400, 401, 403, 404, 409, 412, 429, 500, 501, 502, 503, 504, *Loss]


@pytest.mark.battery(35)
@pytest.mark.parametrize("outcome", OUTCOMES, ids=str)
@pytest.mark.parametrize("method", REPEATED)
def test_what_is_repeated(method, outcome):
    assert isinstance(decided(method=method, outcome=outcome), Wait) == (outcome in REPEATED[method])


@pytest.mark.parametrize("outcome", [502, 503, 504, Loss.LOST], ids=str)
def test_post_named_repeatable_is_repeated(outcome):
    assert isinstance(decided(method="POST", repeatable=True, outcome=outcome), Wait)


def test_post_named_repeatable_is_not_repeated_on_a_server_error():
    assert decided(method="POST", repeatable=True, outcome=500) == GiveUp()


@pytest.mark.battery(35)
def test_server_error_is_read_again_twice_at_most():
    tries = [isinstance(decided(outcome=500, attempt=attempt, attempts=9), Wait) for attempt in (1, 2, 3)]
    assert tries == [True, True, False]


@pytest.mark.battery(35)
@given(attempt=st.integers(1, 10_000), random=st.floats(0, 1, exclude_max=True))
def test_wait_grows_to_a_ceiling_and_never_further(attempt, random):
    decision = decided(attempt=attempt, attempts=20_000, random=lambda: random)
    assert 0 <= decision.seconds <= min(LONGEST_BACKOFF, 0.5 * 2 ** min(attempt - 1, 20))


@pytest.mark.battery(34)
@given(asked=st.floats(0, 1e9), budget=st.floats(-10, 1e3))
def test_wait_never_exceeds_the_budget_nor_falls_short_of_what_was_asked(asked, budget):
    decision = decided(retry_after=asked, budget_left=budget)
    assert isinstance(decision, GiveUp) or asked <= decision.seconds <= budget


@pytest.mark.battery(35)
@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (6, 16), (7, 20), (5000, 20)])
def test_the_ceiling_of_a_wait_doubles(attempt, seconds):
    assert decided(attempt=attempt, attempts=10_000, random=lambda: 1.0) == Wait(seconds)
    assert decided(attempt=attempt, attempts=10_000, random=lambda: 0.5) == Wait(seconds / 2)


@pytest.mark.battery(34)
def test_what_a_server_asks_for_is_spread_by_up_to_half_a_second():
    assert decided(retry_after=3.0, random=lambda: 0.5) == Wait(3.25)


def test_a_wait_may_use_up_the_budget():
    assert decided(retry_after=100.0, budget_left=100.0) == Wait(100.0)


@pytest.mark.battery(34)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"retry_after": 90.0, "budget_left": 7.0}, "the server asks to wait 90 s, this run has 7 s of waiting left"),
        ({"retry_after": 90.0, "budget_left": -3.0}, "the server asks to wait 90 s, this run has 0 s of waiting left"),
        ({"attempt": 3, "budget_left": 0.5}, "waiting again, this run has 0 s of waiting left"),
    ],
)
def test_a_wait_beyond_the_budget_says_why(changes, reason):
    assert decided(**changes) == GiveUp(reason)


def date(**delta):
    return format_datetime(NOW + timedelta(**delta), usegmt=True)


@pytest.mark.battery(34)
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("0.5", 0.5),
        ("-30", 0),
        ("+3", 3),
        ("86400", 86400),
        ("9" * 5000, float("inf")),
        (date(seconds=90), 90),
        (date(days=-1), 0),
        (date(days=365 * 20), 365 * 20 * 86400),
        ("Sun, 01 Nov 2026 12:00:60 GMT", 60),
        ("Sunday, 01-Nov-26 12:00:10 GMT", 10),
        ("Sun Nov  1 12:00:10 2026", 10),
        ("Sun, 01 Nov 2026 13:00:10 +0100", 10),
        ("soon", None),
        ("", None),
        (None, None),
        ("1e3", None),
        ("nan", None),
        ("٣", None),
        ("Sun, 99 Nov 99999999999999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after(value, seconds):
    assert parse_retry_after(value, NOW.timestamp()) == seconds


@pytest.mark.battery(34)
@given(st.text(max_size=60))
def test_no_date_raises(text):
    assert parse_http_date(text) is None or isinstance(parse_http_date(text), int)


def test_waits_that_overlap_are_spent_once():
    budget = WaitBudget(10)
    budget.spend(0, 4)
    budget.spend(1, 4)
    budget.spend(2, 1)
    assert budget.left(5) == 5


def test_wait_within_another_ones_wait_is_free():
    budget = WaitBudget(10)
    budget.spend(0, 10)
    assert (budget.left(0), budget.left(4), budget.left(10)) == (10, 6, 0)

"""The rules of refresh tokens, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.provisioners.sandbox.refreshing import (
    Family,
    RefreshRules,
    Rotation,
    Verdict,
    access_lifetime,
    crowded_out,
    is_issued,
    judge,
    reused,
    token_lifetime,
    used,
)

BORN = 1_000
FAMILY = Family("f", "l", "a", "p", ("openid",), offline=True, started=BORN, last_used=BORN)
TIMES = {
    "no limits": (RefreshRules(), 10**9, Verdict.GOOD),
    "idle, in time": (RefreshRules(idle=60), 59, Verdict.GOOD),
    "idle, too late": (RefreshRules(idle=60), 60, Verdict.IDLE),
    "maximum, in time": (RefreshRules(maximum=60), 59, Verdict.GOOD),
    "maximum, too late": (RefreshRules(maximum=60), 60, Verdict.OVER),
    "both": (RefreshRules(idle=60, maximum=30), 60, Verdict.OVER),
}


@pytest.mark.parametrize("case", TIMES)
def test_token_after(case):
    rules, age, verdict = TIMES[case]
    assert judge(FAMILY, "t", rules, BORN + age) is verdict


USES = {
    "reuse": (None, [0, 5, 100], [Verdict.GOOD] * 3),
    "rotation": (Rotation(), [0, 5], [Verdict.GOOD, Verdict.REUSED]),
    "one reuse": (Rotation(max_reuse=1), [0, 5, 6], [Verdict.GOOD, Verdict.GOOD, Verdict.REUSED]),
    "grace": (Rotation(grace=30), [0, 10, 29, 30], [Verdict.GOOD, Verdict.GOOD, Verdict.GOOD, Verdict.REUSED]),
}


@pytest.mark.parametrize("case", USES)
def test_token_used_at(case):
    rotation, ages, verdicts = USES[case]
    rules, family, found = RefreshRules(rotation=rotation), FAMILY, []
    for age in ages:
        found.append(judge(family, "t", rules, BORN + age))
        family = used(family, "t", rules, BORN + age) if found[-1] is Verdict.GOOD else family
    assert found == verdicts


@pytest.mark.parametrize(("ends", "verdict"), [(True, Verdict.ENDED), (False, Verdict.GOOD)])
def test_a_use_too_many_ends_the_newest_token_where_the_rules_say_so(ends, verdict):
    rules = RefreshRules(rotation=Rotation(ends_family=ends))
    assert judge(reused(FAMILY, rules), "newest", rules, BORN) is verdict


def test_uses_count_only_while_rotation_is_on():
    family = used(FAMILY, "t", RefreshRules(), BORN + 1)
    assert judge(family, "t", RefreshRules(rotation=Rotation()), BORN + 2) is Verdict.GOOD


LIFETIMES = {
    "nothing advertised": (RefreshRules(), 100, 300, None),
    "idle": (RefreshRules(advertised_idle=60), 100, 300, 60),
    "idle beyond the maximum": (RefreshRules(advertised_idle=600, maximum=150), 100, 50, 50),
    "access cut by the maximum": (RefreshRules(access=1000, maximum=500), 100, 400, None),
}


@pytest.mark.parametrize("case", LIFETIMES)
def test_lifetimes_of_new_tokens(case):
    rules, age, access, refresh = LIFETIMES[case]
    assert (access_lifetime(FAMILY, rules, BORN + age), token_lifetime(FAMILY, rules, BORN + age)) == (access, refresh)


@given(idle=st.integers(1, 1000), steps=st.lists(st.integers(0, 2000), max_size=8))
def test_a_family_lives_as_long_as_no_pause_reaches_the_idle_timeout(idle, steps):
    rules, family, now = RefreshRules(idle=idle), FAMILY, BORN
    for step in steps:
        now += step
        assert (judge(family, "t", rules, now) is Verdict.GOOD) == (step < idle)
        if step >= idle:
            return
        family = used(family, "t", rules, now)
    assert replace(family, last_used=now) == family


@pytest.mark.parametrize(
    ("issue", "offline", "asked_offline", "consented", "expected"),
    [
        ("always", False, False, False, True),
        ("never", True, True, True, False),
        ("offline", True, False, False, True),
        ("offline", False, True, True, False),
        ("consent", False, True, True, True),
        ("consent", True, True, False, False),
        ("consent", True, False, True, False),
    ],
)
def test_who_gets_a_refresh_token(issue, offline, asked_offline, consented, expected):
    rules = RefreshRules(issue=issue)
    assert is_issued(rules, offline=offline, asked_offline=asked_offline, consented=consented) is expected


def test_only_living_families_of_the_same_person_and_application_are_crowded_out():
    old = [
        replace(FAMILY, id="oldest", started=1),
        replace(FAMILY, id="ended", started=0, ended="revoked"),
        replace(FAMILY, id="another person's", person="q", started=0),
        replace(FAMILY, id="another application's", app="b", started=0),
        replace(FAMILY, id="newer", started=2),
    ]
    gone = crowded_out(old, replace(FAMILY, id="new", started=3), RefreshRules(most=2))
    assert [(family.id, bool(family.ended)) for family in gone] == [("oldest", True)]
    assert crowded_out(old, FAMILY, RefreshRules()) == ()


def test_a_replayed_family_ends_with_the_word_that_emulations_look_for():
    assert reused(FAMILY, RefreshRules(rotation=Rotation())).ended == "reused"

"""What the tenant's policies say in their own words: durations, limits, and the two policies that may be ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.provisioners.entra.policies import (
    Limits,
    applications_of,
    as_fields,
    conditions,
    definition,
    frequency,
    frequency_seconds,
    iso_seconds,
    lifetime_seconds,
    limits,
    of_fields,
)

HOUR, DAY = 3_600, 86_400
CREATED = 1_746_057_600
NUMBERS = st.one_of(st.none(), st.integers(0, 1000))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P180D", 180 * DAY),
        ("P4DT12H30M5S", 4 * DAY + 12 * HOUR + 30 * 60 + 5),
        ("P2W", 14 * DAY),
        ("P6M", 180 * DAY),
        ("P1Y", 365 * DAY),
        ("PT1M", 60),
        ("PT1.5S", 1),
        ("P0D", 0),
        *((text, None) for text in ("P", "PT", "", "180", "-P1D", "P1D ", "P1H", "p1d", None, 5, ["P1D"])),
    ],
)
def test_a_duration_is_read_as_iso_8601_writes_it(text, seconds):
    assert iso_seconds(text) == seconds


@given(st.lists(st.integers(0, 999), min_size=4, max_size=4))
def test_every_part_of_a_duration_counts(parts):
    days, hours, minutes, seconds = parts
    expected = days * DAY + hours * HOUR + minutes * 60 + seconds
    assert iso_seconds(f"P{days}DT{hours}H{minutes}M{seconds}S") == expected


def policy(*restrictions, enabled=True, key="applicationRestrictions", kind="passwordCredentials"):
    return {"isEnabled": enabled, key: {kind: list(restrictions)}}


FORBIDDEN = {"restrictionType": "passwordAddition"}
SHORT = {"restrictionType": "passwordLifetime", "maxLifetime": "P90D"}
OWN_SHORT = policy(SHORT, key="restrictions")


@pytest.mark.parametrize(
    ("default", "own", "expected"),
    [
        (None, [], Limits()),
        ({}, [], Limits()),
        ({"isEnabled": True}, [], Limits()),
        ({"isEnabled": True, "applicationRestrictions": {"passwordCredentials": None}}, [], Limits()),
        (policy(FORBIDDEN), [], Limits(forbidden=True)),
        (policy(FORBIDDEN, enabled=False), [], Limits()),
        (policy({**FORBIDDEN, "state": "disabled"}), [], Limits()),
        (policy({**FORBIDDEN, "state": None}), [], Limits(forbidden=True)),
        (policy(SHORT), [], Limits(longest=90 * DAY)),
        (policy(SHORT, {**SHORT, "maxLifetime": "P30D"}), [], Limits(longest=30 * DAY)),
        (policy({**SHORT, "maxLifetime": "P"}), [], Limits()),
        (
            policy({"restrictionType": "symmetricKeyLifetime", "maxLifetime": "P1D"}, SHORT),
            [],
            Limits(longest=90 * DAY),
        ),
        (policy({"restrictionType": "passwordLifetime", "maxLifetime": "P1D"}, kind="keyCredentials"), [], Limits()),
        (policy(FORBIDDEN), [OWN_SHORT], Limits(longest=90 * DAY)),
        (policy(FORBIDDEN, key="servicePrincipalRestrictions"), [], Limits()),
        (
            policy({"restrictionType": "asymmetricKeyLifetime", "maxLifetime": "P1Y"}, kind="keyCredentials"),
            [],
            Limits(longest_certificate=365 * DAY),
        ),
    ],
)
def test_the_limits_are_those_of_the_policy_that_counts(default, own, expected):
    assert limits(default, own, CREATED) == expected


@pytest.mark.parametrize(
    ("since", "counts"),
    [("2025-04-30T23:59:59Z", True), ("2025-05-01T00:00:00Z", True), ("2025-05-01T00:00:01Z", False)],
)
def test_a_restriction_counts_for_applications_since_a_date(since, counts):
    dated = {**FORBIDDEN, "restrictForAppsCreatedAfterDateTime": since}
    assert limits(policy(dated), [], CREATED).forbidden is counts


@given(st.builds(Limits, st.booleans(), NUMBERS, NUMBERS), st.text(max_size=8))
def test_limits_come_back_from_fields(found, name):
    assert of_fields(name, as_fields(name, found)) == found
    assert of_fields(f"{name}?", as_fields(name, found)) == Limits()


@given(st.one_of(st.integers(1, 24).map(lambda hours: hours * HOUR), st.integers(1, 365).map(lambda days: days * DAY)))
def test_a_frequency_comes_back_from_a_policy(seconds):
    assert frequency_seconds({"sessionControls": frequency(seconds)}) == seconds


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"sessionControls": None},
        {"sessionControls": {"signInFrequency": None}},
        {"sessionControls": {"signInFrequency": {"isEnabled": False, "value": 1, "type": "days"}}},
        {"sessionControls": {"signInFrequency": {"isEnabled": True, "value": None, "type": None}}},
        {"sessionControls": {"signInFrequency": {"isEnabled": True, "frequencyInterval": "everyTime"}}},
    ],
)
def test_a_policy_without_a_frequency_has_none(told):
    assert frequency_seconds(told) is None


@given(st.integers(600, DAY))
def test_a_lifetime_comes_back_from_its_definition(seconds):
    made = definition(seconds)
    assert lifetime_seconds({"definition": made}) == seconds
    assert [json.loads(text)["TokenLifetimePolicy"]["Version"] for text in made] == [1]


@pytest.mark.parametrize(("seconds", "span"), [(600, "00:10:00"), (HOUR + 1, "01:00:01"), (DAY, "1.00:00:00")])
def test_a_definition_spells_a_lifetime_as_entra_does(seconds, span):
    assert definition(seconds) == ['{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"%s"}}' % span]  # noqa: UP031  # braces


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        ["nonsense"],
        ["[1]"],
        ['"text"'],
        ['{"TokenLifetimePolicy":[]}'],
        ['{"TokenLifetimePolicy":{}}'],
        ["[" * 100_000],
        [None],
    ],
)
def test_a_definition_that_says_nothing_has_no_lifetime(told):
    assert lifetime_seconds({"definition": told}) is None


def test_a_new_policy_is_for_everybody_who_uses_the_application():
    assert conditions(None, ["b", "a"]) == {
        "clientAppTypes": ["all"],
        "users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["a", "b"]},
    }


def test_what_somebody_added_to_our_policy_stays():
    there = {
        "conditions": {
            "users": {"excludeGroups": ["g"]},
            "platforms": None,
            "applications": {"excludeApplications": ["x"]},
        }
    }
    made = conditions(there, ["a"])
    assert made == {
        "users": {"excludeGroups": ["g"]},
        "applications": {"excludeApplications": ["x"], "includeApplications": ["a"]},
    }
    assert applications_of({"conditions": made}) == {"a"}
    assert applications_of({"conditions": None}) == frozenset()

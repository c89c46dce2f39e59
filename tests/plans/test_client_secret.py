"""Where a client's secret comes from and goes to: the live secret is the truth, a store follows."""

import pytest
from tests.stranger import deployment

from oidc_provision.plans.client_secret import given_address, secret_want, store_address, store_desired
from oidc_provision.plans.resources import Address, Exactly, Generated, Secret
from oidc_provision.plans.sealed import Sealed

CODER = Address("client", "coder")
LIVE, KEPT, GIVEN, DRAWN = Sealed("live-one"), Sealed("kept-one"), Sealed("given-one"), Generated("coder")
STORE, FROM = '{store: "file:kept"}', '{from: "env:GIVEN"}'


def state(live, kept, given):
    found = {CODER: {"secret": live}} if live is not None else {}
    found |= {store_address("coder"): {"value": kept}} if kept is not None else {}
    return found | ({given_address("coder"): {"value": given}} if given is not None else {})


@pytest.mark.parametrize(
    ("live", "kept", "given", "rotate", "ends"),
    [
        (None, None, None, False, DRAWN),
        (None, KEPT, None, False, KEPT),
        (None, KEPT, None, True, DRAWN),
        (LIVE, None, None, False, LIVE),
        (LIVE, KEPT, None, False, LIVE),
        (LIVE, KEPT, None, True, DRAWN),
        (None, None, GIVEN, False, GIVEN),
        (LIVE, None, GIVEN, False, GIVEN),
        (LIVE, None, GIVEN, True, GIVEN),
    ],
)
def test_client_and_store_end_with_the_same_secret(live, kept, given, rotate, ends):
    plan = deployment(secret=FROM if given else STORE).plan
    found = state(live, kept, given)
    assert secret_want(plan, found, CODER, rotate=rotate).settle(live) == ends
    stored = store_desired(plan, found, CODER, rotate=rotate)
    expected = {} if given else {store_address("coder"): ends}
    assert {address: wants["value"].settle(kept) for address, wants in stored.items()} == expected


def test_a_client_whose_secret_cannot_be_read_takes_the_kept_one():
    found = {**state(None, KEPT, None), CODER: {"secret": None}}
    assert secret_want(deployment(secret=STORE).plan, found, CODER).settle(None) == KEPT


def test_a_plan_without_a_store_wants_none():
    assert store_desired(deployment().plan, state(LIVE, None, None), CODER) == {}


def test_stores_and_given_secrets_are_two_things():
    assert (str(store_address("coder")), str(given_address("coder"))) == ("store/coder", "given/coder")


@pytest.mark.parametrize("given", [GIVEN, None])
def test_a_secret_is_wanted_under_the_name_of_its_client(given):
    plan = deployment(client="grafana", secret=FROM).plan
    found = {given_address("grafana"): {"value": given}}
    assert secret_want(plan, found, CODER) == Secret("grafana", given)


def test_what_stands_in_a_store_counts_only_as_a_secret():
    found = {store_address("coder"): {"value": "plain text"}}
    assert secret_want(deployment(secret=STORE).plan, found, CODER) == Secret("coder")


def test_unless_asked_for_nothing_is_rotated():
    plan, found = deployment(secret=STORE).plan, state(LIVE, KEPT, None)
    assert store_desired(plan, found, CODER) == {store_address("coder"): {"value": Exactly(LIVE)}}


def test_a_vendor_may_call_the_field_what_it_likes():
    plan, found = deployment(secret=STORE).plan, {CODER: {"password": LIVE}}
    assert secret_want(plan, {**found, **state(None, KEPT, None)}, CODER, field="password").value is None
    stored = store_desired(plan, {**found, store_address("coder"): {"value": KEPT}}, CODER, field="password")
    assert stored == {store_address("coder"): {"value": Exactly(LIVE)}}

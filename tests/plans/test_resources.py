"""Each way of wanting a field: what it makes of what is live."""

import pytest
from hypothesis import given
from tests.plans import wishes

from oidc_provision.plans.resources import (
    Absent,
    Address,
    AtLeast,
    AtMost,
    Exactly,
    Generated,
    Includes,
    Secret,
    Target,
)
from oidc_provision.plans.sealed import Sealed

OLD, NEW = Sealed("old-secret"), Sealed("new-secret")
SETTLED = [
    (Exactly(5), None, 5),
    (Exactly(5), 6, 5),
    (Absent(), "x", None),
    (Includes(frozenset("ab")), None, frozenset("ab")),
    (Includes(frozenset("ab")), frozenset("bc"), frozenset("abc")),
    (Includes(frozenset("ab"), without=frozenset("c")), frozenset("cd"), frozenset("abd")),
    (Includes(frozenset("a")), "not a set", frozenset("a")),
    (AtLeast(10), None, 10),
    (AtLeast(10), 9, 10),
    (AtLeast(10), 11, 11),
    (AtMost(10), None, 10),
    (AtMost(10), 11, 10),
    (AtMost(10), 9, 9),
    (Secret("k"), None, Generated("k")),
    (Secret("k"), OLD, OLD),
    (Secret("k", NEW), OLD, NEW),
    (Secret("k", replace=True), OLD, Generated("k")),
    (Secret("k", NEW, replace=True), OLD, NEW),
    (Secret("k", replace=True), Generated("k"), Generated("k")),
]


@pytest.mark.parametrize(("want", "live", "expected"), SETTLED)
def test_a_want_settles_what_is_live(want, live, expected):
    assert want.settle(live) == expected


@given(wishes.wants, wishes.live_values)
def test_what_is_settled_stays_settled(want, live):
    once = want.settle(live)
    assert want.settle(once) == once


def test_addresses_print_as_people_type_them():
    assert str(Address("client", "coder")) == "client/coder"
    assert str(Target("realm", "engineering")) == "realm engineering"


def test_a_generated_secret_prints_without_its_key():
    assert repr(Generated("coder")) == "(generated)"

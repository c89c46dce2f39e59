"""One look at all targets, as a value."""

from dataclasses import replace

import pytest
from tests.plans.proposals import CODER, client, odd, updating, view

from oidc_provision.plans.diff import ChangeSet
from oidc_provision.plans.errors import Failed, Refused
from oidc_provision.plans.findings import Rule, Severity
from oidc_provision.plans.proposal import Proposal
from oidc_provision.plans.resources import Exactly

WANTED = {CODER: {"lifetime": Exactly(2)}}


def test_the_order_of_targets_does_not_change_the_digest():
    views = tuple(view(WANTED, {}, tenant=name) for name in ("one", "two"))
    assert Proposal(views).digest == Proposal(views[::-1]).digest
    assert Proposal(views).digest != Proposal(views[:1]).digest


def test_findings_come_heaviest_first():
    rules = [
        Rule(f"r-{severity}", severity, "x", "y.") for severity in (Severity.INFO, Severity.ERROR, Severity.WARNING)
    ]
    found = Proposal((view({}, {}, findings=tuple(rule.finding("x") for rule in rules)),))
    assert [finding.code for finding in found.findings] == ["r-error", "r-warning", "r-info"]
    assert [finding.code for finding in found.errors] == ["r-error"]


def test_a_warning_refuses_nothing():
    assert Proposal((view({}, {}, findings=(odd(),)),)).errors == ()


def test_restricting_keeps_the_named_addresses_and_says_so():
    whole = updating(2, 3)
    part = whole.only(frozenset({"client/c0001"}))
    assert [str(change.address) for _, change in part.changes] == ["client/c0001"]
    assert (whole.complete, part.complete) == (True, False)
    assert whole.only(frozenset()) is whole


def waiting(*waits: tuple[str, str]) -> Proposal:
    """A proposal of clients that wait for each other: `("a", "b")` is a change of `a` that waits for `b`."""
    names = sorted({name for pair in waits for name in pair})
    looked = view({client(name): {"lifetime": Exactly(2)} for name in names}, {})
    after = {str(client(name)): frozenset(str(client(b)) for a, b in waits if a == name) for name in names}
    changes = ChangeSet(tuple(replace(change, depends_on=after[change.key]) for change in looked.changes))
    return Proposal((replace(looked, changes=changes),))


@pytest.mark.parametrize(
    ("named", "kept"),
    [("a", "abc"), ("b", "bc"), ("c", "c"), ("d", "d")],
)
def test_restricting_takes_along_what_the_named_depend_on(named, kept):
    part = waiting(("a", "b"), ("b", "c"), ("d", "elsewhere")).only(frozenset({f"client/{named}"}))
    expected = [f"client/{name}" for name in kept] + ["client/elsewhere"] * (named == "d")
    assert [str(change.address) for _, change in part.changes] == expected
    assert list(part.along) == [address for address in expected if address != f"client/{named}"]


def test_restricting_takes_along_a_half_of_a_change_that_was_split():
    looked = view({CODER: {"lifetime": Exactly(2)}, client("first"): {"lifetime": Exactly(2)}}, {})
    coder, first = looked.changes
    split = (replace(coder, depends_on=frozenset({"client/first#1"})), first, replace(first, step=1))
    part = Proposal((replace(looked, changes=ChangeSet(split)),)).only(frozenset({"client/coder"}))
    assert [change.key for _, change in part.changes] == ["client/coder", "client/first#1"]


def test_an_address_that_no_plan_has_is_refused_with_those_there_are():
    with pytest.raises(Refused, match="no plan has the address `client/typo`") as refused:
        updating(1, 2).only(frozenset({"client/typo"}))
    assert "client/c0000, client/c0001" in refused.value.fix


def test_steps_for_a_human_leave_nothing_pending():
    looked = view(WANTED, {})
    manual = ChangeSet(tuple(replace(change, manual="by hand") for change in looked.changes))
    assert Proposal((looked,)).pending
    assert not Proposal((replace(looked, changes=manual),)).pending


def test_a_target_that_failed_is_told_from_one_that_was_refused():
    failed = Proposal((view({}, {}, error=Failed("no answer")),))
    refused = Proposal((view({}, {}, error=Refused("no right")),))
    assert (len(failed.failed), failed.refused, refused.refused) == (1, False, True)


def test_managed_values_are_those_that_the_plan_wants():
    seen = view(
        {CODER: {"a": Exactly(1), "b": Exactly(1)}, client("new"): {"a": Exactly(1)}}, {CODER: {"a": 1, "c": 1}}
    )
    assert seen.managed == {CODER: {"a": 1, "b": None}, client("new"): None}

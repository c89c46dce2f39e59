"""Answers that are lost: a secret is asked for once, and nothing else is done twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.entra.faults import (
    ADDED,
    CHANGE,
    CONSENT,
    OWNER_LINK,
    PRINCIPAL,
    REMOVED,
    UPSERT,
    WIDER,
    Fault,
    done_but,
    lost,
    never_arrived,
    says,
    spoilt,
    timed_out,
    unsent,
)
from tests.entra.lab import lab
from tests.entra.runs import applied, planned, settled
from tests.entra.states import OF_OLD, OURS_LIVE, WRITES, assert_healed, assert_safe, existing, ours_alive, with_write
from tests.laws.worlds.entra import OURS_SECRET, OWNER, STORE

from oidc_provision.provisioners.entra import codes
from oidc_provision.provisioners.entra.sandbox.state import OWNERS

LOST = {
    "busy": says(503),
    "busy for a moment": says(503, Retry_After="1"),
    "bad gateway": says(502, "<html>bad gateway</html>"),
    "lost on the way": never_arrived,
    "answer lost": lost,
    "too late": timed_out,
    "done, but busy": done_but(503),
    "done, but broken": done_but(500, "InternalServerError"),
    "done, but too slow for a gateway": done_but(504),
}
each_loss = pytest.mark.parametrize("loss", LOST.values(), ids=LOST)


@pytest.mark.battery(36)
@pytest.mark.parametrize("age", ["new", "old"])
@each_loss
def test_secret_is_asked_for_once_whatever_becomes_of_the_answer(age: str, loss: Fault):
    where = lab() if age == "new" else lab(live=OURS_LIVE)
    where.on(ADDED, *[loss] * 5)
    ran = applied(where)
    assert where.count(ADDED) == 1
    assert_safe(where, ran.words)
    assert ran.error and STORE not in where.vault.kept
    # nobody knows it, so it is taken away again
    assert [each for each in ours_alive(where) if each != OURS_SECRET] == []
    where.forget()
    assert_healed(where)


@pytest.mark.battery(52)
@each_loss
def test_secret_that_nobody_knows_and_cannot_be_removed_is_reported_by_the_next_plan(loss: Fault):
    where = existing()
    where.on(ADDED, loss)
    where.on(REMOVED, *[says(503)] * 100)
    ran = applied(where, rotate=["coder"])
    assert (where.count(ADDED), bool(ran.errors)) == (1, True)
    where.forget()
    left = [each for each in ours_alive(where) if each != OURS_SECRET]
    assert (codes.ORPHAN.code in planned(where).codes) is bool(left)
    assert_healed(where)
    assert where.vault.kept[STORE] == OURS_SECRET and ours_alive(where) == [OURS_SECRET]


@pytest.mark.parametrize("shown", [None, "", 7, ["x"], ...], ids=str)
def test_answer_without_the_secret_makes_no_second_one(shown: object):
    def change(body: dict[str, Any]) -> None:
        body.pop("secretText")
        if shown is not ...:
            body["secretText"] = shown

    where = lab()
    where.on(ADDED, spoilt(change))
    ran = applied(where)
    assert (where.count(ADDED), where.texts, STORE in where.vault.kept) == (1, [], False)
    assert "the answer holds none" in ran.error.message
    assert_healed(where)


def test_secret_that_could_not_be_kept_is_taken_away_by_the_next_apply():
    where = existing()
    where.vault.refuse = True
    ran = applied(where, rotate=["coder"])
    assert "could not be kept" in ran.error.message and len(ours_alive(where)) == 2
    assert_safe(where, ran.words)
    where.vault.refuse = False
    assert codes.ORPHAN.code in planned(where).codes
    assert_healed(where)
    assert ours_alive(where) == [OURS_SECRET]


OTHER_LOSSES = {**LOST, "never sent": unsent, "done, but unclear": done_but(500)}
OTHER_WRITES = [pair for pair in WRITES if pair[1] != ADDED]


@pytest.mark.battery(36)
@pytest.mark.parametrize("loss", OTHER_LOSSES.values(), ids=OTHER_LOSSES)
@pytest.mark.parametrize(("age", "write"), OTHER_WRITES, ids=[f"{age}: {write}" for age, write in OTHER_WRITES])
def test_lost_answer_of_any_other_write_does_nothing_twice(age: str, write: str, loss: Fault):
    where = with_write(age)
    where.on(write, loss)
    ran = applied(where)
    assert_safe(where, ran.words)
    assert where.unused == []
    assert_healed(where)
    assert OWNER in where.owners and where.tool in where.owners
    assert len(where.directory.linked(where.application["id"], OWNERS)) == len(where.owners)


@pytest.mark.parametrize("loss", [lost, timed_out, done_but(503)])
@pytest.mark.parametrize("write", [UPSERT, PRINCIPAL, CHANGE, CONSENT, OWNER_LINK, WIDER, REMOVED])
def test_what_was_done_although_its_answer_was_lost_counts_as_done(write: str, loss: Fault):
    where = with_write("old" if write in OF_OLD else "new")
    where.on(write, loss)
    settled(where)
    assert where.unused == []

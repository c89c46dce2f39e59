"""Changes in the order of their dependencies, in parallel where they are independent."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.plans.diff import Action, Change
from oidc_provision.plans.errors import Failed
from oidc_provision.plans.resources import Address, Target
from oidc_provision.provisioners.base import Outcome
from oidc_provision.provisioners.execution import Result, Run, Status

TARGET = Target("tenant", "acme")


def change(name: str, *after: str) -> Change:
    waits = frozenset(f"client/{each}" for each in after)
    return Change(Address("client", name), Action.UPDATE, (), {}, depends_on=waits)


def run(
    *changes: Change, failing: frozenset[str] = frozenset(), parallelism: int = 8
) -> tuple[tuple[Result, ...], list[str]]:
    order: list[str] = []

    async def perform(one: Change) -> Outcome:
        order.append(f"{one.address.name} begins")
        await asyncio.sleep(0)
        if one.address.name in failing:
            raise Failed("no")
        order.append(f"{one.address.name} ends")
        return Outcome(("done",))

    async def whole() -> tuple[Result, ...]:
        limit = asyncio.Semaphore(parallelism)
        return await Run(TARGET, perform, stop=asyncio.Event(), limit=limit, listen=lambda _: None).all(changes)

    return asyncio.run(whole()), order


def test_a_change_begins_when_all_it_waits_for_have_ended():
    _, order = run(change("c", "a", "b"), change("a"), change("b", "a"))
    assert order == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]


def test_independent_changes_run_side_by_side():
    _, order = run(change("a"), change("b"))
    assert order == ["a begins", "b begins", "a ends", "b ends"]


def test_results_come_in_the_order_of_the_changes():
    results, _ = run(change("c", "a"), change("b"), change("a"))
    assert [result.change.address.name for result in results] == ["c", "b", "a"]


@pytest.mark.battery(54)
def test_a_failure_skips_everything_behind_it_and_nothing_else():
    results, _ = run(change("a"), change("b", "a"), change("c", "b"), change("d"), failing=frozenset("a"))
    assert [result.status for result in results] == [Status.FAILED, Status.SKIPPED, Status.SKIPPED, Status.DONE]
    assert [result.why for result in results] == ["", "depends on `client/a`", "depends on `client/b`", ""]


async def perform_badly(one: Change) -> Outcome:
    if one.address.name == "bad":
        raise ConnectionRefusedError(111, "\x1b[2Jrefused\n")
    return Outcome(("done",))


def run_badly(perform) -> tuple[Result, ...]:
    async def whole() -> tuple[Result, ...]:
        limit, changes = asyncio.Semaphore(8), (change("bad"), change("good"), change("behind", "bad"))
        return await Run(TARGET, perform, stop=asyncio.Event(), limit=limit, listen=lambda _: None).all(changes)

    return asyncio.run(whole())


@pytest.mark.battery(54)
def test_an_exception_that_nobody_foresaw_is_one_change_that_failed():
    bad, good, behind = run_badly(perform_badly)
    assert [bad.status, good.status, behind.status] == [Status.FAILED, Status.DONE, Status.SKIPPED]
    assert isinstance(bad.error, Failed) and isinstance(bad.error.__cause__, ConnectionRefusedError)
    assert "the change of `client/bad`" in bad.error.message
    assert bad.error.message.endswith("ConnectionRefusedError: [Errno 111]  [2Jrefused")
    assert bad.error.where.startswith("provisioners/test_execution.py:")
    assert bad.error.where.endswith(" in perform_badly") and "bug" in bad.error.fix


@pytest.mark.parametrize("stop", [asyncio.CancelledError, KeyboardInterrupt])
def test_who_ends_the_run_ends_it(stop: type[BaseException]):
    async def perform(_one: Change) -> Outcome:
        raise stop

    with pytest.raises(stop):
        run_badly(perform)


def test_what_is_not_among_the_changes_is_not_waited_for():
    results, _ = run(change("a", "elsewhere"))
    assert results[0].status is Status.DONE


def test_a_chain_ends_with_one_at_a_time():
    names = [str(number) for number in range(30)]
    chain = [change(name, *names[max(0, int(name) - 1) : int(name)]) for name in names]
    results, order = run(*reversed(chain), parallelism=1)
    assert all(result.status is Status.DONE for result in results)
    assert [line.split()[0] for line in order[::2]] == names


@pytest.mark.timeout(20)
@pytest.mark.parametrize("ring", [["a"], ["a", "b"], ["a", "b", "c"]])
def test_changes_that_wait_for_each_other_are_a_bug_that_is_told(ring):
    with pytest.raises(ValueError, match="cycle"):
        run(change("free"), *(change(name, ring[place - 1]) for place, name in enumerate(ring)))


@given(
    st.integers(1, 12).flatmap(lambda n: st.lists(st.sets(st.integers(0, n - 1)), min_size=n, max_size=n)),
    st.sets(st.integers(0, 11)),
)
def test_any_order_without_rings_ends_and_keeps_its_promises(waits, failing):
    # only earlier ones are waited for, so that there is no ring
    changes = [change(str(n), *(str(each) for each in after if each < n)) for n, after in enumerate(waits)]
    results, order = run(*changes, failing=frozenset(map(str, failing)), parallelism=2)
    status = {result.change.key: result.status for result in results}
    for result in results:
        behind_failure = any(status[key] is not Status.DONE for key in result.change.depends_on)
        assert (result.status is Status.SKIPPED) is behind_failure
        ends = [
            order.index(f"{key.removeprefix('client/')} ends")
            for key in result.change.depends_on
            if status[key] is Status.DONE
        ]
        if result.status is not Status.SKIPPED:
            assert max(ends, default=-1) < order.index(f"{result.change.address.name} begins")

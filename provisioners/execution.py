"""Runs changes in the order of their dependencies, in parallel where they are independent, and says what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import TopologicalSorter

from ..plans.diff import Change
from ..plans.errors import ProvisionError
from ..plans.resources import Target
from .base import Outcome
from .surprises import told


class Status(StrEnum):
    """What became of a change."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """One change's end: the steps done, or why it failed or was not tried."""

    target: Target
    change: Change
    status: Status
    steps: tuple[str, ...] = ()
    error: ProvisionError | None = None
    why: str = ""


Perform = Callable[[Change], Awaitable[Outcome]]
Listen = Callable[[Result], None]


def confirm_order(changes: Iterable[Change]) -> None:
    """Raise CycleError, a bug of whoever arranged them, where changes would wait for each other forever."""
    # the order itself is not needed: the futures of a run give it, and nothing waits for a whole rank
    TopologicalSorter({change.key: change.depends_on for change in changes}).prepare()


class Run:
    """The changes of one target on their way. `stop` lets what is under way finish and starts nothing more."""

    def __init__(
        self, target: Target, perform: Perform, *, stop: asyncio.Event, limit: asyncio.Semaphore, listen: Listen
    ) -> None:
        self._target = target
        self._perform = perform
        self._stop = stop
        self._limit = limit
        self._listen = listen

    async def all(self, changes: Sequence[Change]) -> tuple[Result, ...]:
        """Make every change once those it depends on are done; what depends on a failed one is skipped.

        Raises CycleError, a bug of whoever arranged them, where changes would wait for each other forever.
        """
        confirm_order(changes)
        loop = asyncio.get_running_loop()
        ended: dict[str, asyncio.Future[Status]] = {change.key: loop.create_future() for change in changes}
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(change, ended)) for change in changes]
        return tuple(task.result() for task in tasks)

    async def _one(self, change: Change, ended: dict[str, asyncio.Future[Status]]) -> Result:
        try:
            result = await self._ended(change, ended)
        finally:
            # where the change was cancelled, what waits for it would wait forever
            ended[change.key].cancel()
        self._listen(result)
        return result

    async def _ended(self, change: Change, ended: dict[str, asyncio.Future[Status]]) -> Result:
        before = [(key, await ended[key]) for key in sorted(change.depends_on) if key in ended]
        broken = next((key for key, status in before if status is not Status.DONE), None)
        if broken is not None:
            result = Result(self._target, change, Status.SKIPPED, why=f"depends on `{broken}`")
        else:
            # taken after the waiting: changes that wait for others would hold all places
            async with self._limit:
                result = await self._try(change)
        ended[change.key].set_result(result.status)
        return result

    async def _try(self, change: Change) -> Result:
        # asked as late as can be: it may have come while this change waited
        if self._stop.is_set():
            return Result(self._target, change, Status.SKIPPED, why="interrupted")
        try:
            outcome = await self._perform(change)
        # one provisioner's bug must not cost the report of what others have written
        except Exception as error:  # noqa: BLE001  # told as a failure, with the exception as its cause
            return Result(self._target, change, Status.FAILED, error=told(error, f"the change of `{change.address}`"))
        return Result(self._target, change, Status.DONE, steps=outcome.done)

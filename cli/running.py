"""Runs a verb's work in an event loop: plans loaded, signals heard, the session opened and closed."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .console import Console
from .exit_codes import INTERRUPTED, TERMINATED

if TYPE_CHECKING:
    from ..plans.load import Deployment

SHARE = re.compile("([0-9]{1,9})/([0-9]{1,9})")
SIGNALS = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}


class Interruption:
    """What signals asked for. Where nothing is written they end the work at once; within `graceful()` the first one sets `stop`."""

    def __init__(self, console: Console) -> None:
        self.stop = asyncio.Event()
        self.code = 0
        self._console = console
        self._gracefully = False

    def watch(self, task: asyncio.Future[int]) -> None:
        """Hear SIGINT and SIGTERM from now on, for this task."""
        loop = asyncio.get_running_loop()
        for number, code in SIGNALS.items():
            loop.add_signal_handler(number, self._heard, task, code)

    @contextmanager
    def graceful(self) -> Iterator[None]:
        """Let what is under way finish at the first signal; the second ends at once."""
        self._gracefully = True
        try:
            yield
        finally:
            self._gracefully = False

    def _heard(self, task: asyncio.Future[int], code: int) -> None:
        again = self.code != 0
        self.code = code
        self.stop.set()
        # asked twice, or nothing is being written: there is nothing to wait for
        if again or not self._gracefully:
            task.cancel()
        else:
            self._console.warn("stopping: what is under way is finished first; once more ends at once")


async def answered(console: Console, question: str) -> str:
    """Ask and return the answer. The loop waits for it, so that a signal is heard: it would be lost just before a blocking read."""
    console.say_question(question)
    typed = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip()


def run(console: Console, work: Callable[[Interruption], Awaitable[int]]) -> int:
    """Run a verb's work and return its exit code, that of a signal where one ended it."""

    async def whole() -> int:
        interruption = Interruption(console)
        task = asyncio.ensure_future(work(interruption))
        interruption.watch(task)
        try:
            return await task
        except asyncio.CancelledError:
            console.warn("interrupted")
            return interruption.code or INTERRUPTED

    return asyncio.run(whole())


def load_deployments(paths: Sequence[str], shard: str = "") -> tuple[Deployment, ...]:
    """Return the deployments of these files and folders. Raises PlanError with every problem of every file."""
    from ..plans.load import load  # noqa: PLC0415  # pydantic, which --help must not load
    from ..provisioners.planfiles import read_plan_files  # noqa: PLC0415  # as above
    from ..provisioners.registry import PlanKinds  # noqa: PLC0415  # as above
    from .options import DEFAULT_PLAN  # noqa: PLC0415  # click's options are there already

    deployments = load(read_plan_files(list(paths) or [DEFAULT_PLAN]), PlanKinds())
    return sharded(deployments, shard) if shard else deployments


def sharded(deployments: Sequence[Deployment], shard: str) -> tuple[Deployment, ...]:
    """Return the I-th of N shares; a target is never in two of them, wherever it is computed. Raises UsageError."""
    import hashlib  # noqa: PLC0415  # only where it is asked for

    from ..plans.errors import UsageError  # noqa: PLC0415  # as above

    found = SHARE.fullmatch(shard)
    index, count = map(int, found.groups()) if found else (0, 0)
    if index >= count:
        raise UsageError(f"`--shard {shard}` is no share", fix="write I/N with I from 0 to N-1, such as 0/8")

    def share(deployment: Deployment) -> int:
        # not `hash()`, which differs from process to process
        return int.from_bytes(hashlib.sha256(str(deployment.target).encode()).digest()[:8]) % count

    return tuple(deployment for deployment in deployments if share(deployment) == index)

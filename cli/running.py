"""Runs a verb's work in an event loop: plans loaded, signals heard, the session opened and closed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from .console import Console
from .exit_codes import INTERRUPTED, TERMINATED

if TYPE_CHECKING:
    from ..plans.load import Deployment

T = TypeVar("T")
SIGNALS = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}


class Interruption:
    """What signals asked for: `stop` lets what is under way finish; a second signal ends at once."""

    def __init__(self, console: Console, *, gracefully: bool) -> None:
        self.stop = asyncio.Event()
        self.code = 0
        self._console = console
        self._gracefully = gracefully

    def install(self, task: asyncio.Task[T]) -> None:
        """Hear SIGINT and SIGTERM from now on."""
        loop = asyncio.get_running_loop()
        for number, code in SIGNALS.items():
            loop.add_signal_handler(number, self._heard, task, code)

    def _heard(self, task: asyncio.Task[T], code: int) -> None:
        again = self.code != 0
        self.code = code
        self.stop.set()
        if again or not self._gracefully:
            task.cancel()
        else:
            self._console.warn("stopping: what is under way is finished first; once more ends at once")


def run(console: Console, work: Callable[[Interruption], Awaitable[int]], *, gracefully: bool = False) -> int:
    """Run a verb's work and return its exit code; with `gracefully` the first signal only sets `stop`."""

    async def whole() -> int:
        interruption = Interruption(console, gracefully=gracefully)
        task = asyncio.ensure_future(work(interruption))
        interruption.install(task)
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

    index, _, count = shard.partition("/")
    if not (index.isdigit() and count.isdigit() and int(index) < int(count)):
        raise UsageError(f"`--shard {shard}` is no share", fix="write I/N with I from 0 to N-1, such as 0/8")

    def share(deployment: Deployment) -> int:
        return int.from_bytes(hashlib.sha256(str(deployment.target).encode()).digest()[:8]) % int(count)

    return tuple(deployment for deployment in deployments if share(deployment) == int(index))

"""Waiting for what Entra has been told and does not show yet: a new object is not found for a while, a change is read as it was before."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ...plans.errors import RemoteFailure
from ..clock import Clock
from .refusals import GraphFailure

T = TypeVar("T")
TOO_MANY = 429
LONGEST = 90.0
"""Seconds for one object. Terraform's provider gives it up to 16 tries of growing length."""
FIRST, MOST = 0.5, 10.0


class Patience:
    """Tries again with growing waits. `draw` gives [0, 1)."""

    def __init__(self, clock: Clock, draw: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._draw = draw

    async def through(self, call: Callable[[], Awaitable[T]], *, new: bool = False) -> T:
        """Return what a call returns, once nobody else is in its way; with `new` also once what it is about can be found.

        Raises the last refusal where that takes longer than 90 seconds.
        """
        ends, wait = self._clock.monotonic() + LONGEST, FIRST
        while True:
            try:
                return await call()
            except RemoteFailure as failure:
                # what the server asks for is not cut short
                wait = max(wait, failure.wait)
                if not _passes(failure, new=new) or self._clock.monotonic() + wait > ends:
                    raise
            wait = await self._wait(wait)

    async def until(self, look: Callable[[], Awaitable[T]], shows: Callable[[T], bool]) -> T:
        """Return the first answer that shows what is expected; the last one where that takes longer than 90 seconds."""
        ends, wait = self._clock.monotonic() + LONGEST, FIRST
        while True:
            found = await look()
            if shows(found) or self._clock.monotonic() + wait > ends:
                return found
            wait = await self._wait(wait)

    async def _wait(self, seconds: float) -> float:
        # more than that by chance: several writers that met must not meet again
        await self._clock.sleep(seconds * (1 + self._draw() / 2))
        return min(MOST, seconds * 2)


class Pace:
    """Keeps requests to one service apart: Conditional Access takes one a second for the whole tenant, and says no without a Retry-After."""

    def __init__(self, clock: Clock, seconds: float = 1.1) -> None:
        self._clock = clock
        self._seconds = seconds
        self._next = clock.monotonic()

    async def turn(self) -> None:
        """Return when it is our turn."""
        now = self._clock.monotonic()
        mine = max(now, self._next)
        self._next = mine + self._seconds
        if mine > now:
            await self._clock.sleep(mine - now)


def _passes(failure: RemoteFailure, *, new: bool) -> bool:
    # turned away unheard: Conditional Access says so to the second request of a second, whoever sent the first
    if failure.status == TOO_MANY:
        return True
    return isinstance(failure, GraphFailure) and (failure.is_conflict or (new and failure.is_early))


def is_ambiguous(error: RemoteFailure) -> bool:
    """Tell whether a write may have been done although no answer says so."""
    # a sign-in that failed on the way wrote nothing
    return error.arrived and (error.ambiguous or error.status >= 500)  # noqa: PLR2004  # HTTP's own number

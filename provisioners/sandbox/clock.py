"""A clock that can be moved ahead, so that a month of absence takes no time."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..clock import Clock


class MovableClock:
    """Another clock's time plus what it was moved by. Never back: tokens would be younger than their sessions."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._ahead = 0.0

    @property
    def ahead(self) -> float:
        """Seconds that this clock is ahead of the one below."""
        return self._ahead

    def advance(self, seconds: float) -> None:
        """Move ahead. Raises ValueError for less than nothing."""
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"the clock moves ahead only, not by {seconds} s")
        self._ahead += seconds

    def seconds(self) -> int:
        """Return whole seconds since 1970, as tokens count."""
        return int(self.now().timestamp())

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._base.monotonic() + self._ahead

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return self._base.now() + timedelta(seconds=self._ahead)

    async def sleep(self, seconds: float) -> None:
        """Wait as long as the clock below does."""
        await self._base.sleep(seconds)

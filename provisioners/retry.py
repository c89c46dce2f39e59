"""Whether a request is sent again, and when: pure decisions. Sending is `transport`'s, sleeping the clock's.

A read may be repeated. A write is repeated only where repeating is harmless (PUT, DELETE, or named by the vendor's
folder) or where it provably had no effect (never sent, or 429).
"""

from __future__ import annotations

import re
from calendar import timegm
from dataclasses import dataclass
from email.utils import parsedate_tz
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 20.0
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_IDEMPOTENT = frozenset({"PUT", "DELETE"})
_BUSY = frozenset({502, 503, 504})
_TOO_MANY = 429
_BROKEN = 500
_BROKEN_READS = 2
_SECONDS = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class Loss(StrEnum):
    """How a request ended without a usable answer."""

    UNSENT = "unsent"
    """It provably never left."""
    LOST = "lost"
    """It was sent; no answer came, or a broken one."""
    FINAL = "final"
    """It would end the same way again."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Send it again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not send it again; `reason` is empty where there is nothing to add to the outcome itself."""

    reason: str = ""


Outcome = int | Loss
"""The status of an answer, or how there was none."""


def is_read(method: str) -> bool:
    """Say whether this method never changes anything."""
    return method in _READS


def decide(
    *,
    attempt: int,
    attempts: int,
    method: str,
    repeatable: bool,
    outcome: Outcome,
    retry_after: float | None,
    budget_left: float,
    random: Callable[[], float],
) -> Wait | GiveUp:
    """Decide after attempt number `attempt`, from 1. Times are seconds, `random` gives [0, 1)."""
    allowed = _attempts_allowed(method, outcome, attempts, repeatable=repeatable)
    if attempt >= allowed:
        return GiveUp()
    # spread out: everybody who was turned away would come back in the same moment
    seconds = backoff(attempt, random) if not retry_after else retry_after + random() * FIRST_BACKOFF
    if (retry_after or seconds) > budget_left:
        return GiveUp(too_long_a_wait(retry_after or 0.0, budget_left))
    return Wait(min(seconds, budget_left))


def too_long_a_wait(asked: float, left: float) -> str:
    """Return why nothing is sent again: `asked` seconds by the server (0: it did not say), `left` for this run."""
    who = f"the server asks to wait {asked:.0f} s" if asked else "waiting again"
    return f"{who}, this run has {max(left, 0):.0f} s of waiting left"


def _attempts_allowed(method: str, outcome: Outcome, attempts: int, *, repeatable: bool) -> int:
    # neither had an effect, so even a POST may go again
    if outcome in (Loss.UNSENT, _TOO_MANY):
        return attempts
    # seldom better the next time, and a write may be half done: reads only, and few
    if outcome == _BROKEN:
        return min(attempts, 1 + _BROKEN_READS) if is_read(method) else 1
    harmless = repeatable or is_read(method) or method in _IDEMPOTENT
    return attempts if harmless and (outcome is Loss.LOST or outcome in _BUSY) else 1


def backoff(attempt: int, random: Callable[[], float]) -> float:
    """Return the seconds to wait after attempt number `attempt`, from 1; `random` gives [0, 1)."""
    ceiling: float = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(attempt - 1, 30))
    # anywhere below the ceiling: those that failed together must not come back together
    return ceiling * random()


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds a Retry-After asks for (RFC 9110 10.2.3), 0 for the past, None for nonsense."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return max(0.0, float(text))
    date = parse_http_date(text)
    return None if date is None else max(0.0, date - now)


def parse_http_date(text: str | None) -> float | None:
    """Return seconds since 1970 for an HTTP date, also for a leap second; None where it is no date."""
    try:
        parts = parsedate_tz(text or "")
        # timegm counts, it does not validate: second 60 is the next minute's first, where `datetime` would raise
        return None if parts is None else timegm(parts[:9]) - (parts[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


class WaitBudget:
    """How long one run may wait in all. Waits that overlap, in parallel requests, count once."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._until = float("-inf")

    def left(self, now: float) -> float:
        """Return the seconds that a wait beginning now may last."""
        return self._left + max(0.0, self._until - now)

    def spend(self, now: float, seconds: float) -> None:
        """Note a wait from now on."""
        end = now + seconds
        self._left -= max(0.0, end - max(now, self._until))
        self._until = max(self._until, end)

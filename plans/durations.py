"""Durations as people write them, `30d` or `1h30m`, and as seconds."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final

from .checks import Invalid, kind_of

SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
LONGEST: Final = 100 * 365 * SECONDS["d"]
# every part may be missing, but not all of them: hence the look ahead
PATTERN: Final = "^(?=.)([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"

_PARTS: Final = re.compile("(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_FORM: Final = "write it like `30d` or `1h30m`, with the units s, m, h, d, w"
_LONGEST_TEXT: Final = 64
_LARGE: Final = 10**12  # seconds of more than a hundred years; Python refuses to print far larger numbers


class Unlimited(Enum):
    """The lifetime that never ends."""

    UNLIMITED = "unlimited"


UNLIMITED: Final = Unlimited.UNLIMITED


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> int:
    """Return seconds, more than none and at most a hundred years; raises `Invalid`."""
    parts = _PARTS.fullmatch(text) if text and len(text) <= _LONGEST_TEXT else None
    if parts is None:
        raise _no_duration(text)
    seconds = sum(int(part) * unit for part, unit in zip(parts.groups(), SECONDS.values(), strict=True) if part)
    if not seconds:
        raise Invalid("is zero", "give it a length, or leave the setting out")
    if seconds > LONGEST:
        raise Invalid("is longer than 100 years")
    return seconds


def format_duration(seconds: int) -> str:
    """Return the shortest exact spelling in days and below, as vendors print it: `30d`, `1h30m`."""
    spelled = ""
    for unit in "dhms":
        count, seconds = divmod(seconds, SECONDS[unit])
        spelled += f"{count}{unit}" if count else ""
    return spelled or "0s"


def read_duration(value: object) -> int:
    """Return the seconds of a value from a plan; a bare number is `Invalid`, as nobody can know its unit."""
    if isinstance(value, str):
        return parse_duration(value)
    # to Python, True is a number
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Invalid(f"must be a duration, not {kind_of(value)}", _FORM)
    raise _bare(str(value) if isinstance(value, int) and abs(value) < _LARGE else "")


def read_limit(value: object) -> int | Unlimited:
    """Return the seconds of a duration, or `UNLIMITED` for the word `unlimited`."""
    return UNLIMITED if value == UNLIMITED.value or value is UNLIMITED else read_duration(value)


def _no_duration(text: str) -> Invalid:
    if re.fullmatch(r"-.+", text):
        return Invalid("is negative", _FORM)
    if re.fullmatch(r"[0-9]{1,12}", text):
        return _bare(text)
    return Invalid("is no duration", _FORM)


def _bare(number: str) -> Invalid:
    if number.startswith("-"):
        return Invalid("is negative", _FORM)
    if not number:
        return Invalid("is a number without a unit", _FORM)
    return Invalid(
        f"is the bare number {number}: is that seconds or days?",
        f"add the unit: `{number}s`, `{number}m`, `{number}h` or `{number}d`",
    )

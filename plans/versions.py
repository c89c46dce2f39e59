"""Versions of Coder, read from the way they are written: 2.30 is thirty and not three."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .checks import Invalid
from .yaml_events import SourceFloat

PATTERN: Final = "^v?[0-9]{1,6}\\.[0-9]{1,6}(\\.[0-9]{1,6})?$"

_VERSION: Final = re.compile(r"v?([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?")


@dataclass(frozen=True, slots=True, order=True)
class CoderVersion:
    """A release of Coder, ordered by its numbers and printed `2.34` or `2.34.5`."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" if self.patch else f"{self.major}.{self.minor}"


@lru_cache(maxsize=1024)
def parse_version(text: str) -> CoderVersion:
    """Read `2.34`, `2.34.5` or `v2.34.5`; raises `Invalid`."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise Invalid("is no version of Coder", 'write it like "2.34" or "2.34.5"')
    major, minor, patch = found.groups()
    return CoderVersion(int(major), int(minor), int(patch or 0))


def read_version(value: object) -> CoderVersion:
    """Read a version from a plan, also an unquoted one."""
    if isinstance(value, CoderVersion):
        return value
    # to YAML 2.30 is the number 2.3: only its source text tells them apart
    return parse_version(value.source if isinstance(value, SourceFloat) else value if isinstance(value, str) else "")


PKCE_SINCE: Final = CoderVersion(2, 30)
"""The first release that sends PKCE (coder/coder#21215)."""
EARLY_REFRESH_SINCE: Final = CoderVersion(2, 31)
"""The first release whose workspace builds refresh ten minutes early (coder/coder#22502)."""

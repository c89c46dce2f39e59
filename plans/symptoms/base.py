"""A symptom: words that are seen somewhere, what they show, and how that is mended. Pure; the rows are in the modules beside this one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from ..versions import CoderVersion, parse_version

OFFLINE_ACCESS = "client: {scopes: [openid, profile, email, offline_access]}"
REUSE = "refresh_tokens: {rotation: reuse}"
LONG_SESSION = "coder: {session_duration: 30d}"


class Certainty(StrEnum):
    """How sure a symptom makes us of its cause."""

    PROOF = "proof"
    STRONG = "strong"
    HINT = "hint"


class Bearing(StrEnum):
    """What a symptom is: a cause of trouble, a sign that something works, or only worth knowing."""

    CAUSE = "cause"
    GOOD = "good"
    NOTE = "note"


class Guide(StrEnum):
    """The symptoms of Coder's guide on refresh tokens, in its words."""

    LOGGED_OUT = "Users are logged out too frequently"
    AFTER_CHANGE = "Refresh tokens don't work after configuration change"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One row. `anchor` is lower-case text that each match of `expression` holds: looked for first, for speed; "" = never in a text.

    `since` and `until` are the first and last releases of Coder that say so, "" for no bound. `levels` holds for records that have a level.
    `wraps`: it only tells that something failed; what stands inside says why. `edit` is YAML for a plan, `part` what it is about.
    """

    code: str
    anchor: str
    cause: str
    fix: str
    source: str
    expression: str = ""
    certainty: Certainty = Certainty.STRONG
    guide: Guide = Guide.NONE
    edit: str = ""
    part: str = ""
    bearing: Bearing = Bearing.CAUSE
    levels: frozenset[str] = frozenset()
    since: str = ""
    until: str = ""
    wraps: bool = False

    def said_by(self, version: CoderVersion) -> bool:
        """Tell whether this release of Coder says so; a bound of `2.22` is all of 2.22."""
        if self.since and version < parse_version(self.since):
            return False
        last = parse_version(self.until) if self.until else None
        return last is None or (version.major, version.minor) <= (last.major, last.minor)

    @property
    def releases(self) -> str:
        """The releases of Coder that say so, in words; "" where no bound is known."""
        if self.since and self.until:
            return f"{self.since} to {self.until}"
        return f"{self.since} and newer" if self.since else f"{self.until} and older" if self.until else ""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was said: a line of a log, an answer, a text. `level` is WARN or the like, "" where there is none."""

    text: str
    level: str = ""
    time: datetime | None = None


def matching(record: Record, symptoms: Iterable[Symptom]) -> list[Symptom]:
    """Return the symptoms that a record shows, before those that say less are left out."""
    lowered = record.text.lower()
    return [each for each in symptoms if each.anchor in lowered and _fits(each, record)]


def _fits(symptom: Symptom, record: Record) -> bool:
    # our own lines may quote what another component logged: a level that does not fit is somebody else's line
    if symptom.levels and record.level and record.level not in symptom.levels:
        return False
    return not symptom.expression or _compiled(symptom.expression).search(record.text) is not None


@lru_cache(maxsize=512)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


def telling(found: Iterable[Symptom]) -> list[Symptom]:
    """Return what says most in one record: wrappers and hints go where a cause is told."""
    every = list(dict.fromkeys(found))
    causes = [each for each in every if each.bearing is Bearing.CAUSE]
    told = [each for each in causes if not each.wraps and each.certainty is not Certainty.HINT]
    if not told:
        # a wrapper still says more than a hint
        told = [each for each in causes if each.wraps] or causes
    return [each for each in every if each in told or each.bearing is not Bearing.CAUSE]

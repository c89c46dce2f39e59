"""What was found so far: counts, first and last time, and a few masked lines for each symptom. Its size hangs on the symptoms alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...plans.symptoms.base import Bearing, Certainty, Record, Symptom, matching, telling
from ...plans.symptoms.table import SAID
from ...plans.versions import CoderVersion
from .masking import masked

MOST_LINES = 3
"""Evidence that is kept for each symptom."""
_AROUND = 4096
_SHOWN = 240
_EDGES = re.compile(r"[\s\"',;&]")
_ORDER = {Certainty.PROOF: 0, Certainty.STRONG: 1, Certainty.HINT: 2}


@dataclass(frozen=True, slots=True)
class Found:
    """One symptom that was seen: how often, from when to when, and where, with masked evidence."""

    symptom: Symptom
    count: int
    evidence: tuple[str, ...] = ()
    first: datetime | None = None
    last: datetime | None = None

    @property
    def is_cause(self) -> bool:
        """Tell whether it says what is wrong, and surely enough to act on."""
        return self.symptom.bearing is Bearing.CAUSE and self.symptom.certainty is not Certainty.HINT


@dataclass(slots=True)
class Tally:
    """Counts symptoms. `explain` names what the OAuth errors of a text mean; `version` is the Coder that is looked into."""

    explain: Callable[[str], Iterable[Symptom]]
    version: CoderVersion | None = None
    _found: dict[str, Found] = field(default_factory=dict)

    def look(self, record: Record, where: str) -> bool:
        """Count what a record shows; tell whether it showed anything."""
        seen = [*matching(record, SAID), *self.explain(record.text)]
        told = telling(seen)
        for symptom in told:
            # masking costs more than all the rest
            evidence = "" if self._has_enough(symptom) else f"{where}: {excerpt(record.text, symptom)}"
            self.add(symptom, evidence, record.time)
        return bool(told)

    def _has_enough(self, symptom: Symptom) -> bool:
        known = self._found.get(symptom.code)
        return known is not None and len(known.evidence) >= MOST_LINES

    def add(self, symptom: Symptom, evidence: str, time: datetime | None = None, count: int = 1) -> None:
        """Count one symptom, with masked evidence or without."""
        known = self._found.get(symptom.code) or Found(self._judged(symptom), 0)
        lines = (*known.evidence, evidence)[:MOST_LINES] if evidence else known.evidence
        times = [each for each in (known.first, known.last, time) if each is not None]
        first, last = (min(times), max(times)) if times else (None, None)
        self._found[symptom.code] = Found(known.symptom, known.count + count, lines, first, last)

    def _judged(self, symptom: Symptom) -> Symptom:
        if self.version is None or symptom.said_by(self.version):
            return symptom
        note = f"{symptom.cause} (Coder {self.version} does not say so, {symptom.releases} does: is this of another release?)"
        return replace(symptom, cause=note, certainty=Certainty.HINT)

    def ranked(self) -> tuple[Found, ...]:
        """Return everything found: causes first, the surest and most frequent before the others."""
        bearings = list(Bearing)

        def rank(each: Found) -> tuple[int, int, int, str]:
            symptom = each.symptom
            return bearings.index(symptom.bearing), _ORDER[symptom.certainty], -each.count, symptom.code

        return tuple(sorted(self._found.values(), key=rank))


@dataclass(frozen=True, slots=True)
class Read:
    """One thing that was read: what it was taken for, how much it was, and what was not as it should be."""

    name: str
    kind: str
    lines: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found in everything that was read."""

    found: tuple[Found, ...]
    read: tuple[Read, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()

    @property
    def causes(self) -> tuple[Found, ...]:
        """What is surely enough wrong."""
        return tuple(each for each in self.found if each.is_cause)

    @property
    def hints(self) -> tuple[Found, ...]:
        """What may be wrong."""
        return tuple(each for each in self.found if each.symptom.bearing is Bearing.CAUSE and not each.is_cause)

    @property
    def others(self) -> tuple[Found, ...]:
        """Signs that something works, and what is only worth knowing."""
        return tuple(each for each in self.found if each.symptom.bearing is not Bearing.CAUSE)


def excerpt(text: str, symptom: Symptom) -> str:
    """Return the part of a text that shows a symptom, masked, in one line."""
    near = masked(_near(text, _place(text, symptom), _AROUND))
    # only a masked text may be cut anywhere: half of a token may be too short to look like one
    place = _place(near, symptom)
    begin, end = max(0, place - _SHOWN // 3), place + _SHOWN
    shown = f"{'... ' if begin else ''}{near[begin:end]}{' ...' if end < len(near) else ''}"
    return " ".join(shown.split())


def _place(text: str, symptom: Symptom) -> int:
    lowered = text.lower()
    anchors = (
        [symptom.anchor] if symptom.anchor else ["aadsts", "oauth2: ", '"error"', "error=", "oidc process", "error"]
    )
    return next((place for anchor in anchors if (place := lowered.find(anchor)) >= 0), 0)


def _near(text: str, place: int, width: int) -> str:
    """Return what stands around a place, cut at a space or quote on both sides."""
    begin, end = max(0, place - width), min(len(text), place + width)
    if begin:
        edge = _EDGES.search(text, begin, place)
        begin = edge.end() if edge else place
    if end < len(text):
        edges = [found.start() for found in _EDGES.finditer(text, place, end)]
        end = edges[-1] if edges else place
    return text[begin:end]

"""Findings: judgements about a plan, and the rules they come from. A finding changes nothing by itself.

The rules that are true of every identity provider are registered in `plans.rules`; each vendor's folder brings its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from .errors import Position, Refused


class Severity(StrEnum):
    """How much a finding weighs: an error refuses apply, the others are shown."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code stands for: its default severity, a title, why it matters and where the fact comes from."""

    code: str
    severity: Severity
    title: str
    why: str
    source: str = ""

    def finding(self, problem: str, *, fix: str = "", where: str = "", path: tuple[str | int, ...] = ()) -> Finding:
        """Return a finding of this rule about one place: `where` names the object, `path` the plan's key."""
        return Finding(self.code, self.severity, where, problem, fix, self.source, path)


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement: `where` is the object it is about, `position` the line of the plan that `path` names."""

    code: str
    severity: Severity
    where: str
    problem: str
    fix: str
    source: str
    path: tuple[str | int, ...] = ()
    position: Position | None = None

    def at(self, position: Position | None) -> Finding:
        """Return the same finding with its place in the plan file."""
        return replace(self, position=position)


def refusal_of(findings: Sequence[Finding]) -> Refused:
    """Return the error for findings that keep us from looking at all: the first in full, the others as notes."""
    first = findings[0]
    notes = tuple(f"{finding.problem} [{finding.code}]; {finding.fix}" for finding in findings[1:])
    return Refused(f"{first.problem} [{first.code}]", where=first.where, fix=first.fix, notes=notes)

"""What a verification found, step by step, and which of its failures are causes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType


class Verdict(StrEnum):
    """How a step ended; `FOLLOWS` failed too, or was not reached, because of another one."""

    OK = "ok"
    FAILED = "failed"
    UNCLEAR = "could not tell"
    FOLLOWS = "follows"


@dataclass(frozen=True, slots=True)
class Step:
    """One check. `breaks` names what it shows broken (see `PARTS`): all of it, or where it cannot tell `either` of it.

    `cause` names the step that a `FOLLOWS` comes from.
    """

    name: str
    title: str
    verdict: Verdict
    evidence: tuple[str, ...] = ()
    problem: str = ""
    fix: str = ""
    breaks: frozenset[str] = frozenset()
    either: bool = False
    cause: str = ""


PARTS = frozenset(
    [
        "issuer",
        "client",
        "secret",
        "scopes",
        "redirect",
        "flow",
        "pkce",
        "refresh",
        "offline",
        "rotation",
        "lifetimes",
        "person",
    ]
)
"""What a working sign-in is made of; two failures that share one have one cause."""
NOT_TRIED = "not tried"
SECRET_HOME: Mapping[str, str] = MappingProxyType({"secret": "credentials"})
"""Where a part's failure is told, if not at the first step that meets it: the token endpoint proves a secret wrong, a diff only another one."""


@dataclass(frozen=True, slots=True)
class Verification:
    """All steps in order, with causes told apart from what follows."""

    steps: tuple[Step, ...]

    @property
    def causes(self) -> tuple[Step, ...]:
        """The failures that come from nothing else."""
        return tuple(step for step in self.steps if step.verdict is Verdict.FAILED)

    @property
    def unclear(self) -> tuple[Step, ...]:
        """The steps that could not be decided."""
        return tuple(step for step in self.steps if step.verdict is Verdict.UNCLEAR)


def ok(name: str, title: str, *evidence: str) -> Step:
    """Return a step that holds."""
    return Step(name, title, Verdict.OK, evidence)


def unclear(name: str, title: str, problem: str, *evidence: str, fix: str = "") -> Step:
    """Return a step that could not be decided, with the reason."""
    return Step(name, title, Verdict.UNCLEAR, _said(evidence), problem, fix)


def _said(evidence: tuple[str, ...]) -> tuple[str, ...]:
    # an error that knows no place has an empty one
    return tuple(each for each in evidence if each)


def failed(
    name: str, title: str, problem: str, *evidence: str, fix: str = "", breaks: Iterable[str] = (), either: bool = False
) -> Step:
    """Return a step that does not hold, and what it shows broken."""
    return Step(name, title, Verdict.FAILED, _said(evidence), problem, fix, frozenset(breaks), either)


def not_reached(name: str, title: str, breaks: Iterable[str] = ()) -> Step:
    """Return a step that was not tried because an earlier one failed."""
    return Step(name, title, Verdict.FOLLOWS, (), NOT_TRIED, "", frozenset(breaks))


def verification(steps: Iterable[Step]) -> Verification:
    """Return the steps with each failure that another one explains marked so."""
    found = tuple(steps)
    failures = tuple(step for step in found if step.verdict is Verdict.FAILED)
    homes = _homes(failures)
    return Verification(tuple(_placed(step, failures, homes) for step in found))


def _homes(failures: tuple[Step, ...]) -> Mapping[str, str]:
    """Return for each broken part the step that its cause is told at."""
    homes: dict[str, str] = {}
    for step in failures:
        # one that cannot tell what is broken claims nothing where another one has told it
        if not (step.either and step.breaks & homes.keys()):
            for part in step.breaks:
                homes.setdefault(part, step.name)
    # a home that failed for another reason proves nothing about the part
    proven = {(part, step.name) for step in failures for part in step.breaks}
    return homes | dict(SECRET_HOME.items() & proven)


def _placed(step: Step, failures: tuple[Step, ...], homes: Mapping[str, str]) -> Step:
    if step.verdict is Verdict.FOLLOWS and not step.cause:
        return replace(step, cause=_before(step, failures, homes))
    if step.verdict is not Verdict.FAILED:
        return step
    elsewhere = {homes[part] for part in step.breaks if part in homes} - {step.name}
    # a step that breaks something of its own beside what follows stays a cause
    own = not step.either and any(homes.get(part) == step.name for part in step.breaks)
    if not elsewhere or own:
        return step
    return replace(step, verdict=Verdict.FOLLOWS, cause=min(elsewhere, key=[each.name for each in failures].index))


def _before(step: Step, failures: tuple[Step, ...], homes: Mapping[str, str]) -> str:
    """Return the cause of a step that was not tried: of what it needs, else the last failure."""
    known = [homes[part] for part in sorted(step.breaks) if part in homes]
    causes = [each.name for each in failures if all(homes.get(part) == each.name for part in each.breaks)]
    return known[0] if known else (causes[-1] if causes else "")

"""Every error a user can meet, as one tree. Exit codes are not known here: `cli.main` maps the classes.

ProvisionError
+-- UsageError        the command cannot be meant so                   64
+-- PlanError         the plan is not valid: a list of `Problem`s      64
+-- Refused           a brake, a stale plan, missing rights            4
+-- Unsettled         written, but the live state is not as wanted     1
+-- AppliedInPart     some resources done, others not                  3
+-- Failed            anything else that ended the work                1
    +-- SecretFailure     a reference or a store would not answer
    +-- RemoteFailure     the identity provider or the way to it
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a plan file; line and column count from 1, column 0 means the whole line, line 0 the whole file."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a plan: what, where, and what was probably meant."""

    message: str
    position: Position
    fix: str = ""


class ProvisionError(Exception):
    """What, where, fix. The message is a lower-case sentence without a full stop; names stand in backticks."""

    def __init__(self, message: str, *, where: str = "", fix: str = "", notes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix
        self.notes = notes


class UsageError(ProvisionError):
    """The command cannot be meant so."""


class PlanError(ProvisionError):
    """The plan is not valid; all its problems at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems[0].message if problems else "the plan is not valid")
        self.problems = problems


class Refused(ProvisionError):
    """A brake held, nothing was written. `notes` give the figures and the names."""


class Failed(ProvisionError):
    """The work ended before its end."""


class Unsettled(Failed):
    """Everything was written and the next look still finds a difference."""


class AppliedInPart(ProvisionError):
    """Some resources were written, others were not; `notes` say which."""


class SecretFailure(Failed):
    """A reference or a store would not answer. Names the reference, never a value."""


class RemoteFailure(Failed):
    """The identity provider, or the way to it, failed. `status` is the HTTP status, 0 where no answer came.

    `arrived` False: the request provably had no effect. `ambiguous` True: a write that may or may not have been done.
    `wait`: seconds that the server asks to be left alone for, infinite where this run has less.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        fix: str = "",
        status: int = 0,
        arrived: bool = True,
        ambiguous: bool = False,
        wait: float = 0.0,
    ) -> None:
        super().__init__(message, where=where, fix=fix)
        self.status = status
        self.arrived = arrived
        self.ambiguous = ambiguous
        self.wait = wait

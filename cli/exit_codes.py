"""The exit codes, what each means, and which error ends in which."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..plans.errors import ProvisionError

DONE = 0
FAILED = 1
PENDING = 2
IN_PART = 3
REFUSED = 4
USAGE = 64
INTERRUPTED = 130
TERMINATED = 143

MEANING = {
    DONE: ("done, or nothing to do", "Steps that are left for a human alone do not change this."),
    FAILED: (
        "failed",
        "Nothing was written, or everything was written and the next look still finds a difference; the message says which.",
    ),
    PENDING: ("changes pending", "Only `plan --detailed-exitcode` ends so."),
    IN_PART: (
        "applied in part",
        "Some resources were written, others not; the message names both. Run `apply` again: it does what is left.",
    ),
    REFUSED: (
        "refused",
        "A brake held, the live state moved since the plan, rights are missing, or a finding of severity error; nothing was written.",
    ),
    USAGE: (
        "usage, or a plan that is not valid",
        "The message names the place and what was probably meant; nothing was asked of any server.",
    ),
    INTERRUPTED: (
        "interrupted",
        "Ctrl-C: what was under way was finished and nothing more started; twice ends at once.",
    ),
    TERMINATED: ("terminated", "SIGTERM, as with Ctrl-C."),
}


def code_of(error: ProvisionError) -> int:
    """Return the exit code that an error ends in."""
    from ..plans import errors  # noqa: PLC0415  # --help needs no error tree

    if isinstance(error, errors.UsageError | errors.PlanError):
        return USAGE
    if isinstance(error, errors.Refused):
        return REFUSED
    return IN_PART if isinstance(error, errors.AppliedInPart) else FAILED

"""Errors as a person reads them: what, where, fix."""

from __future__ import annotations

from collections.abc import Iterator

from ...plans.errors import PlanError, ProvisionError
from .problems import escaped, render_problems


def render_error(error: ProvisionError) -> str:
    """Return the message of an error: a plan's problems with their lines, anything else as sentence, place and fix."""
    if isinstance(error, PlanError):
        return render_problems(error.problems)
    return "\n".join([f"error: {visible(error.message)}", *place_and_fix(error)])


def place_and_fix(error: ProvisionError) -> Iterator[str]:
    """Yield the lines below an error's sentence: where, what else, and what to do."""
    if error.where:
        yield f"  --> {visible(error.where)}"
    yield from (f"  note: {visible(note)}" for note in error.notes)
    if error.fix:
        yield f"  fix: {visible(error.fix)}"


def render_surprise(error: BaseException) -> str:
    """Return the message for an error that is ours: a bug."""
    kind = type(error).__name__
    return f"error: this should not have happened ({kind}: {visible(str(error))})\n  fix: run again with --debug and report what it prints"


def visible(text: str) -> str:
    """Return the text with control, bidi and escape characters written out, so that names cannot draw on the terminal."""
    return "".join(each if each.isprintable() or each == " " else escaped(each) for each in text)

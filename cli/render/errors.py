"""Errors as a person reads them: what, where, fix."""

from __future__ import annotations

from ...plans.errors import PlanError, ProvisionError
from .problems import render_problems


def render_error(error: ProvisionError) -> str:
    """Return the message of an error: a plan's problems with their lines, anything else as sentence, place and fix."""
    if isinstance(error, PlanError):
        return render_problems(error.problems)
    lines = [f"error: {visible(error.message)}"]
    if error.where:
        lines.append(f"  --> {visible(error.where)}")
    lines += [f"  note: {visible(note)}" for note in error.notes]
    if error.fix:
        lines.append(f"  fix: {visible(error.fix)}")
    return "\n".join(lines)


def render_surprise(error: BaseException) -> str:
    """Return the message for an error that is ours: a bug."""
    kind = type(error).__name__
    return f"error: this should not have happened ({kind}: {visible(str(error))})\n  fix: run again with --debug and report what it prints"


def visible(text: str) -> str:
    """Return the text with control, bidi and escape characters written out, so that names cannot draw on the terminal."""
    return "".join(each if each.isprintable() or each == " " else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:  # noqa: PLR2004  # more than four hex digits
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  # two hex digits

"""Problems of plans as a terminal shows them: sentence, place, source line, caret, fix."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from ...plans.errors import Position, Problem

_WIDEST: Final = 100
_BEFORE: Final = 60
_TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def render_problems(problems: Sequence[Problem], *, limit: int = 50) -> str:
    """Return the first `limit` problems, a blank line between two, and how many more there are."""
    shown = ["\n".join(_lines(problem)) for problem in problems[:limit]]
    more = len(problems) - limit
    return "\n\n".join([*shown, f"and {more} more" if more > 0 else ""]).strip("\n") + "\n"


def _lines(problem: Problem) -> Iterator[str]:
    yield f"error: {visible(problem.message)}"
    yield f"  --> {visible(str(problem.position))}"
    if problem.position.line and problem.position.text:
        yield from _source(problem.position)
    if problem.fix:
        yield f"  fix: {visible(problem.fix)}"


def _source(position: Position) -> Iterator[str]:
    """Yield the source line behind its number, and the caret line below it."""
    number = str(position.line)
    start = max(position.column - 1, 0)
    before, token, after = _window(position.text.rstrip(), start, position.width)
    yield f"  {number} | {before}{token}{after}"
    if position.column:
        # A tab stays one in the line below, so that the caret stands right at any tab width.
        blank = "".join("\t" if character == "\t" else " " * _cells(character) for character in before)
        yield f"  {' ' * len(number)} | {blank}{'^' * max(1, sum(map(_cells, token)))}"


def _window(text: str, start: int, width: int) -> tuple[str, str, str]:
    """Return what stands before, at and after the caret, as shown: escaped, and cut where the line is long."""
    first = max(0, start - _BEFORE) if len(text) > _WIDEST else 0
    last = min(len(text), first + _WIDEST)
    end = max(start, min(start + width, last))
    before = ("..." if first else "") + visible(text[first:start], keep="\t")
    return before, visible(text[start:end]), visible(text[end:last], keep="\t") + ("..." if last < len(text) else "")


def visible(text: str, *, keep: str = "") -> str:
    """Return the text with everything that a terminal would obey instead of show written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        character if character in keep or not _is_obeyed(character) else escaped(character) for character in text
    )


def _is_obeyed(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _TURNS


def escaped(character: str) -> str:
    """Return a character written by its number, with two, four or eight hex digits as Python would."""
    code = ord(character)
    if code > 0xFFFF:  # noqa: PLR2004  # more than four hex digits
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004  # the last two-digit code


def _cells(character: str) -> int:
    """Return how many columns of a terminal a character takes."""
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1

"""Files of one assignment a line: writing them, and setting names in one that people edit too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import Failed
from .base import is_shown, remarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..coder_env import CoderEnv
    from .base import FormatOptions, LineFormat, Segment

_LINE_END = re.compile(r"\r\n|\n|\r")


def render_lines(env: CoderEnv, options: FormatOptions, lines: LineFormat) -> str:
    """Return the settings as text, a line each, the last one ended too."""
    return "".join(f"{line}\n" for line in _lines(env, options, lines))


def _lines(env: CoderEnv, options: FormatOptions, lines: LineFormat) -> Iterator[str]:
    for entry in env.entries:
        yield from remarks(entry, options)
        if is_shown(entry, options):
            yield lines.assign(entry.name, entry.plain())


def merge_lines(existing: str, env: CoderEnv, lines: LineFormat) -> str:
    """Return the text with every entry set once: in its last place, or appended. Raises Failed where in doubt."""
    if "\0" in existing:
        raise unreadable(existing, existing.index("\0"), "it holds a NUL character")
    mark, body = ("\ufeff", existing[1:]) if existing.startswith("\ufeff") else ("", existing)
    assignments = {entry.name: lines.assign(entry.name, entry.plain()) for entry in env.entries}
    segments = lines.split(body)
    last = {segment.name: place for place, segment in enumerate(segments) if segment.name in assignments}
    kept = "".join(
        _settled(segment, assignments, last[segment.name] == place) if segment.name in last else segment.text
        for place, segment in enumerate(segments)
    )
    merged = mark + _appended(kept, [line for name, line in assignments.items() if name not in last])
    _confirm(merged.removeprefix("\ufeff"), segments, assignments, lines)
    return merged


def unreadable(text: str, place: int, why: str) -> Failed:
    """Return the error for a file that we would rather not touch; names the line."""
    line = text.count("\n", 0, place) + 1
    return Failed(
        f"the file cannot be merged into safely: line {line}: {why}", fix="repair that line, or write another file"
    )


def _settled(segment: Segment, assignments: Mapping[str, str], is_last: bool) -> str:  # noqa: FBT001  # private, one caller
    if is_last:
        return segment.head + assignments[segment.name] + segment.tail
    # A reader takes the last of several; the blank lines before an earlier one are not ours.
    return segment.head[: segment.head.rfind("\n") + 1]


def _appended(text: str, added: list[str]) -> str:
    if not added:
        return text
    found = _LINE_END.search(text)
    end = found[0] if found else "\n"
    if not text:
        return "".join(line + end for line in added)
    is_ended = text.endswith(("\n", "\r"))
    return (text if is_ended else text + end) + end.join(added) + (end if is_ended else "")


def _confirm(merged: str, before: tuple[Segment, ...], assignments: Mapping[str, str], lines: LineFormat) -> None:
    after = lines.split(merged)
    names = sorted(segment.name for segment in after if segment.name in assignments)
    foreign = "".join(segment.text for segment in before if segment.name not in assignments)
    left = "".join(segment.text for segment in after if segment.name not in assignments)
    if names != sorted(assignments) or left.split() != foreign.split():
        raise Failed(
            "the file cannot be merged into safely: what would come out reads differently", fix="write another file"
        )

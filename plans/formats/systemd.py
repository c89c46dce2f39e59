"""systemd's `EnvironmentFile=`, by the rules of its own reader (env-file.c of 252).

A backslash escapes any character outside quotes and four of them inside double quotes; quotes may span lines; `#` and
`;` begin a comment only at the start of a line; nothing is expanded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .base import Format, LineFormat, Segment, check_any, refuse
from .lines import render_lines, unreadable

if TYPE_CHECKING:
    from ..coder_env import CoderEnv
    from .base import FormatOptions

_SINK = "a systemd environment file"
_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# systemd takes text with a Unicode noncharacter for invalid and drops the line.
_NONCHARACTER = re.compile(
    "[\ufdd0-\ufdef" + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17)) + "]"
)
_PIECE = re.compile(
    r"""
    (?P<blank>[ \t\r\n]+)
    | (?P<comment>[#;](?:[^\\\r\n]|\\[^\r\n])*(?P<continued>\\?))(?:\r\n|[\r\n]|\Z)
    | (?P<key>[^=\r\n]*)(?:=(?P<value>
          (?:[ \t]*(?:'[^']*'|"(?:[^"\\]|\\.)*"))*[ \t]*
          (?:(?:\\.|[^\s'"\\])(?:\\.|[^\\\r\n])*)?
      ))?(?P<tail>\r\n|[\r\n]|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)


def assign(name: str, value: str) -> str:
    """Return `NAME=value`, quoted where need be; raises Failed for control characters."""
    check_any(name, value, _SINK)
    if _CONTROL.search(value):
        raise refuse(name, _SINK, "there is a line end or a control character in it")
    if _NONCHARACTER.search(value):
        raise refuse(name, _SINK, "systemd takes a character of it for invalid")
    return f"{name}={_quoted(value)}"


def _quoted(value: str) -> str:
    if _BARE.fullmatch(value) or not value:
        return value
    # Versions before 239 read escapes in single quotes too, so a value with a backslash is double-quoted.
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def split(text: str) -> tuple[Segment, ...]:
    """Return the file taken apart as systemd does; raises Failed for an open quote or a dangling backslash."""
    segments: list[Segment] = []
    place = 0
    while place < len(text):
        match = _PIECE.match(text, place)
        if match is None or (match.end() == len(text) and (match["value"] or "").endswith(("\n", "\r"))):
            raise unreadable(text, place, "a quote is not closed or a backslash ends the file")
        if match["continued"]:
            raise unreadable(text, place, "versions of systemd differ about a comment that ends in a backslash")
        segments.append(Segment(match[0], _name(match), "", match["tail"] or ""))
        place = match.end()
    return tuple(segments)


def _name(match: re.Match[str]) -> str:
    # systemd ignores a line with `export`, people who source the file need it: ours becomes a plain assignment.
    return "" if match["value"] is None else re.sub(r"\Aexport[ \t]+", "", match["key"].rstrip())


LINES = LineFormat(assign, split)


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return a file for `EnvironmentFile=`."""
    return render_lines(env, options, LINES)


FORMAT = Format("systemd", "EnvironmentFile of a systemd unit", render, LINES)

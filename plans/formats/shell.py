"""Lines to be sourced by a POSIX shell: `export NAME='value'`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .base import Format, LineFormat, Segment, check_any
from .lines import render_lines, unreadable

if TYPE_CHECKING:
    from ..coder_env import CoderEnv
    from .base import FormatOptions

_TOKEN = re.compile(
    r"""
    '[^']*'
    | "(?:[^"\\`$]|\\.|\$(?![({])|\$\{[A-Za-z0-9_]+\}|\$\([^()'"`\\\n]*\)|`[^'"`\\\n]*`)*"
    | \\.
    | \$\{[A-Za-z0-9_]+\} | \$\([^()'"`\\\n]*\) | `[^'"`\\\n]*` | \$(?!['"({])
    | [^\s'"\\`$<\#;&|()]+
    | (?<=[^\s;&|()])\#
    | <(?!<)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"[ \t]+|[;&|()]+")
_COMMENT = re.compile(r"#[^\n]*")
_HEAD = re.compile(r"(?P<head>[ \t]*)(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=")
_QUOTED = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|(?<!\S)\#[^\n]*|\$\([^()]*\)|\(\)""", re.DOTALL)
_OPENERS = re.compile(r"(?<![\w$=./-])(?:if|for|while|until|case|select)(?![\w=./-])|\((?!\))|(?<!\S)\{(?=\s)")
_CLOSERS = re.compile(r"(?<![\w$=./-])(?:fi|done|esac)(?![\w=./-])|\)|(?<!\S)\}")
_INNER = re.compile(r"(?<![A-Za-z0-9_$])(CODER_[A-Z0-9_]+)=")


def assign(name: str, value: str) -> str:
    """Return `export NAME='value'`."""
    quoted = check_any(name, value, "shell").replace("'", "'\\''")
    return f"export {name}='{quoted}'"


def split(text: str) -> tuple[Segment, ...]:
    """Return the file line by line; raises Failed for what only a shell can read (here-documents, blocks)."""
    segments: list[Segment] = []
    place = depth = 0
    while place < len(text):
        end = _line_end(text, place)
        segment = _segment(text, place, end)
        # An `export` within an `if` or a function may never run, and without it the block may be left empty.
        if depth and segment.name.startswith("CODER_"):
            raise unreadable(text, place, f"`{segment.name}` is set inside a block")
        depth = max(0, depth + _opened(segment.text))
        segments.append(segment)
        place = end
    return tuple(segments)


def _line_end(text: str, start: int) -> int:
    place = start
    while place < len(text):
        if text[place] == "\n":
            return place + 1
        match = _TOKEN.match(text, place) or _BLANK.match(text, place) or _COMMENT.match(text, place)
        if match is None:
            raise unreadable(text, place, "a carriage return, an open quote or a construct that only a shell can read")
        if match[0] == "\\\n" and match.end() == len(text):
            raise unreadable(text, place, "a backslash ends the file")
        place = match.end()
    return place


def _opened(line: str) -> int:
    code = _QUOTED.sub("", line)
    return len(_OPENERS.findall(code)) - len(_CLOSERS.findall(code))


def _segment(text: str, start: int, end: int) -> Segment:
    line = text[start:end]
    match = _HEAD.match(line)
    place = match.end() if match else 0
    while match and (token := _TOKEN.match(line, place)):
        place = token.end()
    tail = line[place:]
    if match and re.fullmatch(r"(?:[ \t]+#[^\n]*|[ \t]*)\n?", tail):
        return Segment(line, match["name"], match["head"], tail)
    # A line that sets one of Coder's names among other commands is neither foreign nor ours to rewrite.
    if not line.lstrip().startswith("#") and (inner := _INNER.search(line)):
        raise unreadable(text, start, f"`{inner[1]}` shares its line with something else")
    return Segment(line)


LINES = LineFormat(assign, split)


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return lines for `. FILE` or `eval`."""
    return render_lines(env, options, LINES)


FORMAT = Format("shell", "export lines for a POSIX shell", render, LINES)

"""docker's `--env-file`: RAW. Quotes and backslashes are part of the value, nothing is escaped, a line is a value.

Rules as in docker's own reader (28.2): leading blanks and empty lines are skipped, `#` begins a comment only
at the start of a line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .base import Format, LineFormat, Segment, check_any, refuse
from .lines import render_lines

if TYPE_CHECKING:
    from ..coder_env import CoderEnv
    from .base import FormatOptions

_SINK = "a docker env-file"
_LONGEST_LINE = 65_534  # bytes; docker reads a line into a buffer of 64 KiB
_LINE = re.compile(r"(?P<head>[ \t]*)(?:export[ \t]+)?(?P<name>[^=\r\n#]*)(?:=[^\n]*?)?(?P<tail>\r?\n|\r?\Z)")


def assign(name: str, value: str) -> str:
    """Return `NAME=value`, the value as it is; raises Failed for one of several lines."""
    line = f"{name}={check_any(name, value, _SINK)}"
    if "\n" in value or value.endswith("\r"):
        raise refuse(name, _SINK, "it has more than one line")
    if len(line.encode()) > _LONGEST_LINE:
        raise refuse(name, _SINK, "docker reads lines of at most 64 KiB")
    return line


def split(text: str) -> tuple[Segment, ...]:
    """Return the file line by line."""
    return tuple(_segment(line) for line in re.findall(r"[^\n]*\n|[^\n]+", text))


def _segment(line: str) -> Segment:
    match = _LINE.fullmatch(line)
    if match is None or not match["name"]:
        return Segment(line)
    return Segment(line, match["name"], match["head"], match["tail"])


LINES = LineFormat(assign, split)


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return an env-file for `docker run --env-file`."""
    return render_lines(env, options, LINES)


FORMAT = Format("docker", "docker run --env-file: raw lines", render, LINES)

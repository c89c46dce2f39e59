"""`.env` files in python-dotenv's dialect. Its readers expand `${NAME}` even in single quotes, so that is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import Failed
from .base import Format, LineFormat, Segment, check_any, refuse
from .dotenv_text import parse
from .lines import render_lines

if TYPE_CHECKING:
    from ..coder_env import CoderEnv
    from .base import FormatOptions

_SINK = "a dotenv file"
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_CONTROLS = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\v": "v"}
_ESCAPED = re.compile(r'["\\\a\b\f\n\r\v]')


def assign(name: str, value: str) -> str:
    """Return `NAME=value`, quoted where need be; raises Failed for a value with `${`."""
    if is_expanded(check_any(name, value, _SINK)):
        raise refuse(name, _SINK, "readers of such files replace what stands in `${ }`")
    return f"{name}={_quoted(value)}"


def is_expanded(value: str) -> bool:
    """Tell whether python-dotenv would replace a part of the value."""
    return re.search(r"\$\{[^}]*\}", value) is not None


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if _ESCAPED.search(value.replace('"', "").replace("\\", "")):
        return '"' + _ESCAPED.sub(lambda match: "\\" + _CONTROLS.get(match[0], match[0]), value) + '"'
    # python-dotenv before 1.2 misreads a backslash before the closing quote; a bare value has no such trap.
    if "\\" in value and _is_bare_safe(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _is_bare_safe(value: str) -> bool:
    return value == value.strip() and not value.startswith(("'", '"', "#")) and not re.search(r"\s#", value)


def split(text: str) -> tuple[Segment, ...]:
    """Return the file binding by binding; raises Failed where python-dotenv would skip a line."""
    return tuple(Segment(each.text, each.key, each.head, _spaced(each.tail)) for each in parse(text))


def _spaced(tail: str) -> str:
    # without the blank the comment would become part of the value
    return f" {tail}" if tail.startswith("#") else tail


def value_of(text: str, key: str) -> str | None:
    """Return the last value of a key, None where it is not set; raises Failed where readers differ."""
    found = [each.value for each in parse(text.removeprefix("\ufeff")) if each.key == key]
    if found and found[-1] is not None and is_expanded(found[-1]):
        raise Failed(
            f"`{key}` holds `${{ }}`, which readers of such files replace", fix="put the value into a file of its own"
        )
    return found[-1] if found else None


LINES = LineFormat(assign, split)


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return a `.env` file."""
    return render_lines(env, options, LINES)


FORMAT = Format("dotenv", "a .env file (python-dotenv)", render, LINES)

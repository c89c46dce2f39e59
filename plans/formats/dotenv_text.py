"""python-dotenv's dialect (of 1.2): what a file says, binding by binding, without losing a byte."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .lines import unreadable

_LEAD = re.compile(r"\s*")
_EXPORT = re.compile(r"(?:export[^\S\r\n]+)?")
_KEY = re.compile(r"'(?P<quoted>[^']+)'|(?P<plain>[^=\#\s]+)")
_EQUALS = re.compile(r"[^\S\r\n]*=(?P<blank>[^\S\r\n]*)")
_SINGLE = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_REST = re.compile(r"[^\r\n]*")
_TAIL = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?[^\S\r\n]*(?:\r\n|\n|\r|\Z)")
_COMMENT = re.compile(r"#[^\r\n]*(?:\r\n|\n|\r|\Z)")
_ESCAPES = {"\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Binding:
    """A key with its value, or foreign text where `key` is empty; `value` is None for a key without `=`."""

    text: str
    key: str = ""
    value: str | None = None
    head: str = ""
    tail: str = ""


def parse(text: str) -> tuple[Binding, ...]:
    """Return the file's bindings in order; together their texts are the text. Raises Failed for a line that is none."""
    bindings: list[Binding] = []
    place = 0
    while place < len(text):
        binding = _binding(text, place)
        bindings.append(binding)
        place += len(binding.text)
    return tuple(bindings)


def _binding(text: str, start: int) -> Binding:
    place = _end(_LEAD, text, start)
    if place == len(text):
        return Binding(text[start:])
    if comment := _COMMENT.match(text, place):
        return Binding(text[start : comment.end()])
    place = _end(_EXPORT, text, place)
    key = _KEY.match(text, place)
    if key is None:
        raise unreadable(text, place, "this is no `NAME=value`")
    value, end = _value(text, key.end())
    tail = _TAIL.match(text, end)
    if tail is None:
        raise unreadable(text, place, "something follows the value")
    name = key["quoted"] or key["plain"]
    return Binding(text[start : tail.end()], name, value, text[start:place], tail[0])


def _value(text: str, place: int) -> tuple[str | None, int]:
    equals = _EQUALS.match(text, place)
    if equals is None:
        return None, place
    place = equals.end()
    if match := _SINGLE.match(text, place):
        return _unescaped(match[1], "\\'"), match.end()
    if match := _DOUBLE.match(text, place):
        return _unescaped(match[1], "\\'\"abfnrtv"), match.end()
    if text[place : place + 1] in {"'", '"'}:
        raise unreadable(text, place, "a quote is not closed")
    rest = _REST.match(text, place)
    if rest is None or (equals["blank"] and rest[0].startswith("#")):
        return "", place
    bare = re.sub(r"\s+#.*", "", rest[0]).rstrip()
    return bare, place + len(bare)


def _unescaped(body: str, known: str) -> str:
    return re.sub(rf"\\([{re.escape(known)}])", lambda match: _ESCAPES[match[1]], body)


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place

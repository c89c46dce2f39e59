"""YAML text to plain data over the parser's events, and the places of every key and value. No file, no model.

The stock loaders crash the interpreter on deep nesting and take the last of two equal keys; events do neither.
`plain` is the fast road and only knows that something is odd, `survey` is the careful one that knows what and where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import yaml
from yaml import AliasEvent, DocumentStartEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_NODES: Final = 50_000  # a plan has some fifty; each wrong one costs a kilobyte of error report
MAX_DIGITS: Final = 4300  # Python's own limit for reading and printing a number

# libyaml may be missing where PyYAML was built from source; its parser is then Python, with the same events.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_ENDS: Final = frozenset({MappingEndEvent, yaml.SequenceEndEvent})
_OPENED: Mapping[type, Callable[[], Any]] = {MappingStartEvent: dict, SequenceStartEvent: list}
_MERGE: Final = "<<"
# how an unquoted value begins that may be more than text; all others skip the patterns
_TYPED: Final = frozenset("0123456789+-.nN~tTfF") | {""}
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER: Final = re.compile(
    r"(?P<decimal>[-+]?[0-9]+)|0o(?P<octal>[0-7]+)|0x(?P<hexadecimal>[0-9a-fA-F]+)"
    r"|(?P<real>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_SPECIAL: Final = re.compile(r"\.([iInN])")
_BASES: Final = {"decimal": 10, "octal": 8, "hexadecimal": 16}
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class OddError(Exception):
    """Something a plan may not hold; `survey` says what and where."""


class SourceFloat(float):
    """A number with a point that remembers how it was written, because 2.30 is a version and not 2.3."""

    __slots__ = ("source",)

    source: str

    def __new__(cls, source: str) -> Self:
        """Read YAML's spelling of a number, also `.inf` and `.nan`."""
        number = super().__new__(cls, _SPECIAL.sub(r"\1", source))
        number.source = source
        return number


Plain = bool | int | SourceFloat | str | list["Plain"] | dict[str, "Plain"] | None


def parser(text: str) -> Any:  # noqa: ANN401  # PyYAML has no type for what its two parsers share
    """Return libyaml's parser over the text, or Python's where libyaml is missing; both have `get_event`."""
    return _Loader(text)


def resolve(text: str) -> bool | int | SourceFloat | str | None:
    """Return what an unquoted scalar means by YAML 1.2's core schema: `no` is text and 0755 is 755."""
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None or number.lastgroup is None:
        return text
    if len(text) > MAX_DIGITS:
        raise OddError
    if number.lastgroup == "real":
        return SourceFloat(text)
    return int(number[number.lastgroup], _BASES[number.lastgroup])


def scalar(event: ScalarEvent) -> bool | int | SourceFloat | str | None:
    """Return the value of a scalar event; raises `OddError` for a tag, an anchor and what no text may hold."""
    value: str = event.value
    if event.tag is not None or event.anchor is not None:
        raise OddError
    if not event.style:
        return resolve(value) if value[:1] in _TYPED else value
    # Only double quotes know escapes; everywhere else the parser has refused control characters before.
    if event.style == '"' and not value.isprintable() and unfit_character(value) is not None:
        raise OddError
    return value


def unfit_character(text: str) -> int | None:
    """Return where the first character stands that no plan may hold: a control character, half a surrogate pair."""
    found = _UNFIT.search(text)
    return found.start() if found else None


def plain(text: str) -> Plain:  # noqa: C901, PLR0912  # one loop: calls in it would cost a fifth of the time to load
    """Return the data of the only document, None for an empty one; raises `OddError`, and PyYAML's errors."""
    next_event = parser(text).get_event
    root = _OPENED[SequenceStartEvent]()
    here = root
    key: str | None = None
    above: list[Any] = []
    nodes = 0
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is ScalarEvent:
            value = event.value
            if event.style or value[:1] in _TYPED or event.anchor is not None or event.tag is not None:
                value = scalar(event)
            if key is not None:
                here[key] = value  # pyright: ignore[reportCallIssue, reportArgumentType]  # a key waits only in a dict
                key = None
            elif type(here) is list:
                here.append(value)
            # of two equal keys PyYAML silently takes the last; a key that is no text has no name to complain about
            elif value in here or type(value) is not str:
                raise OddError
            else:
                key = value
        elif kind in _ENDS:
            nodes += len(here)
            # merge keys are YAML 1.1's, and readers of 1.2 take them for a key like any other
            if nodes > MAX_NODES or (_MERGE in here and kind is MappingEndEvent):
                raise OddError
            here = above.pop()
        elif kind in _OPENED:
            if event.anchor is not None or event.tag is not None or len(above) >= MAX_DEPTH:
                raise OddError
            child = _OPENED[kind]()
            if key is not None:
                here[key] = child  # pyright: ignore[reportCallIssue, reportArgumentType]  # a key waits only in a dict
                key = None
            elif type(here) is list:
                here.append(child)
            else:
                raise OddError
            above.append(here)
            here = child
        # aliases let a small file grow without bound; a second document would be dropped without a word
        elif kind is AliasEvent or (kind is DocumentStartEvent and root):
            raise OddError
    return root[0] if root else None

"""How Coder's option library reads a value, type by type, and which values it refuses or misreads.

Every rule was held against github.com/coder/serpent v0.15.0, the library Coder parses its options with.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, TypeAlias

import yaml

from .go_text import regexp_problem, url_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Struct: TypeAlias = "dict[str, str | list[str]]"

REFUSES = "Coder would refuse to start"
MISREADS = "Coder would misread it without a word"

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
# serpent v0.15.0 reads an empty bool as false, where Go's own ParseBool refuses
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False", ""})
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
# days and weeks are serpent's: Go's own durations end at hours
_UNITS |= {"d": 24 * _UNITS["h"], "w": 168 * _UNITS["h"]}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([^.0-9]+)")
_MOST_NANOSECONDS = 2**63 - 1
_BLANK_LINES = re.compile(r"\A(?:\r?\n)*(?:\r\Z)?")
_CSV_FIELD = re.compile(r'(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^",\n]*?))(?P<end>,|\r?\n|\r?\Z)')
_HOST_PORT = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*")
_SHOWN = 60
_QUOTES = ("'", '"')
_UNQUOTED_STRINGS = re.compile(r"_(URL|ID|FIELD|FILE|PATH)$")


class UnreadableError(ValueError):
    """Coder's option library would not take the value; the text says why."""


def value_problem(name: str, kind: str, value: str) -> str | None:
    """Return what Coder would make of a bad value of this type, as one sentence; None for a good one."""
    try:
        misread = _CHECKS[kind](name, value)
    except UnreadableError as error:
        return f"{REFUSES}: {error}"
    return f"{MISREADS}: {misread}" if misread else None


def parse_bool(value: str) -> bool:
    """Read a bool as Go does; the empty text is false. Raises UnreadableError."""
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise UnreadableError(f"`{_cut(value)}` is no bool, use true or false")


def parse_duration(value: str) -> int:
    """Return nanoseconds. Raises UnreadableError, above all for a bare number."""
    body = value[1:] if value[:1] in {"-", "+"} else value
    # the one number that needs no unit, as in Go
    if body == "0":
        return 0
    parts = _PART.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        hint = ", a bare number has no unit" if value.isdigit() else ""
        raise UnreadableError(f"`{_cut(value)}` is no duration such as 24h or 7d{hint}")
    total = sum(_nanoseconds(number, unit) for number, unit in parts)
    if total > _MOST_NANOSECONDS:
        raise UnreadableError(f"`{_cut(value)}` is longer than Coder can count (292 years)")
    return -total if value.startswith("-") else total


def parse_list(value: str) -> list[str]:
    """Read a string-array: the first line of CSV, nothing trimmed. Raises UnreadableError."""
    if not value:
        return []
    # Go's CSV reader skips empty lines before the first record
    text = _BLANK_LINES.sub("", value, count=1)
    if not text:
        raise UnreadableError("it holds nothing but line ends")
    fields: list[str] = []
    place = 0
    while True:
        match = _CSV_FIELD.match(text, place)
        if match is None:
            raise UnreadableError(
                f"a stray double quote in `{_cut(value)}`, values are joined by commas and need no quotes or brackets"
            )
        fields.append(match["bare"] if match["bare"] is not None else match["quoted"].replace('""', '"'))
        if match["end"] != ",":
            return fields
        place = match.end()


def parse_struct(value: str, *, lists: bool) -> Struct:
    """Read a map of strings (or of lists of strings) from YAML or JSON text. Raises UnreadableError."""
    try:
        events = list(yaml.parse(value, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise UnreadableError(f"it is neither YAML nor JSON ({str(error).splitlines()[0]})") from error
    body = [event for event in events if isinstance(event, yaml.events.NodeEvent | yaml.events.CollectionEndEvent)]
    if not body or (_is_null(body[0]) and len(body) == 1):
        return {}
    if not isinstance(body[0], yaml.events.MappingStartEvent):
        raise UnreadableError("it is not a map; mind quotes around the whole value")
    return _mapping(body[1:-1], lists=lists)


def _mapping(events: Sequence[yaml.events.Event], *, lists: bool) -> Struct:
    found: Struct = {}
    rest = iter(events)
    for event in rest:
        key = _scalar(event, "a key")
        if _is_null(event):
            raise UnreadableError("a key is empty")
        if key in found:
            raise UnreadableError(f"the key `{_cut(key)}` is there twice")
        found[key] = _members(rest, key) if lists else _scalar(next(rest), f"the value of `{_cut(key)}`")
    return found


def _members(events: Iterator[yaml.events.Event], key: str) -> list[str]:
    first = next(events)
    if _is_null(first):
        return []
    if not isinstance(first, yaml.events.SequenceStartEvent):
        raise UnreadableError(f"the value of `{_cut(key)}` is not a list")
    members: list[str] = []
    for event in events:
        if isinstance(event, yaml.events.SequenceEndEvent):
            break
        members.append(_scalar(event, f"a member of `{_cut(key)}`"))
    return members


def _scalar(event: yaml.events.Event, what: str) -> str:
    if not isinstance(event, yaml.events.ScalarEvent):
        raise UnreadableError(f"{what} is not a string")
    return "" if _is_null(event) else event.value


def _is_null(event: yaml.events.Event) -> bool:
    return (
        isinstance(event, yaml.events.ScalarEvent)
        # a quoted `~` is text
        and event.implicit[0]
        and event.value in {"", "~", "null", "Null", "NULL"}
    )


def _nanoseconds(number: str, unit: str) -> int:
    if unit not in _UNITS:
        raise UnreadableError(f"`{_cut(unit)}` is no unit of time, use s, m, h, d or w")
    whole, _, fraction = number.partition(".")
    scale: int = 10 ** len(fraction)
    return int(whole or "0") * _UNITS[unit] + int(fraction or "0") * _UNITS[unit] // scale


def _check_string(name: str, value: str) -> str:
    if value[:1] in _QUOTES and value[-1:] == value[:1] and len(value) > 1 and _UNQUOTED_STRINGS.search(name):
        # `docker --env-file` hands quotes on as they are
        return "the quotes belong to the value"
    if value != value.strip() and _UNQUOTED_STRINGS.search(name):
        return "the blanks around the value belong to it"
    if name.endswith("_ISSUER_URL") and not value.startswith(("https://", "http://")):
        raise UnreadableError(f"`{_cut(value)}` is no http or https address, so discovery fails")
    return ""


def _check_bool(_name: str, value: str) -> str:
    parse_bool(value)
    return ""


def _check_duration(_name: str, value: str) -> str:
    return "it is negative, so everything has expired already" if parse_duration(value) < 0 else ""


def _check_list(name: str, value: str) -> str:
    fields = parse_list(value)
    if name == "CODER_OIDC_SCOPES":
        if not fields:
            # set but empty is not the same as not set: only then the default counts (serpent v0.15.0)
            return "it asks for no scope at all, the default is not used"
        if spaced := next((field for field in fields if " " in field.strip()), None):
            return f"`{_cut(spaced)}` is one scope, scopes are joined by commas"
    if blank := next((field for field in fields if field != field.strip()), None):
        return f"the blank in `{_cut(blank)}` belongs to the value, nothing is trimmed"
    if "" in fields:
        return "two commas in a row or one at the end make an empty value"
    return "only its first line counts" if "\n" in value.strip("\r\n") and '"' not in value else ""


def _check_struct(_name: str, value: str) -> str:
    struct = parse_struct(value, lists=False)
    # {access_type:offline} is what a shell leaves of unquoted JSON without blanks
    if glued := next((key for key, member in struct.items() if ":" in key and member == ""), None):
        return f"`{_cut(glued)}` is a key without a value, the quotes were lost on the way or a blank after the colon"
    return ""


def _check_struct_of_lists(name: str, value: str) -> str:
    struct = parse_struct(value, lists=True)
    if name == "CODER_OIDC_ORGANIZATION_MAPPING":
        for member in (member for members in struct.values() for member in members):
            _check_uuid(member)
    return ""


def _check_uuid(value: str) -> None:
    try:
        uuid.UUID(value)
    except ValueError as error:
        raise UnreadableError(f"`{_cut(value)}` is no UUID") from error


def _check_regexp(_name: str, value: str) -> str:
    if problem := regexp_problem(value):
        raise UnreadableError(problem)
    return ""


def _check_url(_name: str, value: str) -> str:
    if problem := url_problem(value):
        raise UnreadableError(problem)
    return ""


def _check_enum(_name: str, value: str) -> str:
    if value.lower() not in {"lax", "none"}:
        raise UnreadableError(f"`{_cut(value)}` is neither lax nor none")
    return ""


def _check_host_port(_name: str, value: str) -> str:
    if not _HOST_PORT.fullmatch(value):
        raise UnreadableError(f"`{_cut(value)}` is no host:port")
    return ""


_CHECKS: Mapping[str, Callable[[str, str], str]] = {
    "string": _check_string,
    "bool": _check_bool,
    "duration": _check_duration,
    "string-array": _check_list,
    "struct": _check_struct,
    "struct-of-lists": _check_struct_of_lists,
    "regexp": _check_regexp,
    "url": _check_url,
    "enum": _check_enum,
    "host:port": _check_host_port,
}


def _cut(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."

"""Lines of a log as records: Coder's human form, JSON, Stackdriver, and what containers put around them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from ...plans.symptoms.base import Record

_TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
# what journald or a container runtime put before the line is passed over
_HUMAN = re.compile(rf"(?P<time>{_TIME})\s+\[(?P<level>[A-Za-z]{{3,8}})\]")
_ANY_TIME = re.compile(_TIME)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LEVELS = {"WARNING": "WARN", "ERRO": "ERROR", "EROR": "ERROR", "DEBU": "DEBUG", "CRIT": "CRITICAL", "FATA": "FATAL"}
_TIMES = ("ts", "time", "timestamp")
_WORDS = ("msg", "message")
_OURS = frozenset({*_TIMES, *_WORDS, "level", "severity", "fields", "logger_names", "caller", "func"})
_HEAD = 300
DEEPEST = 8


def record_of(line: str) -> Record:
    """Return a line as a record, whatever its form."""
    line = _COLOUR.sub("", line)
    if line.lstrip()[:1] == "{":
        entry = json_object(line)
        if entry is not None:
            return _of_entry(entry)
    human = _HUMAN.search(line, 0, _HEAD)
    if human:
        return Record(unescaped(line), level_named(human["level"]), time_of(human["time"]))
    dated = _ANY_TIME.search(line, 0, _HEAD)
    return Record(unescaped(line), "", time_of(dated[0]) if dated else None)


def json_object(text: str) -> Mapping[str, object] | None:
    """Return a JSON object, None for anything else, deep nesting among it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _of_entry(entry: Mapping[str, object]) -> Record:
    inner = entry.get("log")
    # docker's own file: the line is a text in it
    if isinstance(inner, str):
        found = record_of(inner.rstrip("\n"))
        return found if found.time else Record(found.text, found.level, _first_time(entry))
    level = entry.get("level") or entry.get("severity") or ""
    return Record(unescaped(" ".join(_said(entry))), level_named(str(level)), _first_time(entry))


def _first_time(entry: Mapping[str, object]) -> datetime | None:
    return next((time_of(value) for name in _TIMES if isinstance(value := entry.get(name), str)), None)


def _said(entry: Mapping[str, object]) -> Iterator[str]:
    names = entry.get("logger_names")
    if isinstance(names, list):
        yield ".".join(map(str, names)) + ":"
    yield from (str(entry[name]) for name in _WORDS if name in entry)
    yield from _fields(entry.get("fields"))
    yield from _fields({name: value for name, value in entry.items() if name not in _OURS})


def _fields(fields: object) -> Iterator[str]:
    if isinstance(fields, Mapping):
        # an answer that is the whole document must still read as one
        for name, value in fields.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f'"{name}": "{text}"' if name.startswith("error") and isinstance(value, str) else f"{name}={text}"
    # slog's older form: a list of {name, value}
    if isinstance(fields, list):
        yield from (f"{each.get('name')}={each.get('value')}" for each in fields if isinstance(each, Mapping))


def unescaped(text: str) -> str:
    """Return the text without the backslashes that put an answer or an error inside quotes, however often that was done."""
    for _ in range(DEEPEST):
        plainer = text.replace('\\"', '"').replace("\\/", "/").replace("\\u0026", "&").replace("\\u003d", "=")
        if plainer == text:
            break
        text = plainer
    return text


def level_named(word: str) -> str:
    """Return a level in one spelling."""
    upper = word.upper()
    return _LEVELS.get(upper, upper)


def time_of(text: str) -> datetime | None:
    """Return a time, in UTC where it names no zone; None for what is none."""
    try:
        found = datetime.fromisoformat(text.replace(",", ".").replace(" Z", "Z").replace(" +", "+"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

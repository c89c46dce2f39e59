"""The careful walk over YAML events: the place of every key and value, and everything a plan may not hold.

Slower than `yaml_events.plain` and used only where a place is asked for or something is odd.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import yaml
from yaml import AliasEvent, DocumentStartEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent
from yaml.events import CollectionEndEvent

from .yaml_events import MAX_DEPTH, MAX_DIGITS, MAX_NODES, OddError, parser, resolve, unfit_character

Path = tuple[str | int, ...]

_MAX_FAULTS: Final = 1000
_MERGE: Final = "<<"
_LONGEST_SHOWN: Final = 80

# The two parsers share the events and not the type of their marks.
_Event = Any


class Place(NamedTuple):
    """From where to where a token stands, lines and columns counted from 0 as the parser does; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that plan files may not hold, whatever stands in them."""

    message: str
    place: Place
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """Where everything stands, by path; `scalars` are the places of values that are neither mapping nor list."""

    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    scalars: dict[Path, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class _Frame:
    """An open collection: for a list `next` counts its items, for a mapping it is the key that waits for its value."""

    path: Path
    listed: bool
    next: str | int | None

    def child(self) -> Path | None:
        """Return the path of the value that comes now, None where a key is due."""
        if self.next is None:
            return None
        path = (*self.path, self.next)
        self.next = self.next + 1 if isinstance(self.next, int) else None
        return path


class _StopError(Exception):
    """Nothing sensible can be read from here on."""


def survey(text: str) -> Survey:
    """Return all places and all faults; after a fault that hides what follows, the places end there."""
    found = Survey()
    try:
        _walk(text, found)
    except _StopError:
        pass
    except yaml.MarkedYAMLError as error:
        found.faults.append(_syntax(error, len(text)))
    except yaml.YAMLError as error:
        found.faults.append(_unreadable(text, str(error)))
    return found


def _walk(text: str, found: Survey) -> None:
    next_event = parser(text).get_event
    stack: list[_Frame] = [_Frame((), listed=True, next=0)]
    nodes = 0
    while (event := next_event()) is not None:
        if isinstance(event, CollectionEndEvent):
            _close(stack.pop(), event, found)
        elif isinstance(event, DocumentStartEvent):
            if nodes:
                _stop(
                    found, "a plan file holds one document, here a second one starts", event, "put it in its own file"
                )
        elif isinstance(event, (ScalarEvent, AliasEvent, MappingStartEvent, SequenceStartEvent)):
            nodes += 1
            if nodes > MAX_NODES:
                _stop(found, f"the file holds more than {MAX_NODES:,} values, which is no plan", event)
            _node(event, stack, found)


def _node(event: _Event, stack: list[_Frame], found: Survey) -> None:
    _decorations(event, found)
    top = stack[-1]
    path = top.child()
    if path is None:
        top.next = _key(event, top.path, found)
        return
    path = path[1:] if len(stack) == 1 else path
    found.values[path] = _value_place(event, found.keys.get(path))
    if isinstance(event, ScalarEvent):
        found.scalars[path] = _place(event)
        _scalar(event, found)
    elif not isinstance(event, AliasEvent):
        if len(stack) > MAX_DEPTH:
            _stop(found, f"nested more than {MAX_DEPTH} levels deep", event)
        listed = isinstance(event, SequenceStartEvent)
        stack.append(_Frame(path, listed, 0 if listed else None))


def _key(event: _Event, path: Path, found: Survey) -> str:
    if not isinstance(event, ScalarEvent):
        _stop(found, "a key must be text", event)
    name: str = event.value
    place = _place(event)
    if name == _MERGE:
        _fault(found, "merge keys (`<<`) are not part of the plan language", event, "write the settings out")
    elif not event.style and not isinstance(_meaning(name), str):
        _fault(found, "a key must be text, not a number, a boolean or nothing", event, "put the key in quotes")
    _scalar(event, found)
    first = found.keys.get((*path, name))
    if first is not None:
        also = f"the first one is in line {first.line + 1}, column {first.column + 1}"
        _fault(found, f"{_shown(name)} stands here a second time: {also}", event, "keep one of the two")
    else:
        found.keys[(*path, name)] = place
    return name


def _shown(name: str) -> str:
    return f"the key `{name}`" if len(name) <= _LONGEST_SHOWN else "the same long key"


def _meaning(name: str) -> object:
    try:
        return resolve(name)
    except OddError:
        return 0


def _decorations(event: _Event, found: Survey) -> None:
    if isinstance(event, AliasEvent):
        _fault(
            found,
            "aliases (`*name`) are not part of the plan language",
            event,
            "write the value out, or put it in quotes",
        )
        return
    if event.tag is not None:
        _fault(
            found, "tags (`!name`) are not part of the plan language", event, "leave it out, or put the value in quotes"
        )
    if event.anchor is not None:
        _fault(
            found,
            "anchors (`&name`) are not part of the plan language",
            event,
            "leave it out, or put the value in quotes",
        )


def _scalar(event: _Event, found: Survey) -> None:
    value: str = event.value
    if not event.style and len(value) > MAX_DIGITS and not isinstance(_meaning(value), str):
        _fault(found, f"a number of more than {MAX_DIGITS:,} digits", event)
    elif event.style == '"' and not value.isprintable():
        at = unfit_character(value)
        if at is not None:
            _fault(found, f"the text holds the control character U+{ord(value[at]):04X}", event, "leave it out")


def _close(frame: _Frame, event: _Event, found: Survey) -> None:
    start: _Event = event.start_mark
    end: _Event = event.end_mark
    opened = found.values.get(frame.path)
    # Only a closing bracket has a width; a block collection ends wherever the next token starts.
    if opened is not None and end.index > start.index:
        found.values[frame.path] = opened._replace(end_line=end.line, end_column=end.column)


def _value_place(event: _Event, key: Place | None) -> Place:
    """Return where to point for a value: at its key where the value itself has no place of its own."""
    is_empty = event.start_mark.index == event.end_mark.index
    empty = is_empty and isinstance(event, ScalarEvent)
    block = isinstance(event, (MappingStartEvent, SequenceStartEvent)) and not event.flow_style
    if (empty or block) and key is not None:
        return key
    return _place(event)


def _place(event: _Event) -> Place:
    start, end = event.start_mark, event.end_mark
    return Place(start.line, start.column, end.line, end.column)


def _fault(found: Survey, message: str, event: _Event, fix: str = "") -> None:
    if len(found.faults) >= _MAX_FAULTS:
        raise _StopError
    found.faults.append(Fault(message, _place(event), fix))


def _stop(found: Survey, message: str, event: _Event, fix: str = "") -> None:
    _fault(found, message, event, fix)
    raise _StopError


def _syntax(error: yaml.MarkedYAMLError, length: int) -> Fault:
    mark: _Event = error.problem_mark
    # What was never closed is seen only at the end of the file; the reader looks for where it was opened.
    if error.context_mark is not None and (mark is None or mark.index >= length):
        mark = error.context_mark
    context = f" {error.context}" if error.context else ""
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    return Fault(f"not valid YAML: {error.problem}{context}", Place(line, column, line, column + 1))


def _unreadable(text: str, problem: str) -> Fault:
    """Return the character itself: the reader stops at a byte, not at a line."""
    at = unfit_character(text)
    if at is None:
        return Fault(f"not valid YAML: {problem.splitlines()[0]}", Place(0, 0, 0, 0))
    before = text[: at + 1].splitlines()
    line, column = len(before) - 1, len(before[-1]) - 1
    place = Place(line, max(column, 0), line, column + 1)
    return Fault(
        f"the file holds the control character U+{ord(text[at]):04X}", place, "save the file as plain UTF-8 text"
    )

"""A plan file as text: from bytes to data, and from a key of the plan back to its line and column.

Places are worked out when they are asked for, from the text: most plans have nothing to complain about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import yaml

from .errors import PlanError, Position, Problem
from .yaml_events import MAX_BYTES, OddError, Plain, plain
from .yaml_survey import Fault, Path, Place, Survey, survey

_SECRET: Final = re.compile("secret|passw|credential|token$|^(?:from|store|admin|exec)$", re.IGNORECASE)
_REFERENCE: Final = re.compile(
    r"""["']?(?:env:[A-Za-z_][A-Za-z0-9_]*|(?:file|vault|keyring|kubernetes):[^\s"',}]+)["']?"""
)
_SECRET_LINE: Final = re.compile(
    r"""(?i)(?P<key>[\w-]*(?:secret|passw|credential|token)[\w-]*["']?\s*:\s+|\b(?:from|store)\s*:\s+)(?P<value>[^\s{\[#].*)"""
)
_USER: Final = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_MASK: Final = "*"
_ENOUGH: Final = 200


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one plan file, and where things stand in it."""

    file: str
    text: str = field(repr=False)

    def position(self, path: Path, *, key: bool = False, hidden: Iterable[Path] = ()) -> Position:
        """Return the place of the value at `path`, or of its key; of the nearest parent where there is none.

        The line comes with what may be a secret masked, and with all values under the `hidden` paths.
        """
        places = _surveyed(self.text)
        # what is missing has no place, and the section that it is missing from is near enough
        while path and path not in places.values:
            path = path[:-1]
        place = places.keys.get(path) if key else None
        place = place or places.values.get(path)
        if place is None or not path:
            return Position(self.file)
        line = _masked(self.text, places, place.line, tuple(hidden))
        return Position(self.file, place.line + 1, place.column + 1, line, _width(place, line))


def read_document(file: str, raw: bytes) -> tuple[Document, dict[str, Plain]]:
    """Return the document and its data; raises PlanError for what is no plan file at all, whatever stands in it."""
    text = _decoded(file, raw)
    try:
        # the fast road first: nearly all files are without fault
        data = plain(text)
    except (OddError, yaml.YAMLError):
        faults = survey(text).faults or [Fault("cannot be read as YAML", Place(0, 0, 0, 0))]
        raise PlanError(tuple(_problem(file, text, fault) for fault in faults)) from None
    if data is None:
        raise _whole_file(file, "the plan is empty", "`oidc-provision init` writes one")
    if not isinstance(data, dict):
        raise _whole_file(file, "a plan must be a mapping of settings", "start with `version: 1`")
    return Document(file, text), data


def _whole_file(file: str, message: str, fix: str = "") -> PlanError:
    return PlanError((Problem(message, Position(file), fix),))


def _decoded(file: str, raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _whole_file(file, f"the file has more than {MAX_BYTES // 1024 // 1024} MiB, which is no plan")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
        problem = (
            "the file is UTF-16"
            if wide
            else f"the file is not UTF-8: byte {error.start + 1} is 0x{raw[error.start]:02x}"
        )
        line = raw.count(b"\n", 0, error.start) + 1
        position = Position(file) if wide else Position(file, line)
        raise PlanError((Problem(problem, position, "save it as UTF-8"),)) from None


def _problem(file: str, text: str, fault: Fault) -> Problem:
    lines = text.splitlines()
    place = fault.place
    if place.line >= len(lines):
        return Problem(fault.message, Position(file, place.line + 1, place.column + 1), fault.fix)
    # A line can have millions of characters, of which nobody wants to see those far behind the place.
    line = _without_user(lines[place.line][: place.column + _ENOUGH])
    line = _SECRET_LINE.sub(lambda found: found["key"] + _blank(found["value"]), line)
    tab = line[place.column : place.column + 1] == "\t"
    position = Position(file, place.line + 1, place.column + 1, line, _width(place, line))
    return Problem(fault.message, position, "indent with spaces, not with tabs" if tab and not fault.fix else fault.fix)


def _without_user(line: str) -> str:
    return _USER.sub(lambda found: _blank(found[0]), line)


def _width(place: Place, line: str) -> int:
    end = place.end_column if place.end_line == place.line else len(line.rstrip())
    return max(1, end - place.column)


# A fleet asks for places file by file; more than a few at once would only hold memory.
@lru_cache(maxsize=4)
def _surveyed(text: str) -> Survey:
    return survey(text)


@lru_cache(maxsize=4)
def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.splitlines())


def _masked(text: str, places: Survey, number: int, hidden: tuple[Path, ...]) -> str:
    """Return a line of the text, with stars for every value that may be a secret."""
    line = _without_user(_lines(text)[number])
    for path, place in places.scalars.items():
        if place.line <= number <= place.end_line and _is_secret(path, hidden):
            start = place.column if place.line == number else 0
            end = place.end_column if place.end_line == number else len(line)
            if not _REFERENCE.fullmatch(line[start:end].strip()):
                line = line[:start] + _blank(line[start:end]) + line[end:]
    return line


def _is_secret(path: Path, hidden: tuple[Path, ...]) -> bool:
    return any(isinstance(name, str) and _SECRET.search(name) for name in path) or any(
        path[: len(top)] == top for top in hidden
    )


def _blank(value: str) -> str:
    return _MASK * len(value)


def is_secret_path(path: Path) -> bool:
    """Tell whether a value at `path` could be a secret, so that no message may repeat it."""
    return _is_secret(path, ())

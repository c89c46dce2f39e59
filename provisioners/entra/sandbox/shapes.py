"""What may be written: the properties of each kind of object with the check of its values. Read-only properties are not here."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .refusals import bad

Check = Callable[[object], bool]
_GUID = re.compile("[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.]\d{1,7})?)?(Z|[+-]\d\d:\d\d)")
_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?")
_INT32 = 2**31
ANNOTATIONS = ("@odata.type", "@odata.id", "@odata.context")


def text(value: object) -> bool:
    """Accept text or null."""
    return value is None or isinstance(value, str)


def flag(value: object) -> bool:
    """Accept true, false or null."""
    return value is None or isinstance(value, bool)


def word(value: object) -> bool:
    """Accept text that is there."""
    return isinstance(value, str) and value != ""


def switch(value: object) -> bool:
    """Accept true or false."""
    return isinstance(value, bool)


def number(value: object) -> bool:
    """Accept a 32-bit number or null."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value is None or (whole and -_INT32 <= int(str(value)) < _INT32)


def guid(value: object) -> bool:
    """Accept a GUID."""
    return isinstance(value, str) and _GUID.fullmatch(value) is not None


def time(value: object) -> bool:
    """Accept a date with time and zone."""
    try:
        return isinstance(value, str) and _TIME.fullmatch(value) is not None and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def binary(value: object) -> bool:
    """Accept base64."""
    try:
        return isinstance(value, str) and base64.b64decode(value, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


def duration(value: object) -> bool:
    """Accept days, hours, minutes and seconds by ISO 8601."""
    return isinstance(value, str) and _DURATION.fullmatch(value) is not None


def seconds_of(value: str) -> int:
    """Return the seconds of a duration that was accepted."""
    found = _DURATION.fullmatch(value)
    parts = found.groups("0") if found is not None else ("0", "0", "0", "0")
    return sum(int(part) * size for part, size in zip(parts, (86400, 3600, 60, 1), strict=True))


def perhaps(check: Check) -> Check:
    """Accept null as well."""
    return lambda value: value is None or check(value)


def many(check: Check) -> Check:
    """Accept a list of these; a list is never null."""
    return lambda value: isinstance(value, list) and all(check(each) for each in value)


def one_of(*words: str) -> Check:
    """Accept one of these words."""
    return lambda value: isinstance(value, str) and value in words


def record(**fields: Check) -> Check:
    """Accept an object with some of these properties and no others."""
    known = fields | {"@odata_type": word}

    def check(value: object) -> bool:
        return isinstance(value, dict) and all(
            name.replace("@odata.type", "@odata_type") in known
            and known[name.replace("@odata.type", "@odata_type")](each)
            for name, each in value.items()
        )

    return check


def whole(needed: str, check: Check) -> Check:
    """Accept a record that has all of these properties, separated by spaces."""
    return lambda value: isinstance(value, dict) and set(needed.split()) <= set(value) and check(value)


def checked(body: object, known: Mapping[str, Check], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a body whose properties are all known and of their type. Refuses in Graph's words."""
    if not isinstance(body, dict):
        raise bad("Empty Payload. JSON content expected.")
    for name, value in body.items():
        if name not in known and not (name in ANNOTATIONS and isinstance(value, str)):
            raise bad(f"Invalid property '{name}'.")
        if name in known and not known[name](value):
            raise bad(f"Property {name} in payload has a value that does not match schema.")
    for name in needed:
        if name not in body:
            raise bad(f"A value is required for property '{name}' of resource.")
    return {name: value for name, value in body.items() if name not in ANNOTATIONS}

"""What was sent, checked as the server checks it: known fields, values that can be taken as their type."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .refusals import NO_JSON, WRONG_JSON, plain


def parsed(body: bytes) -> object:
    """Return the JSON of a request."""
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError):
        raise NO_JSON from None


def checked_fields(body: object, known: Iterable[str], kind: str) -> dict[str, Any]:
    """Return an object whose fields are all known to this version of the server."""
    if not isinstance(body, dict):
        raise WRONG_JSON
    for name in body:
        if name not in known:
            words = f'Invalid json representation for {kind}. Unrecognized field "{name}" at line 1 column 1.'
            raise plain(400, words)
    return body


def boolean(value: object) -> bool:
    """Return a switch, also where it came as text."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise WRONG_JSON


def integer(value: object) -> int:
    """Return a number, also where it came as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WRONG_JSON
    try:
        return int(value)
    except ValueError:
        raise WRONG_JSON from None

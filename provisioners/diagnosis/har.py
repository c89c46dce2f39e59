"""A HAR, what a browser recorded, as records: answers with their bodies, and redirects that carry an error. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

from ...plans.symptoms.base import Record
from .records import json_object, time_of, unescaped

MOST_BYTES = 64 * 1024 * 1024
"""A longer HAR is refused: JSON cannot be read in pieces."""
MOST_BODY = 256 * 1024


def records_of_har(text: str) -> list[Record] | None:
    """Return a record for each answer; None where the text is no HAR."""
    whole = json_object(text)
    log = whole.get("log") if whole else None
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        return None
    return [_record(entry) for entry in entries if isinstance(entry, Mapping)]


def _record(entry: Mapping[str, object]) -> Record:
    request, response = _mapping(entry, "request"), _mapping(entry, "response")
    started = entry.get("startedDateTime")
    said = " ".join(_said(request, response))
    return Record(unescaped(said), "", time_of(started) if isinstance(started, str) else None)


def _said(request: Mapping[str, object], response: Mapping[str, object]) -> Iterator[str]:
    yield f"{request.get('method', '?')} {request.get('url', '')} -> {response.get('status', '?')}"
    redirect = response.get("redirectURL")
    if isinstance(redirect, str) and redirect:
        yield f"Location: {redirect}"
    yield from _locations(response.get("headers"))
    yield _body(_mapping(response, "content"))


def _locations(headers: object) -> Iterator[str]:
    if isinstance(headers, Sequence) and not isinstance(headers, str):
        for each in headers:
            if isinstance(each, Mapping) and str(each.get("name")).lower() == "location":
                yield f"Location: {each.get('value')}"


def _body(content: Mapping[str, object]) -> str:
    text = content.get("text")
    if not isinstance(text, str):
        return ""
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text[:MOST_BODY]).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return text[:MOST_BODY]


def _mapping(value: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}

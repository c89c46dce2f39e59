"""Reads one thing into a tally: finds out what it is by its first bytes, and hands it to whoever knows that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from ...plans.errors import UsageError
from ...plans.symptoms.base import Record, Symptom
from ...plans.symptoms.table import anchors
from ..registry import Refusals
from .chunks import BLOCK, Source, blocks
from .har import MOST_BYTES, records_of_har
from .metrics import symptoms_of_page
from .oauth_errors import Tables, described, explained
from .records import unescaped
from .scanning import scan
from .tally import Read, Tally, excerpt

MOST_PAGE: Final = 32 * 1024 * 1024
MOST_ANSWER: Final = 64 * 1024
_HAR = re.compile(rb'\s*\{\s*"log"\s*:\s*\{')
_METRICS = re.compile(rb"(?m)\A\s*(?:# (?:HELP|TYPE) |[a-zA-Z_:][\w:]*(?:\{[^}\n]*\})? [0-9.eE+-]+\s*$)")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads sources. With a `kind` of identity provider only its refusals are known."""

    refusals: Mapping[str, Refusals]
    kind: str = ""

    @property
    def tables(self) -> Tables:
        """What each vendor's refusals mean."""
        return {kind: each.meanings for kind, each in self.refusals.items()}

    @property
    def clues(self) -> Mapping[str, str]:
        """What gives each vendor away."""
        return {kind: each.clue for kind, each in self.refusals.items() if each.clue}

    def explain(self, text: str) -> list[Symptom]:
        """Return what the OAuth errors of a text mean."""
        return explained(text, self.tables, self.clues, self.kind)

    def read(self, source: Source, tally: Tally, form: str = "") -> Read:
        """Count what a source shows; `form` is `log`, `har` or `metrics`, "" to find out. Raises UsageError for a HAR that is none."""
        chunks = source.chunks()
        first = next((chunk for chunk in chunks if chunk), b"")
        pieces = chain([first], chunks)
        form = form or sniffed(first)
        if form == "har":
            lines = _har(_whole(pieces, MOST_BYTES, source.name), tally, source.name)
        elif form == "metrics":
            lines = page_read(_whole(pieces, MOST_PAGE, source.name), tally, source.name)
        elif form == "answer":
            lines = self.text(first.decode("utf-8", "replace"), tally, source.name)
        else:
            lines = scan(blocks(pieces), anchors(self.tables.values()), tally, source.name)
        return Read(source.name, "text" if form == "answer" else form, lines, tuple(source.notes))

    def text(self, text: str, tally: Tally, name: str) -> int:
        """Count what an error's text shows, all of it one record; return its lines."""
        record = Record(unescaped(text))
        if not tally.look(record, name):
            for symptom in described(record.text, self.tables, self.kind):
                tally.add(symptom, f"{name}: {excerpt(record.text, symptom)}")
        return len(text.splitlines())


def sniffed(first: bytes) -> str:
    """Return what something is by its beginning: `har`, `metrics`, `answer` (one JSON document on several lines), else `log`."""
    if _HAR.match(first):
        return "har"
    if _METRICS.match(first):
        return "metrics"
    return "answer" if _is_answer(first) else "log"


def _is_answer(first: bytes) -> bool:
    # one line is a line of a log as well, and a record of it is made there
    text = first.strip()
    if not text.startswith(b"{") or b"\n" not in text or len(text) > MOST_ANSWER:
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _whole(pieces: Iterator[bytes], most: int, name: str) -> str:
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > most:
            raise UsageError(
                f"`{name}` has more than {most // BLOCK} MiB, which is too much for its kind",
                fix="record a shorter time, or say what it is with --as log",
            )
    return content.decode("utf-8-sig", "replace")


def _har(text: str, tally: Tally, name: str) -> int:
    records = records_of_har(text)
    if records is None:
        raise UsageError(
            f"`{name}` is no HAR: it has no `log.entries`", fix="save it anew from the browser's network view"
        )
    for number, record in enumerate(records, 1):
        tally.look(record, f"{name}, answer {number}")
    return len(records)


def page_read(page: str, tally: Tally, name: str) -> int:
    """Count what a page of metrics shows; return its lines."""
    for symptom, evidence in symptoms_of_page(page):
        tally.add(symptom, f"{name}: {evidence}")
    return page.count("\n")

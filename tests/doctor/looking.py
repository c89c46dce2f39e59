"""The doctor without a command line: bytes in, what was found out."""

from __future__ import annotations

import gzip
import io
from functools import cache
from pathlib import Path

import yaml

from oidc_provision.plans.versions import CoderVersion
from oidc_provision.provisioners.diagnosis.chunks import Source
from oidc_provision.provisioners.diagnosis.reading import Reader
from oidc_provision.provisioners.diagnosis.tally import Diagnosis, Read, Tally
from oidc_provision.provisioners.registry import refusals

known = cache(refusals)


@cache
def corpus() -> list[dict]:
    return yaml.safe_load((Path(__file__).parent / "corpus.yaml").read_text(encoding="utf-8"))


def looked(content: bytes, form: str = "", kind: str = "", version: CoderVersion | None = None) -> Diagnosis:
    """Return what a file shows."""
    reader = Reader(known(), kind)
    tally = Tally(reader.explain, version)
    read = reader.read(Source("file", io.BytesIO(content)), tally, form)
    return Diagnosis(tally.ranked(), (read,))


def heard(text: str, kind: str = "", version: CoderVersion | None = None) -> Diagnosis:
    """Return what the text of an error shows."""
    reader = Reader(known(), kind)
    tally = Tally(reader.explain, version)
    lines = reader.text(text, tally, "text")
    return Diagnosis(tally.ranked(), (Read("text", "text", lines),))


def of_row(row: dict) -> Diagnosis:
    """Return what a row of the corpus shows; the kind of file is left to be found out."""
    kind = row.get("kind", "")
    if "text" in row:
        return heard(row["text"], kind)
    (content,) = (row[form] for form in ("log", "har", "metrics") if form in row)
    return looked(content.encode(), kind=kind)


def codes(found: Diagnosis) -> list[str]:
    return [each.symptom.code for each in found.found]


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)

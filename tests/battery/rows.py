"""The rows of the battery as values. What they say stands in rows.yaml, who proves them in the marks of the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("rows.yaml")


@dataclass(frozen=True)
class Row:
    number: int
    group: str
    what: str
    expected: str
    without: str = ""
    waits_for: str = ""

    def __str__(self) -> str:
        return f"{self.number} {self.group}: {self.what}"


def rows(file: Path = FILE) -> tuple[Row, ...]:
    """In the order of the file."""
    return tuple(Row(**stated) for stated in yaml.safe_load(file.read_text(encoding="utf-8")))


def groups(table: tuple[Row, ...]) -> Mapping[str, tuple[Row, ...]]:
    """The rows by their group, waiting ones too, in the order of the file."""
    return {name: tuple(row for row in table if row.group == name) for name in dict.fromkeys(r.group for r in table)}


def numbers_of(marks: Iterator[Any]) -> list[int]:
    """The rows that the `battery` marks of one test name, each once."""
    return sorted({number for mark in marks for number in mark.args})

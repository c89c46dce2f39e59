"""Lines that may show a symptom, out of blocks of many that do not: a few passes for fixed words before any line is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .records import record_of
from .tally import Tally


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a block: its number in the block, from 0, and its bytes."""

    number: int
    content: bytes


def candidates(block: bytes, anchors: Iterable[bytes]) -> Iterator[Line]:
    """Yield the lines of a block that hold one of these lower-case words, in their order."""
    lowered = block.lower()
    ends: dict[int, int] = {}
    for anchor in anchors:
        place = lowered.find(anchor)
        while place >= 0:
            end = lowered.find(b"\n", place)
            end = len(lowered) if end < 0 else end
            ends[lowered.rfind(b"\n", 0, place) + 1] = end
            place = lowered.find(anchor, end)
    number = position = 0
    for start in sorted(ends):
        number += block.count(b"\n", position, start)
        position = start
        yield Line(number, block[start : ends[start]])


def scan(blocks: Iterable[bytes], anchors: Iterable[str], tally: Tally, name: str) -> int:
    """Count what the lines of a log show; return how many lines there were."""
    words, lines = [anchor.encode() for anchor in anchors], 0
    for block in blocks:
        for line in candidates(block, words):
            tally.look(record_of(line.content.decode("utf-8", "replace")), f"{name}:{lines + line.number + 1}")
        lines += block.count(b"\n") + (not block.endswith(b"\n"))
    return lines

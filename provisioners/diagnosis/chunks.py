"""Bytes of a file or a pipe as blocks of whole lines: unpacked where they are packed, in constant memory."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from itertools import chain

BLOCK = 1024 * 1024
"""Bytes that are read at once, and the longest line that is looked at whole."""
GZIP = b"\x1f\x8b"
_EITHER_FORMAT = zlib.MAX_WBITS | 32
# a line that is cut may end in half of a token, and half of it may be too short to look like one
_EDGE = 8192
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def unheard(_count: int) -> None:
    """Hear nothing."""


@dataclass(slots=True)
class Source:
    """Something to read, once. `notes` tell afterwards what was not as it should be; `hear` gets the bytes as they are read."""

    name: str
    stream: BufferedIOBase
    hear: Callable[[int], None] = unheard
    notes: list[str] = field(default_factory=list)

    def chunks(self) -> Iterator[bytes]:
        """Yield pieces of the content, none much longer than a block; UTF-16 becomes UTF-8."""
        raw = self._raw()
        first = next(raw, b"")
        pieces: Iterator[bytes] = chain([first], raw)
        if first.startswith(GZIP):
            pieces = self._unpacked(pieces)
            first = next(pieces, b"")
            pieces = chain([first], pieces)
        encoding = next((name for mark, name in _BOMS if first.startswith(mark)), "")
        return _as_utf8(pieces, encoding) if encoding else pieces

    def _raw(self) -> Iterator[bytes]:
        while piece := self.stream.read1(BLOCK):
            self.hear(len(piece))
            yield piece

    def _unpacked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        stream, begun = zlib.decompressobj(_EITHER_FORMAT), False
        for piece in pieces:
            rest = piece
            while rest:
                try:
                    # a bomb is read through like any log, a block at a time
                    unpacked, begun = stream.decompress(rest, BLOCK), True
                except zlib.error:
                    self.notes.append("its compression is broken: read up to there")
                    return
                yield unpacked
                rest = stream.unconsumed_tail
                # `logrotate` and `cat` put several packed files into one
                if stream.eof:
                    rest = stream.unused_data.lstrip(b"\0")
                    stream, begun = zlib.decompressobj(_EITHER_FORMAT), False
        if begun:
            yield stream.flush()
            self.notes.append("its compression ends in the middle: read up to there")


def _as_utf8(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield from (decoder.decode(piece).encode("utf-8", "replace") for piece in pieces)


def blocks(chunks: Iterator[bytes], longest: int = BLOCK) -> Iterator[bytes]:
    """Yield blocks of whole lines; of a line that is longer than `longest` the beginning, cut where no token is cut."""
    kept, passing = b"", False
    for chunk in chunks:
        if passing:
            end = chunk.find(b"\n")
            if end < 0:
                continue
            chunk, passing = chunk[end + 1 :], False  # noqa: PLW2901  # what is left of it
        kept += chunk
        last = kept.rfind(b"\n") + 1
        if last:
            yield kept[:last]
            kept = kept[last:]
        if len(kept) > longest:
            yield cut(kept, longest) + b"\n"
            kept, passing = b"", True
    if kept:
        yield kept


def cut(line: bytes, longest: int) -> bytes:
    """Return the beginning of a line, up to a space."""
    short = line[:longest]
    edge = max(short.rfind(mark, len(short) - _EDGE) for mark in (b" ", b",", b'"', b"\t", b"&"))
    return short[: edge if edge > 0 else len(short) - _EDGE]

"""Bodies of answers, read with a cap on the bytes *after* decompression, and judged: JSON where JSON was asked for."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from . import strict_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_OK = 200
_REDIRECTS = 300
_OURS = ("", "identity", "gzip", "x-gzip")
_EITHER_FORMAT = zlib.MAX_WBITS | 32


class BodyError(Exception):
    """Why this body is of no use, in words that follow the host's name."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A judged body: `value` is the JSON value where `is_json`."""

    is_json: bool
    value: object = None


class Unpacker(Protocol):
    """Turns bytes from the wire into bytes of the body, a bounded number at a time."""

    def feed(self, data: bytes, room: int) -> bytes:
        """Return at most `room + 1` bytes: one too many shows that the cap is broken."""
        ...

    def close(self) -> None:
        """Raise `BodyError` where the body ended too early."""
        ...


class _Plain:
    def feed(self, data: bytes, room: int) -> bytes:
        return data[: room + 1]

    def close(self) -> None:
        return


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_EITHER_FORMAT)
        self._begun = False

    def feed(self, data: bytes, room: int) -> bytes:
        self._begun = self._begun or bool(data)
        try:
            # httpx's own decoder has no limit: 194 KB on the wire became 200 MB in memory
            return self._stream.decompress(data, room + 1)
        except zlib.error as error:
            raise BodyError("sent an answer whose compression is broken") from error

    def close(self) -> None:
        if self._begun and not self._stream.eof:
            raise BodyError("sent an answer that ends in the middle")


def unpacker(encoding: str) -> Unpacker:
    """Return the unpacker for a Content-Encoding; raise `BodyError` on one we did not ask for."""
    name = encoding.strip().lower()
    if name not in _OURS:
        raise BodyError(f"compressed its answer as {name[:40]!a}, which was not asked for")
    return _Gzip() if name.endswith("gzip") else _Plain()


async def read_body(chunks: AsyncIterator[bytes], encoding: str, declared: str, cap: int) -> bytes:
    """Return the body; raise `BodyError` where it is longer than `cap` bytes, decoded, or cut short."""
    # what announces itself as too long need not be read to be refused
    if declared.isdecimal() and float(declared) > cap:
        raise BodyError(_too_long(cap))
    body, unpack = bytearray(), unpacker(encoding)
    async for chunk in chunks:
        body += unpack.feed(chunk, cap - len(body))
        if len(body) > cap:
            raise BodyError(_too_long(cap))
    unpack.close()
    return bytes(body)


def _too_long(cap: int) -> str:
    return f"sent an answer of more than {cap // 2**20 or cap / 2**20:g} MiB"


def judge(body: bytes, *, status: int, kind: str, json_asked: bool, must_have: bool) -> Reading:
    """Judge a body by its Content-Type `kind`; `must_have` = an empty 200 is an error too. Raises `BodyError`."""
    is_json = _is_json(kind)
    if not body:
        if json_asked and must_have and status == _OK:
            raise BodyError("answered nothing where JSON was expected")
        return Reading(is_json=False)
    if not is_json:
        # an error may come as a page of HTML: its status says enough
        if json_asked and status < _REDIRECTS:
            shown = ascii(kind.partition(";")[0].strip()[:60] or "no type")[1:-1]
            raise BodyError(f"answered {shown} where JSON was expected: not JSON")
        return Reading(is_json=False)
    try:
        return Reading(is_json=True, value=strict_json.parse(body))
    except strict_json.JsonError as error:
        raise BodyError(f"answered broken JSON: {error}") from None


def _is_json(kind: str) -> bool:
    media_type = kind.partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")

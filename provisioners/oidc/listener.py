"""A listener on loopback for the one request that brings a code back. Anything else it is asked gets a 404."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ...plans.errors import Failed
from ...plans.redirects import LOOPBACK, TEMPORARY_PATH, loopback_redirect

_LONGEST = 16_384
_PAGE = b"<!doctype html><meta charset=utf-8><title>oidc-provision</title><p>%s You can close this window.</p>"
_SIGNED_IN, _REFUSED = b"Signed in.", b"The sign-in was refused; the terminal says why."


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the browser is sent back to."""

    port: int
    path: str
    arrived: asyncio.Future[str]

    @property
    def address(self) -> str:
        """The redirect URI."""
        return loopback_redirect(self.port, self.path)

    async def callback(self, seconds: float) -> str:
        """Return the callback address with its answer. Raises Failed where none comes in time."""
        try:
            async with asyncio.timeout(seconds):
                query = await asyncio.shield(self.arrived)
        except TimeoutError:
            problem = f"nobody came back from the sign-in within {seconds:.0f} s"
            raise Failed(
                problem, where=self.address, fix="sign in in the browser that was opened, or raise --wait"
            ) from None
        return f"{self.address}?{query}"


@asynccontextmanager
async def listening(port: int = 0, path: str = TEMPORARY_PATH) -> AsyncIterator[Listener]:
    """Listen on loopback until the end of the block. Raises Failed where the port is taken."""
    arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    connected: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.add(writer)
        try:
            async with asyncio.timeout(10):
                await _answered(reader, writer, path, arrived)
        except (TimeoutError, ConnectionError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            connected.discard(writer)
            writer.close()

    try:
        server = await asyncio.start_server(answer, LOOPBACK, port, limit=_LONGEST)
    except OSError as error:
        problem = f"cannot listen on port {port}: {(error.strerror or 'unknown').lower()}"
        raise Failed(problem, fix="free it, or use a redirect URI with another port") from error
    async with server:
        try:
            yield Listener(server.sockets[0].getsockname()[1], path, arrived)
        finally:
            server.close()
            # browsers connect ahead of need and then say nothing; from Python 3.12 on the server would wait for them
            for writer in connected:
                writer.transport.abort()


async def _answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, expected: str, arrived: asyncio.Future[str]
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii", "replace")
    method, target, _ = (head.split("\r\n", 1)[0] + "  ").split(" ", 2)
    path, _, query = target.partition("?")
    # a browser asks for more than the page: only the callback's own path with an answer counts
    names = {each.partition("=")[0] for each in query.split("&")}
    is_it = method == "GET" and path == expected and bool(names & {"code", "error"})
    words = _SIGNED_IN if "code" in names else _REFUSED
    status, body = ("200 OK", _PAGE % words) if is_it else ("404 Not Found", b"")
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    writer.write(
        "\r\n".join([*lines, "Referrer-Policy: no-referrer", "Cache-Control: no-store", "", ""]).encode() + body
    )
    await writer.drain()
    if is_it and not arrived.done():
        arrived.set_result(query)

"""Real servers on loopback, each with one fault or habit: a function from a request to what is written."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Server:
    """Where it listens and what it has seen."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])


Write = Callable[[bytes], Awaitable[None]]
Behaviour = Callable[[Seen, Write], Awaitable[bool | None]]


def answer(status: int = 200, body: object = None, kind: str = "application/json", **headers: str) -> bytes:
    """Return a whole answer; bytes are sent as they are, other values as JSON."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(data)}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def always(*pieces: bytes, pause: float = 0.0) -> Behaviour:
    """Write these pieces to every request, with a pause between them."""

    async def behave(_seen: Seen, write: Write) -> None:
        for piece in pieces:
            await write(piece)
            await asyncio.sleep(pause)

    return behave


def in_turn(*answers: bytes) -> Behaviour:
    """Write one answer after the other, the last one again and again; an empty one cuts the connection."""
    waiting = list(answers)

    async def behave(_seen: Seen, write: Write) -> bool:
        chosen = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        await write(chosen)
        return bool(chosen)

    return behave


def gzip_bomb(size: int) -> bytes:
    """Return an answer whose body of zeros has this many bytes once it is unpacked."""
    return answer(200, gzip.compress(bytes(size)), Content_Encoding="gzip")


async def read_request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return Seen(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))


@asynccontextmanager
async def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"):
    """Serve until the block ends; a behaviour that returns False closes its connection."""
    server = Server()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        server.connections += 1
        server.open_now += 1
        server.most_open = max(server.most_open, server.open_now)
        try:
            while True:
                seen = await read_request(reader)
                server.seen.append(seen)
                if await behaviour(seen, write) is False:
                    break
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            server.open_now -= 1
            # abort, not close: what a fault has left unwritten must not keep the test waiting
            writer.transport.abort()

    listener = await asyncio.start_server(connected, host, 0, ssl=tls)
    scheme = "https" if tls else "http"
    server.url = f"{scheme}://{'localhost' if tls else host}:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        pending = asyncio.all_tasks() - {asyncio.current_task()}
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        # an aborted TLS transport closes its socket in the turns that follow
        for _ in range(5):
            await asyncio.sleep(0)


async def free_port() -> int:
    """Return a port on which nobody listens."""
    listener = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    return port


class FakeClock:
    """Time that passes only by sleeping, and at once."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.slept: list[float] = []
        self._start = now

    def monotonic(self) -> float:
        return sum(self.slept)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=sum(self.slept))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

"""Answers that no honest server gives, byte by byte; and servers that give nothing else."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

import pytest
from tests.faults.proxy import Exchange, Fault, Proxy, proxying
from tests.live.conftest import Realm
from tests.live.running import edit
from tests.servers import Behaviour, Server, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MIB = 2**20


@pytest.fixture
def proxy(plan: Any, emulated: Realm) -> Iterator[Proxy]:
    """A proxy that stands between the plan and its server."""
    with proxying(emulated.url) as made:
        edit(plan, identity_provider__url=made.url)
        yield made


def raw(*pieces: bytes, pause: float = 0.0) -> Fault:
    """Write these, with a pause after each, and end the connection as a server in good order does."""
    return lambda exchange: _write(exchange, pieces, pause)


def endless(begin: bytes, piece: bytes, pause: float = 0.0) -> Fault:
    """Begin so, and never stop writing this."""
    return lambda exchange: _write(exchange, chain([begin], repeat(piece)), pause)


def _write(exchange: Exchange, pieces: Iterable[bytes], pause: float) -> None:
    gone = threading.Event()
    exchange.close_connection = True
    for piece in pieces:
        exchange.wfile.write(piece)
        gone.wait(pause)
    exchange.wfile.flush()


def half_closed(exchange: Exchange) -> None:
    """The server has done it, sends half of its answer, and then says that it will send nothing more."""
    status, _, body = exchange.forward()
    head = f"HTTP/1.1 {status} Half\r\nContent-Type: application/json\r\nContent-Length: {len(body) + 9}\r\n\r\n"
    exchange.wfile.write(head.encode() + body[: len(body) // 2])
    exchange.connection.shutdown(socket.SHUT_WR)
    exchange.close_connection = True


def says(body: object, status: int = 200, kind: str = "application/json", **headers: str) -> Fault:
    """Answer this without asking the server; bytes as they are, other values as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = [("Content-Type", kind), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return lambda exchange: exchange.answer(status, named, data)


def changed(change: Callable[[Any], Any]) -> Fault:
    """Pass the server's answer on, changed."""

    def fault(exchange: Exchange) -> None:
        status, headers, body = exchange.forward()
        exchange.answer(status, headers, json.dumps(change(json.loads(body))).encode())

    return fault


@contextmanager
def standing(behaviour: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """A server of this behaviour in a thread of its own, so that a command can run in this one."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    kept: list[Server] = []

    async def stand(done: asyncio.Event) -> None:
        async with serving(behaviour, tls, host) as server:
            kept.append(server)
            ready.set()
            await done.wait()

    done = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(stand(done)))
    thread.start()
    assert ready.wait(30)
    try:
        yield kept[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()

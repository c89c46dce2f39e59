"""A reverse proxy on loopback that passes every request on, and does to chosen ones what networks and servers do."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Answer = tuple[int, list[tuple[str, str]], bytes]
_BETWEEN_TWO = frozenset({"transfer-encoding", "content-length", "connection", "keep-alive"})
_AT_ONCE = struct.pack("ii", 1, 0)


class Exchange(BaseHTTPRequestHandler):
    """One request under way: a fault decides whether it arrives, and what is answered."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _pass(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.proxy.seen(self)(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815  # the names that http.server calls

    def forward(self) -> Answer:
        """Let the server do it; the caller still decides what becomes of the answer."""
        host, port = self.server.proxy.upstream
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        headers |= {"X-Forwarded-Proto": urlsplit(self.server.proxy.url).scheme}
        with closing(http.client.HTTPConnection(host, port, timeout=60)) as way:
            way.request(self.command, self.path, self.body, {**headers, "Connection": "close"})
            answer = way.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _BETWEEN_TWO]
            return answer.status, kept, answer.read()

    def answer(self, status: int, headers: list[tuple[str, str]] | None = None, body: bytes = b"") -> None:
        self.send_response_only(status)
        for name, value in [*(headers or []), ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def cut(self) -> None:
        """End the connection as a broken network does: with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        self.rfile.close()
        self.wfile.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server names it so
        """Say nothing."""


Fault = Callable[[Exchange], None]


def passed(exchange: Exchange) -> None:
    exchange.answer(*exchange.forward())


def cut_before(exchange: Exchange) -> None:
    exchange.cut()


def answer_lost(exchange: Exchange) -> None:
    exchange.forward()
    exchange.cut()


def cut_in_headers(exchange: Exchange) -> None:
    exchange.forward()
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    exchange.cut()


def cut_in_body(exchange: Exchange) -> None:
    status, headers, body = exchange.forward()
    exchange.send_response_only(status)
    for name, value in [*headers, ("Content-Length", str(len(body)))]:
        exchange.send_header(name, value)
    exchange.end_headers()
    exchange.wfile.write(body[: len(body) // 2])
    exchange.cut()


def answers(status: int, **headers: str) -> Fault:
    """The server does nothing and says so."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return lambda exchange: exchange.answer(status, named)


def done_but_answers(status: int) -> Fault:
    """The server has done it, and something on the way says that it has not."""

    def fault(exchange: Exchange) -> None:
        exchange.forward()
        exchange.answer(status)

    return fault


def late(seconds: float) -> Fault:
    def fault(exchange: Exchange) -> None:
        time.sleep(seconds)
        passed(exchange)

    return fault


def silent(exchange: Exchange) -> None:
    """The server never gets it, and nobody says so."""
    time.sleep(60)
    exchange.cut()


def done_but_late(seconds: float) -> Fault:
    """The server has done it, and its answer comes late."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.forward()
        time.sleep(seconds)
        exchange.answer(*answer)

    return fault


def dripping(pause: float) -> Fault:
    """The server has done it; its answer comes a byte at a time."""

    def fault(exchange: Exchange) -> None:
        status, headers, body = exchange.forward()
        exchange.send_response_only(status)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            exchange.send_header(name, value)
        exchange.end_headers()
        for byte in body:
            time.sleep(pause)
            exchange.wfile.write(bytes([byte]))

    return fault


def all_at_once(count: int, fault: Fault) -> Fault:
    """Do it to this many requests when all of them are there."""
    barrier = threading.Barrier(count)

    def waits(exchange: Exchange) -> None:
        barrier.wait(30)
        fault(exchange)

    return waits


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed has nothing more to hear."""


@dataclass
class _Rule:
    method: str
    path: re.Pattern[str]
    faults: list[Fault]


@dataclass
class Proxy:
    """What was asked, in order, and what is to be done to whom. `always` is done to all that no rule takes."""

    upstream: tuple[str, int]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    always: Fault = passed
    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, request: str, *faults: Fault) -> None:
        """Do these, in turn, to requests such as `PUT /clients/[^/]+$`, a method and a part of the path."""
        method, path = request.split(" ")
        self._rules.append(_Rule(method, re.compile(path), list(faults)))

    def seen(self, exchange: Exchange) -> Fault:
        path = urlsplit(exchange.path).path
        with self._lock:
            self.asked.append(f"{exchange.command} {path}")
            matching = (rule for rule in self._rules if rule.method == exchange.command and rule.path.search(path))
            rule = next((rule for rule in matching if rule.faults), None)
            return self.always if rule is None else rule.faults.pop(0)

    def forget(self) -> None:
        """Be as new."""
        self.asked.clear()
        self._rules.clear()
        self.always = passed

    @property
    def unused(self) -> list[str]:
        """The rules that nobody met: a test that has some did not test its fault."""
        return [f"{rule.method} {rule.path.pattern}" for rule in self._rules if rule.faults]


class _Server6(_Server):
    address_family = socket.AF_INET6


@contextmanager
def proxying(url: str, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Proxy]:
    """Stand before the server at this address until the block ends; with `tls` as `https://localhost`."""
    parts = urlsplit(url)
    proxy = Proxy((parts.hostname or "", parts.port or 80))
    with (_Server6 if ":" in host else _Server)((host, 0), Exchange) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.proxy = proxy
        name = "localhost" if tls else f"[{host}]" if ":" in host else host
        proxy.url = f"{'https' if tls else 'http'}://{name}:{server.server_address[1]}{parts.path}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


class ComesLate:
    """Two faults for two tries of one write: the first is lost on the way, and arrives just before the second."""

    def __init__(self) -> None:
        self._held: Exchange | None = None

    def first(self, exchange: Exchange) -> None:
        self._held = exchange
        exchange.cut()

    def second(self, exchange: Exchange) -> None:
        assert self._held is not None
        self._held.forward()
        passed(exchange)

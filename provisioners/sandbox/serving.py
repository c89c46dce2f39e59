"""The web server: emulations below `/KIND`, the clock, faults and lies below `/sandbox`. On loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ...plans.durations import parse_duration
from ...plans.errors import Failed
from ..clock import SystemClock
from ..files import read_private, write_private
from .clock import MovableClock
from .emulation import Emulation, emulate, emulated_kinds
from .faults import Fault, Faults, Faulty
from .lying import Lie, Lies, Lying
from .signing import Signer

LOOPBACK = "127.0.0.1"
CONTROL = "/sandbox"
_LARGEST = 256 * 1024 * 1024
_PATIENCE = 20.0


def random_id() -> str:
    """Return a new id that nobody can guess."""
    return str(uuid.uuid4())


class Sandbox:
    """Emulated identity providers on one port of loopback; port 0 takes a free one. `state` is a file to read and to keep up to date.

    With `certificate`, a PEM file of private key and chain, it serves https.
    """

    def __init__(
        self,
        kinds: Iterable[str] = (),
        *,
        port: int = 0,
        state: Path | None = None,
        clock: MovableClock | None = None,
        draw: Callable[[], str] = random_id,
        certificate: Path | None = None,
    ) -> None:
        self.clock = clock or MovableClock(SystemClock())
        self.faults = Faults()
        self.lies = Lies()
        self.emulations: Mapping[str, Emulation] = {
            kind: emulate(kind, self.clock, draw) for kind in tuple(kinds) or emulated_kinds()
        }
        self._state = state
        self._kept: tuple[object, ...] = ()
        self._port = port
        self._certificate = certificate
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        if state is not None and state.exists():
            self._take_up(state)

    @property
    def url(self) -> str:
        """Where it listens. Raises Failed before it does."""
        if self._socket is None:
            raise Failed("the sandbox has not been started")
        scheme = "http" if self._certificate is None else "https"
        return f"{scheme}://{LOOPBACK}:{self._socket.getsockname()[1]}"

    def at(self, kind: str) -> str:
        """Return the address of one emulation."""
        return f"{self.url}/{kind}"

    @property
    def app(self) -> ASGIApp:
        """The whole as an ASGI application."""
        mounts = [Mount(f"/{kind}", routes=emulation.routes) for kind, emulation in self.emulations.items()]
        control = [
            Route(f"{CONTROL}/clock", self._clock_moved, methods=["GET", "POST"]),
            Route(f"{CONTROL}/faults", self._faults_set, methods=["GET", "POST", "DELETE"]),
            Route(f"{CONTROL}/lies", self._lies_set, methods=["GET", "POST", "DELETE"]),
        ]
        lying = Lying(Starlette(routes=[*control, *mounts]), self.lies, self._signer_of)
        return _Keeping(Faulty(lying, self.faults, CONTROL), self.keep)

    def _signer_of(self, path: str) -> Signer:
        return self.emulations[path.split("/")[1]].signer

    def start(self) -> Self:
        """Listen, and return once it answers. Raises Failed where the port is taken."""
        self._socket = _listening(self._port)
        config = uvicorn.Config(
            self.app,
            http=_CuttableProtocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
            ssl_certfile=self._certificate,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, args=(self._server, self._socket), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and keep the state."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_PATIENCE)
        if self._socket is not None:
            self._socket.close()
        self._server = self._thread = self._socket = None
        self.keep()

    @staticmethod
    def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
        server.run(sockets=[listening])

    def keep(self) -> None:
        """Write the state to its file where it has changed. Raises Failed."""
        now = (self.clock.ahead, *(emulation.revision for emulation in self.emulations.values()))
        if self._state is None or now == self._kept:
            return
        document = {
            "version": 1,
            "ahead": self.clock.ahead,
            "emulations": {kind: json.loads(emulation.dump()) for kind, emulation in self.emulations.items()},
        }
        write_private(self._state, json.dumps(document).encode())
        self._kept = now

    def _take_up(self, path: Path) -> None:
        try:
            document = json.loads(read_private(path, limit=_LARGEST).data)
            self.clock.advance(float(document["ahead"]))
            for kind, state in document["emulations"].items():
                if kind in self.emulations:
                    self.emulations[kind].load(json.dumps(state))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Failed(
                f"`{path}` is no state of a sandbox ({type(error).__name__})", fix="name another file, or remove it"
            ) from error

    async def _clock_moved(self, request: Request) -> Response:
        """GET tells the time, POST {"advance": "31d"} moves it ahead."""
        if request.method == "POST":
            try:
                self.clock.advance(parse_duration(str((await request.json())["advance"])))
            except (ValueError, KeyError, TypeError) as error:
                return JSONResponse({"error": f'send {{"advance": "31d"}}: {error}'}, 400)
        return JSONResponse({"now": self.clock.now().isoformat(), "ahead": self.clock.ahead})

    async def _faults_set(self, request: Request) -> Response:
        """GET lists the faults to come, POST [{"path": ..., "status": 503}] adds some, DELETE forgets all."""
        if request.method == "DELETE":
            self.faults.clear()
        if request.method == "POST":
            try:
                self.faults.switch_on(*(Fault(**each) for each in await request.json()))
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": f"send a list of faults: {error}"}, 400)
        return JSONResponse([_shown(fault) for fault in self.faults.waiting])

    async def _lies_set(self, request: Request) -> Response:
        """GET lists the lies to come, POST [{"what": "iss", "grant": "refresh_token"}] adds some, DELETE forgets all."""
        if request.method == "DELETE":
            self.lies.forget()
        if request.method == "POST":
            try:
                self.lies.tell(*(Lie(**each) for each in await request.json()))
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": f"send a list of lies: {error}"}, 400)
        return JSONResponse([_shown(lie) for lie in self.lies.waiting])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


def _shown(waiting: Fault | Lie) -> dict[str, Any]:
    return {each.name: value for each in fields(waiting) if (value := getattr(waiting, each.name))}


def _listening(port: int) -> socket.socket:
    # with the protocol named asyncio switches Nagle's algorithm off, which costs 40 ms an answer
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        reason = (error.strerror or "unknown").lower()
        raise Failed(f"cannot listen on port {port}: {reason}", fix="name another one with --port, or 0") from error
    # listening before the thread runs: a request that comes early waits instead of being refused
    listening.listen(128)
    return listening


class _Keeping:
    """Calls `keep` after each request."""

    def __init__(self, app: ASGIApp, keep: Callable[[], None]) -> None:
        self._app = app
        self._keep = keep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        self._keep()


class _CuttableProtocol(H11Protocol):
    """Hands each request a way to cut its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own type
        """Remember the connection's own way out."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "cut": transport.abort}

    def shutdown(self) -> None:
        """Close as the server stops. Under TLS nobody waits for a peer that has gone without its goodbye."""
        # not twice: asyncio's transport forgets on the second close what it would have to end (3.11)
        if not self.transport.is_closing():
            super().shutdown()
        if self.scheme == "https" and self.transport.is_closing():
            self.transport.abort()

"""Faults that can be switched on: the next answers of a path come late, wrong, piece by piece or not at all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PIECE = 16


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next `times` requests whose path matches the expression `path`, and whose method is `method` or any.

    `status` answers without asking the emulation. `cut` ends the connection, before the request is carried out or after it.
    `delay` and `drip` are seconds: before the answer, and between its pieces.
    """

    path: str
    method: str = ""
    times: int = 1
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    delay: float = 0.0
    drip: float = 0.0
    cut: Literal["", "before", "after"] = ""

    def hits(self, method: str, path: str) -> bool:
        """Tell whether this is for that request."""
        return self.method in ("", method) and re.search(self.path, path) is not None


class Faults:
    """The faults that are still to come. Empty unless somebody switches some on."""

    def __init__(self, waiting: Iterable[Fault] = ()) -> None:
        self._waiting = tuple(waiting)

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """Those still to come."""
        return self._waiting

    def switch_on(self, *faults: Fault) -> None:
        """Add faults behind those that wait."""
        self._waiting += faults

    def clear(self) -> None:
        """Forget all."""
        self._waiting = ()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for a request, which then has one time less to come."""
        for i, fault in enumerate(self._waiting):
            if fault.hits(method, path):
                left = (replace(fault, times=fault.times - 1),) if fault.times > 1 else ()
                self._waiting = (*self._waiting[:i], *left, *self._waiting[i + 1 :])
                return fault
        return None


class Faulty:
    """An application with faults in front of it. `spared` is a path that never has any."""

    def __init__(self, app: ASGIApp, faults: Faults, spared: str) -> None:
        self._app = app
        self._faults = faults
        self._spared = spared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as the next fault for it says."""
        path = scope.get("path", "")
        spared = scope["type"] != "http" or path.startswith(self._spared)
        fault = None if spared else self._faults.take(scope["method"], path)
        if fault is None:
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(fault.delay)
        if fault.cut == "before":
            await _cut(scope)
            return
        answering = _canned(fault) if fault.status else self._app
        if fault.cut == "after":
            await answering(scope, receive, _unsent)
            await _cut(scope)
            return
        await answering(scope, receive, _dripping(send, fault.drip) if fault.drip else send)


async def _cut(scope: Scope) -> None:
    cut: Callable[[], None] = scope["state"]["cut"]
    cut()
    # the server hears of the lost connection in its next turns, and would answer 500 before that
    for _ in range(3):
        await asyncio.sleep(0)


async def _unsent(_message: Message) -> None:
    """Swallow an answer."""


def _canned(fault: Fault) -> ASGIApp:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        body = fault.body.encode()
        fields = {"content-length": str(len(body)), "content-type": "application/json", **fault.headers}
        headers = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": fault.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _dripping(send: Send, seconds: float) -> Send:
    async def drip(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or not body:
            await send(message)
            return
        for start in range(0, len(body), _PIECE):
            more = start + _PIECE < len(body) or message.get("more_body", False)
            await send({**message, "body": body[start : start + _PIECE], "more_body": more})
            await asyncio.sleep(seconds)

    return drip

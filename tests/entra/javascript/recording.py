"""What a server of the sandbox was asked and answered, whoever asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.entra import describing
from tests.entra.tenant import Tenant

from oidc_provision.provisioners.sandbox.serving import Sandbox


class RecordedSandbox(Sandbox):
    """A sandbox that keeps every exchange: `exchanges` are the answers, each with its request."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.exchanges: list[httpx.Response] = []

    @property
    def app(self) -> ASGIApp:
        return Recording(super().app, self.exchanges)


@dataclass(frozen=True)
class Recording:
    """An application that notes what goes in and comes out."""

    app: ASGIApp
    exchanges: list[httpx.Response] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received, sent = bytearray(), bytearray()
        start: Message = {}

        async def receiving() -> Message:
            message = await receive()
            received.extend(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            sent.extend(message.get("body", b""))
            if message["type"] == "http.response.start":
                start.update(message)
            elif not message.get("more_body"):
                # before the last piece goes out: whoever has the answer finds it here
                self.exchanges.append(_exchange(scope, bytes(received), start, bytes(sent)))
            await send(message)

        await self.app(scope, receiving, sending)


def _exchange(scope: Scope, received: bytes, start: Message, sent: bytes) -> httpx.Response:
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    url = httpx.URL(scheme=scope["scheme"], host="127.0.0.1", raw_path=target)
    # a list, and no `content`: httpx would add header fields of its own
    request = httpx.Request(scope["method"], url, headers=scope["headers"], stream=httpx.ByteStream(received))
    request.read()
    return httpx.Response(start["status"], headers=start["headers"], content=sent, request=request)


class Watched(Tenant):
    """A tenant whose server records every exchange, so that none is looked at where it is sent."""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.http.request(method, self.url + describing.GRAPH + path, headers=headers, **more)

    @property
    def exchanges(self) -> list[httpx.Response]:
        """What Graph has answered so far, to whomever; each answer has its request."""
        assert isinstance(self.sandbox, RecordedSandbox)
        return [each for each in self.sandbox.exchanges if describing.GRAPH in each.request.url.path]

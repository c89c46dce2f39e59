"""What networks and servers do to one request on its way to a tenant, and how the writes are named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

GRAPH = "https://tenant.example.com/graph/v1.0"
TOKEN = "/oauth2/v2.0/token"
ADDED, REMOVED = "POST /addPassword$", "POST /removePassword$"
UPSERT, CHANGE = r"PATCH /applications\(uniqueName", "PATCH /applications/"
PRINCIPAL, CONSENT, WIDER = (
    "PATCH /servicePrincipals",
    "POST /oauth2PermissionGrants$",
    "PATCH /oauth2PermissionGrants/",
)
OWNER_LINK = r"POST /owners/\$ref$"


@dataclass
class Sending:
    """One request on its way: a fault decides whether it arrives, and what is answered."""

    request: httpx.Request
    arrive: Callable[[], Awaitable[httpx.Response]]
    leave: Callable[[], Awaitable[None]]


Fault = Callable[[Sending], Awaitable[httpx.Response]]


async def passed(sending: Sending) -> httpx.Response:
    return await sending.arrive()


async def unsent(sending: Sending) -> httpx.Response:
    raise httpx.ConnectError("cut before it was sent", request=sending.request)


async def lost(sending: Sending) -> httpx.Response:
    await sending.arrive()
    raise httpx.ReadError("cut after it was done", request=sending.request)


async def timed_out(sending: Sending) -> httpx.Response:
    await sending.arrive()
    raise httpx.ReadTimeout("no answer came", request=sending.request)


async def never_arrived(sending: Sending) -> httpx.Response:
    await sending.leave()
    raise httpx.ReadError("cut on the way", request=sending.request)


def says(status: int, body: object = None, **headers: str) -> Fault:
    """The tenant does nothing and says so; text and bytes are sent as they are."""

    async def fault(sending: Sending) -> httpx.Response:
        await sending.leave()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, str | bytes):
            return httpx.Response(status, content=body, headers={"content-type": "application/json", **named})
        return httpx.Response(status, json=body, headers=named)

    return fault


def refuses(status: int, code: str, message: str = "no", request_id: str = "req-1", **headers: str) -> Fault:
    """Graph's own refusal."""
    inner = {"date": "2026-01-01T00:00:00", "request-id": request_id, "client-request-id": request_id}
    return says(status, {"error": {"code": code, "message": message, "innerError": inner}}, **headers)


def done_but(status: int, code: str = "") -> Fault:
    """The tenant has done it, and something on the way says that it has not."""

    async def fault(sending: Sending) -> httpx.Response:
        await sending.arrive()
        return await refuses(status, code)(sending)

    return fault


def spoilt(change: Callable[[dict[str, Any]], object]) -> Fault:
    """The tenant's answer with something changed in it."""

    async def fault(sending: Sending) -> httpx.Response:
        answer = await sending.arrive()
        body = answer.json()
        return httpx.Response(answer.status_code, json=change(body) or body)

    return fault

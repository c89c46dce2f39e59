"""The one HTTP transport under every client, and the only module that imports httpx.

Retries, deadlines, caps, TLS, redaction, counting and tracing happen here, once. What an answer *means* does not.
"""

from __future__ import annotations

import asyncio
import random
import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import httpx

from ..plans.errors import RemoteFailure, UsageError
from ..plans.redaction import Redactor
from .bodies import BodyError, judge, read_body
from .causes import Cause, cause_of, timed_out
from .clock import Clock, SystemClock
from .proxies import proxies_of_environment, proxy_for
from .retry import (
    GiveUp,
    Loss,
    Outcome,
    Wait,
    WaitBudget,
    decide,
    parse_http_date,
    parse_retry_after,
)
from .tls import TlsSettings, Trust
from .traffic import Exchange, Traffic, nameless, printable_url, shape
from .turns import Turns
from .unanswered import Unanswered, fix_of_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "ACCEPT_REDIRECT",
    "AsyncClient",
    "Limits",
    "Run",
    "Transport",
    "TransportSettings",
    "fetch_json",
    "open_client",
]

ACCEPT_REDIRECT: Mapping[str, object] = MappingProxyType({"oidc_provision.accept_redirect": True})
"""Request extensions for a probe whose answer *is* the redirect: `client.get(url, extensions={**ACCEPT_REDIRECT})`."""

AsyncClient = httpx.AsyncClient
_OK = 200
_REDIRECTS = range(300, 400)
_PROXY_SIGN_IN = 407
_GIVEN_UP = frozenset({429, 502, 503, 504})
_HOSTNAME = re.compile(r"[\w.\-:\[\]]{1,255}")
_AGENT = "oidc-provision"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. `request` is for one whole attempt, dripping bodies included; `waiting` for the whole run."""

    request: float = 30.0
    connect: float = 10.0
    run: float = 3600.0
    waiting: float = 120.0
    attempts: int = 4
    concurrency: int = 8
    body: int = 16 * 2**20


class Run:
    """What all clients of one run share: the deadline, the budget of waiting, the trust, the gate on concurrency."""

    def __init__(self, limits: Limits, tls: TlsSettings, clock: Clock) -> None:
        self.budget = WaitBudget(limits.waiting)
        self.gate = asyncio.Semaphore(limits.concurrency)
        self.trust = Trust(tls)
        self.ends = clock.monotonic() + limits.run


@dataclass(frozen=True)
class TransportSettings:
    """Everything a transport is made of. `dataclasses.replace` of it for another vendor shares the `run`."""

    limits: Limits = Limits()
    tls: TlsSettings = field(default_factory=TlsSettings)
    clock: Clock = field(default_factory=SystemClock)
    random: Callable[[], float] = random.random
    redactor: Redactor = field(default_factory=Redactor)
    traffic: Traffic = field(default_factory=Traffic)
    repeatable: Callable[[str, str], bool] = lambda _method, _path: False
    name_path: Callable[[str], str] = nameless
    proxies: Mapping[str, str] = field(default_factory=proxies_of_environment)
    wire: httpx.AsyncBaseTransport | None = None
    """Carries every request in place of sockets."""
    run: Run | None = None

    def __post_init__(self) -> None:
        if self.run is None:
            object.__setattr__(self, "run", Run(self.limits, self.tls, self.clock))


@dataclass(frozen=True, slots=True)
class _Fault:
    """An attempt without a usable answer. `status` is 0 where none came."""

    loss: Loss
    cause: Cause
    status: int = 0


class _Answer(httpx.Response):
    """An answer that is complete; `json()` gives what was parsed strictly, not a second and laxer reading."""

    def __init__(self, request: httpx.Request, raw: httpx.Response, body: bytes) -> None:
        # the body is unpacked, so what described its packing no longer holds
        packing = (b"content-encoding", b"content-length", b"transfer-encoding")
        headers = [(name, value) for name, value in raw.headers.raw if name.lower() not in packing]
        super().__init__(raw.status_code, headers=headers, content=body, request=request)
        needs = request.method == "GET" and raw.status_code == _OK
        asked = "json" in request.headers.get("accept", "")
        kind = raw.headers.get("content-type", "")
        self._reading = judge(body, status=raw.status_code, kind=kind, json_asked=asked, must_have=needs)

    @property
    def has_redirect_location(self) -> bool:
        # nothing is followed, and httpx would raise an error of its own for a `Location` that it cannot read
        return False

    def json(self, **kwargs: object) -> object:
        return self._reading.value if self._reading.is_json else super().json(**kwargs)


class _Departure:
    """Notes whether any byte of the request itself can have left: not so during DNS, TCP, TLS or a proxy's CONNECT."""

    def __init__(self) -> None:
        self.sent = False

    async def note(self, event: str, info: Mapping[str, object]) -> None:
        is_request = event.endswith("send_request_headers.started")
        self.sent |= is_request and getattr(info.get("request"), "method", b"") != b"CONNECT"


class Transport(httpx.AsyncBaseTransport):
    """Sends, waits, sends again; raises `RemoteFailure` where there is no usable answer."""

    def __init__(self, settings: TransportSettings) -> None:
        assert settings.run is not None  # noqa: S101  # __post_init__ sees to it
        self._settings = settings
        self._limits = settings.limits
        self._run = settings.run
        self._wires: dict[tuple[bool, str], Turns[httpx.AsyncHTTPTransport]] = {}
        self._under_way: set[asyncio.Task[Any]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the whole answer, unpacked and judged."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in one
        self._under_way.add(task)
        try:
            return await self._answered(request)
        finally:
            self._under_way.discard(task)

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        # read once: a body that streams could not be sent a second time
        await request.aread()
        attempt = 0
        while True:
            attempt += 1
            # an attempt holds a place, the wait after it does not
            async with self._run.gate:
                result = await self._attempt(request, attempt)
            decision = self._decide(request, result, attempt)
            if isinstance(decision, GiveUp):
                return self._conclude(request, result, attempt, decision)
            await self._wait(decision)

    async def aclose(self) -> None:
        """End what is under way and close every connection."""
        # where one of several reads failed, nobody waits for the others: they would try again on connections of their own
        left = tuple(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for turns in self._wires.values():
            for wire in turns.all:
                await wire.aclose()

    def _decide(self, request: httpx.Request, result: _Answer | _Fault, attempt: int) -> Wait | GiveUp:
        outcome: Outcome = result.loss if isinstance(result, _Fault) else result.status_code
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        return decide(
            attempt=attempt,
            attempts=self._limits.attempts,
            method=request.method,
            repeatable=self._settings.repeatable(request.method, path),
            outcome=outcome,
            retry_after=None if isinstance(result, _Fault) else self._retry_after(result),
            budget_left=self._waiting_left(),
            random=self._settings.random,
        )

    def _waiting_left(self) -> float:
        now = self._settings.clock.monotonic()
        return min(self._run.budget.left(now), self._run.ends - now)

    def _retry_after(self, answer: _Answer) -> float | None:
        # the server's own clock, where it tells it: ours may be wrong by years
        told = parse_http_date(answer.headers.get("date"))
        now = self._settings.clock.now().timestamp() if told is None else told
        return parse_retry_after(answer.headers.get("retry-after"), now)

    async def _wait(self, decision: Wait) -> None:
        clock = self._settings.clock
        self._run.budget.spend(clock.monotonic(), decision.seconds)
        self._settings.traffic.waited += decision.seconds
        await clock.sleep(decision.seconds)

    async def _attempt(self, request: httpx.Request, attempt: int) -> _Answer | _Fault:
        began = self._settings.clock.monotonic()
        left = self._run.ends - began
        if left <= 0:
            return _Fault(Loss.FINAL, self._over("was not asked"))
        self._settings.traffic.sent(shape(request.method, str(request.url), self._settings.name_path), attempt)
        result = await self._guarded(request, left)
        self._trace(request, result, attempt, self._settings.clock.monotonic() - began)
        return result

    def _over(self, words: str) -> Cause:
        problem = f"{words}: the run's deadline of {self._limits.run:g} s is over"
        return Cause(problem, "check the network, or give the run more time", lasting=True)

    async def _guarded(self, request: httpx.Request, left: float) -> _Answer | _Fault:
        departure, most = _Departure(), self._limits.request
        try:
            async with asyncio.timeout(min(most, left)):
                return await self._exchange(request, departure)
        except TimeoutError:
            cause = timed_out(most) if most < left else self._over("gave no complete answer")
            return self._fault(cause, departure)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ImportError) as error:
            return self._fault(cause_of(error), departure)

    def _fault(self, cause: Cause, departure: _Departure) -> _Fault:
        repeated = Loss.LOST if departure.sent else Loss.UNSENT
        return _Fault(Loss.FINAL if cause.lasting else repeated, cause, status=-1 if departure.sent else 0)

    async def _exchange(self, request: httpx.Request, departure: _Departure) -> _Answer | _Fault:
        limits = self._limits
        timeout = {"connect": limits.connect, "read": limits.request, "write": limits.request, "pool": None}
        extensions = {"timeout": timeout, "trace": departure.note}
        # one for each attempt: timeouts and trace travel in a request's extensions
        copy = httpx.Request(
            request.method, request.url, headers=request.headers, stream=request.stream, extensions=extensions
        )
        with self._wire(request.url) as wire:
            raw = await wire.handle_async_request(copy)
            try:
                chunks, packing = raw.aiter_raw(), raw.headers.get("content-encoding", "")
                body = await read_body(chunks, packing, raw.headers.get("content-length", ""), limits.body)
                return _Answer(request, raw, body)
            except BodyError as error:
                return _Fault(
                    Loss.FINAL,
                    Cause(str(error), fix_of_body(raw.status_code, raw.headers.get("content-type", ""))),
                    raw.status_code,
                )
            finally:
                await raw.aclose()

    def _wire(self, url: httpx.URL) -> AbstractContextManager[httpx.AsyncBaseTransport]:
        if self._settings.wire is not None:
            return nullcontext(self._settings.wire)
        proxy = proxy_for(url.scheme, url.host, url.port, self._settings.proxies)
        key = (url.scheme == "https", proxy)
        if key not in self._wires:
            self._wires[key] = Turns(partial(self._new_wire, *key), self._limits.concurrency)
        return self._wires[key].taken(url.netloc.decode("ascii"))

    def _new_wire(self, secure: bool, proxy: str) -> httpx.AsyncHTTPTransport:  # noqa: FBT001  # the parts of a key
        trust = self._run.trust
        context = trust.context if secure else trust.nothing
        # one connection: the gate says how many there are, and they take turns
        pool = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=5.0)
        proxy_context = trust.context if proxy.startswith("https:") else None
        way = httpx.Proxy(proxy, ssl_context=proxy_context) if proxy else None
        return httpx.AsyncHTTPTransport(verify=context, limits=pool, proxy=way)

    def _trace(self, request: httpx.Request, result: _Answer | _Fault, attempt: int, seconds: float) -> None:
        if isinstance(result, _Fault):
            status, note = max(result.status, 0), self._clean(result.cause.words)
        else:
            status, note = result.status_code, ""
        url = self._clean(printable_url(str(request.url)))
        self._settings.traffic.ended(Exchange(request.method, url, status, round(seconds * 1000), attempt, note))

    def _conclude(
        self, request: httpx.Request, result: _Answer | _Fault, attempt: int, decision: GiveUp
    ) -> httpx.Response:
        asked = Unanswered(request.method, str(request.url), request.url.netloc.decode("ascii"), self._clean)
        if isinstance(result, _Fault):
            raise asked.lost(result.cause, result.status, attempt, decision)
        status = result.status_code
        if status in _REDIRECTS and not request.extensions.get(*ACCEPT_REDIRECT):
            raise asked.redirected(status, _host_of(result.headers.get("location", "")))
        if status == _PROXY_SIGN_IN:
            raise asked.behind_proxy(status)
        if status in _GIVEN_UP:
            wait = self._retry_after(result) or 0.0
            raise asked.unwilling(status, wait, self._waiting_left(), attempt, decision)
        return result

    def _clean(self, text: str) -> str:
        return self._settings.redactor.clean(text)


def _host_of(location: str) -> str:
    try:
        url = httpx.URL(location)
    except httpx.InvalidURL:
        return "an unreadable address"
    if not url.host:
        return "another path of itself" if location else "nowhere"
    # the scheme is told as well: https to http is a finding of its own
    name = f"{url.scheme}://{url.netloc.decode('ascii')}" if url.scheme else url.netloc.decode("ascii")
    return f"`{name}`" if _HOSTNAME.fullmatch(url.host) else "an unreadable host"


def open_client(settings: TransportSettings) -> httpx.AsyncClient:
    """Return a client that asks for JSON, follows nothing and reads no netrc; close it with `async with`."""
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": _AGENT}
    return httpx.AsyncClient(
        transport=Transport(settings),
        headers=headers,
        follow_redirects=False,
        # no netrc, which would add credentials of its own; proxies are `proxies.py`'s
        trust_env=False,
        timeout=settings.limits.request,
    )


async def fetch_json(client: httpx.AsyncClient, url: str) -> object:
    """Return the JSON value at this address; raise `RemoteFailure` on any status but 200."""
    try:
        answer = await client.get(url, headers={"Accept": "application/json"})
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise UsageError(f"no address that can be asked: {error}", where=ascii(url[:200])) from None
    if answer.status_code != _OK:
        host = answer.url.netloc.decode("ascii")
        raise RemoteFailure(f"`{host}` answered {answer.status_code}", where=f"GET {url}", status=answer.status_code)
    value: object = answer.json()
    return value

"""One run put together: transport, redaction, references and stores, and the engine over them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plans.load import Deployment
from ..plans.redaction import Redactor
from ..plans.references import SecretReference
from ..plans.sealed import Sealed
from . import registry
from .base import Close, HttpRules, Provisioner, Surroundings, unheard
from .clock import Clock, SystemClock
from .engine import Engine
from .execution import Listen
from .given import Store
from .secrets import SecretContext, open_store, resolve, weakness
from .surprises import told
from .tls import TlsSettings
from .traffic import Exchange, Traffic, nameless

if TYPE_CHECKING:
    from .transport import AsyncClient, TransportSettings

SECRET_BYTES = 48


def drawn_secret() -> str:
    """Return a new client secret: 64 characters of 384 random bits, safe in every sink."""
    return secrets.token_urlsafe(SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a command decides of a run. `deadline` is for the whole run, in seconds."""

    environment: Mapping[str, str]
    redactor: Redactor
    tls: TlsSettings = field(default_factory=TlsSettings)
    parallelism: int = 8
    deadline: float = 3600.0
    trace: Callable[[Exchange], None] | None = None
    listen: Listen = unheard
    draw: Callable[[], str] = drawn_secret
    complain: Callable[[str], None] = unheard
    """Told what went wrong after the work was done: it must not cost the result."""
    clock: Clock = field(default_factory=SystemClock)


class References:
    """References resolved once a run, every value made known to the redactor."""

    def __init__(self, environment: Mapping[str, str], redactor: Redactor) -> None:
        self._environment = environment
        self._redactor = redactor
        self._known: dict[tuple[str, str], Sealed] = {}
        self.weak: dict[str, str] = {}

    def _context(self, near: str) -> SecretContext:
        return SecretContext(self._environment, Path(near).parent)

    async def resolve(self, reference: SecretReference, near: str) -> Sealed:
        """Return the secret behind a reference; asked twice in a run it is the same. Raises SecretFailure."""
        # a relative path is another file beside another plan
        key = (str(reference), str(Path(near).parent))
        if key not in self._known:
            self._known[key] = await resolve(reference, self._context(near))
            self.guard(self._known[key], str(reference))
        return self._known[key]

    def store(self, reference: SecretReference, near: str) -> Store:
        """Return the store that a reference names, relative to the plan file."""
        return open_store(reference, self._context(near))

    def guard(self, value: Sealed, name: str) -> None:
        """Keep a secret out of every output; one that is too weak for that is remembered for a warning."""
        why = weakness(value)
        if why is None:
            self._redactor.add(value)
        else:
            self.weak[name] = why


@dataclass(frozen=True, slots=True)
class Session:
    """A run under way."""

    engine: Engine
    traffic: Traffic
    references: References
    http: Callable[[], AsyncClient]
    """Gives the HTTP client for what belongs to no vendor; no write is sent twice on it."""
    settings: SessionSettings


@asynccontextmanager
async def open_session(settings: SessionSettings) -> AsyncIterator[Session]:
    """Open the transport and everything on it; all of it is closed at the end."""
    from . import transport  # noqa: PLC0415  # httpx, which commands without a network do not need

    traffic, references = Traffic(settings.trace), References(settings.environment, settings.redactor)
    limits = transport.Limits(concurrency=settings.parallelism, run=settings.deadline)
    base = transport.TransportSettings(
        limits=limits, tls=settings.tls, clock=settings.clock, redactor=settings.redactor, traffic=traffic
    )
    opener = _Opener(settings, base, references)
    try:
        engine = Engine(opener.open, references, settings.draw, settings.listen, settings.parallelism)
        yield Session(engine, traffic, references, opener.plain, settings)
    # what ended the work is to be told, not what closing adds to it
    except BaseException:
        await opener.close()
        raise
    for error in await opener.close():
        failed = told(error, "closing")
        settings.complain(f"{failed.message} ({failed.where})" if failed.where else failed.message)


class _Opener:
    """Opens provisioners, each kind's on one HTTP client: all its targets share the connections."""

    def __init__(self, settings: SessionSettings, base: TransportSettings, references: References) -> None:
        self._settings = settings
        self._base = base
        self._references = references
        self._clients: dict[str, AsyncClient] = {}
        self._kept: dict[str, dict[Hashable, Any]] = {}
        self._ends = settings.clock.monotonic() + settings.deadline
        self._deferred: list[Close] = []
        self._opened = 0

    async def open(self, deployment: Deployment) -> Provisioner:
        """Return the provisioner of a deployment's target."""
        name = deployment.plan.identity_provider.type
        kind = registry.load(name)
        self._opened += 1
        return await kind.open_provisioner(deployment, self._around(name, kind.HTTP))

    def plain(self) -> AsyncClient:
        """Return the client that knows no vendor."""
        rules = HttpRules(repeatable=lambda _method, _path: False, name_path=nameless)
        return self._around("", rules).http

    async def close(self) -> tuple[Exception, ...]:
        """Close all connections, HTTP first, then what provisioners deferred, the last first; return what failed to close."""
        failed = []
        for close in (*(client.aclose for client in self._clients.values()), *reversed(self._deferred)):
            try:
                await close()
            except Exception as error:  # noqa: BLE001  # one that fails must not keep the others open
                failed.append(error)
        return tuple(failed)

    def _around(self, name: str, rules: HttpRules) -> Surroundings:
        from . import transport  # noqa: PLC0415  # httpx, which commands without a network do not need

        if name not in self._clients:
            chosen = replace(self._base, repeatable=rules.repeatable, name_path=rules.name_path)
            self._clients[name] = transport.open_client(chosen)
        http = self._clients[name]
        return Surroundings(
            http,
            lambda url: transport.fetch_json(http, url),
            self._references.resolve,
            self._settings.redactor,
            self._settings.clock,
            self._kept.setdefault(name, {}),
            lambda: self._opened > self._settings.parallelism,
            self._deferred.append,
            lambda: self._ends - self._settings.clock.monotonic(),
            lambda kind: self._base.traffic.sent(kind, 1),
        )

"""A world at an emulated identity provider: the product's own way in, down to the last byte, and writes that can be cut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from tests.servers import FakeClock
from tests.stranger import MemoryVault

from oidc_provision.plans.load import Deployment
from oidc_provision.plans.redaction import Redactor
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners import registry
from oidc_provision.provisioners.base import Provisioner, Surroundings
from oidc_provision.provisioners.sandbox.emulation import Emulation
from oidc_provision.provisioners.transport import TransportSettings, fetch_json, open_client

SENT = "http11.send_request_headers.started"


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to the emulation, unless the world is cut off: then writes end before they are done, or after it."""

    def __init__(self, world: EmulatedWorld) -> None:
        self._world = world
        self._emulation = httpx.ASGITransport(Starlette(routes=world.emulation.routes))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        world, writing = self._world, request.method != "GET" and request.url.path.startswith(self._world.admin)
        cut = writing and world.cut is not None and len(world.writes) >= world.cut
        if cut and world.cut is not None and world.cut % 2:
            raise httpx.ConnectError("cut off before it was done")
        await request.extensions["trace"](SENT, {})
        if writing:
            world.writes.append(f"{request.method} {request.url.path}")
        answer = await self._emulation.handle_async_request(request)
        if cut:
            raise httpx.ReadError("cut off after it was done")
        return answer


class EmulatedWorld:
    """What every emulated world does alike; a kind adds what it holds and what of it is foreign."""

    def __init__(
        self, emulation: Emulation, clock: FakeClock, admin: str, plan: dict[str, Any], vault: Mapping[str, str]
    ) -> None:
        self.emulation = emulation
        self.admin = admin
        self.plan = plan
        self.writes: list[str] = []
        self.cut: int | None = None
        self.vault = MemoryVault(dict(vault), log=self.writes)
        self._clock = clock

    async def open(self, deployment: Deployment) -> Provisioner:
        kind, redactor = registry.load(deployment.plan.identity_provider.type), Redactor()
        rules = kind.HTTP
        client = open_client(
            TransportSettings(
                clock=self._clock,
                random=lambda: 0.5,
                redactor=redactor,
                repeatable=rules.repeatable,
                name_path=rules.name_path,
                wire=Wire(self),
            )
        )

        async def resolve(reference: object, _near: str) -> Sealed:
            return await self.vault.resolve(reference, "plan.yaml")

        around = Surroundings(client, lambda url: fetch_json(client, url), resolve, redactor, self._clock)
        return await kind.open_provisioner(deployment, around)

"""A tenant in this process that the product works on over its whole transport: a wire that notes, validates and breaks exchanges."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from tests.entra import describing
from tests.entra.faults import TOKEN, Fault, Sending, passed
from tests.laws.worlds.emulated import SENT
from tests.laws.worlds.entra import PLAN, EntraWorld
from tests.laws.worlds.keycloak import merged

from oidc_provision.plans.load import Deployment
from oidc_provision.plans.redaction import Redactor
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners import registry
from oidc_provision.provisioners.base import Provisioner, Surroundings
from oidc_provision.provisioners.entra.sandbox.building import TOOL_APP
from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS, OWNERS, Directory
from oidc_provision.provisioners.transport import TransportSettings, fetch_json, open_client


def described(answer: httpx.Response) -> None:
    """Hold an exchange to the description where that is present."""
    try:
        describing.path()
        describing.openapi()
    except pytest.skip.Exception:
        return
    describing.check(answer)


class LabWire(httpx.AsyncBaseTransport):
    """Carries requests to the tenant of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._emulation = httpx.ASGITransport(Starlette(routes=lab.emulation.routes))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()

        async def leave() -> None:
            await request.extensions["trace"](SENT, {})

        async def arrive() -> httpx.Response:
            await leave()
            answer = await self._emulation.handle_async_request(request)
            whole = httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())
            whole.request = request
            self._lab.note(whole)
            return whole

        self._lab.asked.append(request)
        answer = await self._lab.fault_of(request)(Sending(request, arrive, leave))
        # one that is read already cannot be streamed again
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))


@dataclass
class Rule:
    method: str
    path: re.Pattern[str]
    faults: list[Fault]


class Lab(EntraWorld):
    """`asked` is every request, `exchanges` every answer of the tenant's own; `always` is done to what no rule takes.

    Every exchange is held to the description, but for a test that does the same again and again and switches `validates` off.
    """

    def __init__(self, plan: dict[str, Any], live: dict[str, Any], kept: dict[str, str]) -> None:
        super().__init__(plan, live, kept)
        self.asked: list[httpx.Request] = []
        self.exchanges: list[httpx.Response] = []
        self.always: Fault = passed
        self.validates = True
        self.redactor = Redactor()
        self.kept: dict[Any, Any] = {}
        self._rules: list[Rule] = []
        self._rested = 0.0

    def on(self, request: str, *faults: Fault) -> None:
        """Do these, in turn, to requests such as `POST /addPassword$`, a method and a part of the path."""
        method, path = request.split(" ")
        self._rules.append(Rule(method, re.compile(path), list(faults)))

    def fault_of(self, request: httpx.Request) -> Fault:
        path = request.url.path
        matching = (each for each in self._rules if each.method == request.method and each.path.search(path))
        rule = next((each for each in matching if each.faults), None)
        return self.always if rule is None else rule.faults.pop(0)

    @property
    def unused(self) -> list[str]:
        """The faults that nobody met: a test that has some did not test them."""
        return [f"{each.method} {each.path.pattern}" for each in self._rules if each.faults]

    def forget(self) -> None:
        """Be as new; the tenant stays as it is."""
        self.asked.clear()
        self.exchanges.clear()
        self.writes.clear()
        self._rules.clear()
        self._rested = sum(self._clock.slept)
        self.always = passed

    def note(self, exchange: httpx.Response) -> None:
        self.exchanges.append(exchange)
        if exchange.request.url.path.startswith(self.admin):
            if self.validates:
                described(exchange)
            if exchange.request.method != "GET":
                self.writes.append(f"{exchange.request.method} {exchange.request.url.path}")

    @property
    def requests(self) -> list[str]:
        """Method and path of all that was asked, the sign-in of the tool apart."""
        return [f"{each.method} {each.url.path}" for each in self.asked if not each.url.path.endswith(TOKEN)]

    def count(self, request: str) -> int:
        """How often something such as `POST /addPassword$` was asked."""
        return sum(self.matches(each, request) for each in self.asked)

    @staticmethod
    def matches(asked: httpx.Request, request: str) -> bool:
        method, path = request.split(" ")
        return asked.method == method and re.search(path, asked.url.path) is not None

    async def open(self, deployment: Deployment) -> Provisioner:
        kind = registry.load(deployment.plan.identity_provider.type)
        settings = TransportSettings(
            clock=self._clock,
            random=lambda: 0.5,
            redactor=self.redactor,
            repeatable=kind.HTTP.repeatable,
            name_path=kind.HTTP.name_path,
            wire=LabWire(self),
        )
        client = open_client(settings)

        async def resolve(reference: object, _near: str) -> Sealed:
            return await self.vault.resolve(reference, "plan.yaml")

        around = Surroundings(
            client, lambda url: fetch_json(client, url), resolve, self.redactor, self._clock, self.kept
        )
        return await kind.open_provisioner(deployment, around)

    def change(self, alter: Callable[[Directory], Directory]) -> None:
        """Do something to the tenant by another hand."""
        self._emulated.box.put(alter(self._emulated.box.value))

    def change_ours(self, **properties: Any) -> None:
        """Change our application by another hand."""
        self.change(lambda found: found.with_object(APPLICATIONS, {**self.application, **properties}))

    def allow(self, *rights: str) -> None:
        """Give the tool these rights and no others."""
        self.change(lambda found: found.with_rights(self.tool, *rights))

    def switch(self, **switches: Any) -> None:
        self.change(lambda found: replace(found, switches=replace(found.switches, **switches)))

    def disown(self) -> None:
        """Take the tool from the owners of our application."""
        self.change(lambda found: found.with_links(str(self.application["id"]), OWNERS, ()))

    def wait(self, seconds: float) -> None:
        """Let time pass, for the tenant and for us."""
        self._clock.slept.append(seconds)

    @property
    def now(self) -> str:
        """The time, as Graph writes it."""
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def slept(self) -> float:
        """Seconds since the beginning, or since all was forgotten."""
        return sum(self._clock.slept) - self._rested

    @property
    def tool(self) -> str:
        found = self.directory.principal_of(TOOL_APP)
        assert found
        return str(found["id"])

    @property
    def application(self) -> Mapping[str, Any]:
        """Our application as the tenant holds it; there must be exactly one."""
        ours = self.ours()
        assert ours is not None
        named = [each for each in self.directory.all(APPLICATIONS).values() if each["uniqueName"] == ours["uniqueName"]]
        assert ours["uniqueName"] is None or len(named) == 1
        return ours

    @property
    def texts(self) -> list[str]:
        """The texts of the application's secrets, in their order."""
        return [self.directory.secrets[each["keyId"]] for each in self.application["passwordCredentials"]]

    @property
    def owners(self) -> frozenset[str]:
        return frozenset(self.directory.linked(str(self.application["id"]), OWNERS))


def lab(
    plan: dict[str, Any] | None = None, live: dict[str, Any] | None = None, kept: dict[str, str] | None = None
) -> Lab:
    """A lab for the usual plan with these changes; `live` and `kept` as in the cases."""
    return Lab(merged(PLAN, plan or {}), live or {}, kept or {})

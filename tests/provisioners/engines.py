"""An engine over strangers' tenants in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.stranger import MemoryVault, StrangerProvisioner, Tenant

from oidc_provision.plans.load import Deployment
from oidc_provision.plans.proposal import Proposal
from oidc_provision.provisioners.base import Provisioner
from oidc_provision.provisioners.engine import Engine, Report
from oidc_provision.provisioners.execution import Result


@dataclass
class World:
    """Tenants by name, the stores, and what was heard of each change."""

    tenants: dict[str, Tenant]
    vault: MemoryVault = field(default_factory=MemoryVault)
    heard: list[Result] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    drawn: int = 0

    async def open(self, deployment: Deployment) -> Provisioner:
        name = deployment.target.name
        self.opened.append(name)
        return StrangerProvisioner(name, self.tenants[name])

    def draw(self) -> str:
        self.drawn += 1
        return f"drawn-secret-{self.drawn:04}"

    def engine(self) -> Engine:
        return Engine(self.open, self.vault, self.draw, self.heard.append)

    def look(self, *deployments: Deployment, writing: bool = False, rotate: Sequence[str] = ()) -> Proposal:
        return asyncio.run(self.engine().look(deployments, writing=writing, rotate=frozenset(rotate)))

    def apply(
        self,
        *deployments: Deployment,
        rotate: Sequence[str] = (),
        only: Sequence[str] = (),
        parallelism: int = 8,
        between: Callable[[asyncio.Event], Awaitable[None]] | None = None,
    ) -> Report:
        async def whole() -> Report:
            engine, stop = self.engine(), asyncio.Event()
            proposal = (await engine.look(deployments, writing=True, rotate=frozenset(rotate))).only(frozenset(only))
            if between is not None:
                await between(stop)
            return await engine.apply(proposal, stop=stop, parallelism=parallelism)

        return asyncio.run(whole())


def world(**tenants: Tenant) -> World:
    return World(tenants or {"acme": Tenant()})


def said(report: Report) -> dict[str, str]:
    return {result.change.key: result.status.value for result in report.results}

"""What an identity provider brings so that the laws can be run against it: a world to look at, to change, and to cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import yaml
from hypothesis.strategies import SearchStrategy
from tests.stranger import MemoryVault

from oidc_provision.cli.first_plan import as_yaml
from oidc_provision.plans.diff import ChangeSet
from oidc_provision.plans.load import Deployment, load
from oidc_provision.plans.proposal import Proposal, View
from oidc_provision.provisioners.base import Provisioner
from oidc_provision.provisioners.engine import Engine, Report
from oidc_provision.provisioners.registry import PlanKinds


class World(Protocol):
    """One target with one plan. `vault` holds what its references name, `writes` every write so far."""

    plan: dict[str, Any]
    vault: MemoryVault
    writes: list[str]
    cut: int | None
    """Writes from this one on fail; a half after the world has changed. None: all arrive."""

    async def open(self, deployment: Deployment) -> Provisioner: ...

    def state(self) -> object:
        """Everything the target holds, as a value of its own that later writes leave alone."""

    def foreign(self) -> Mapping[str, object]:
        """What the plan does not ask for and nobody may touch."""

    def secrets(self) -> frozenset[str]:
        """Every secret that is to be found here, at the target and in the vault."""


class Worlds(Protocol):
    """The module `tests.laws.worlds.<kind>`."""

    def starts(self) -> Mapping[str, World]:
        """Some starting points by name, fresh ones at each call."""

    def any_start(self) -> SearchStrategy[World]:
        """Any starting state of target and client, with any plan."""


def deployment(world: World, data: Mapping[str, Any] | None = None) -> Deployment:
    text = yaml.safe_dump(world.plan, sort_keys=False) if data is None else as_yaml(data)
    return load([("plan.yaml", text.encode())], PlanKinds())[0]


def drawn() -> str:
    return "drawn-canary-0123456789"


def engine(world: World) -> Engine:
    return Engine(world.open, world.vault, drawn, lambda _result: None)


def look(world: World, data: Mapping[str, Any] | None = None, *, rotate: Sequence[str] = ()) -> Proposal:
    return asyncio.run(engine(world).look([deployment(world, data)], writing=False, rotate=frozenset(rotate)))


def view(proposal: Proposal) -> View:
    (only,) = proposal.views
    assert only.error is None
    return only


def changes(proposal: Proposal) -> ChangeSet:
    return view(proposal).changes


def apply(world: World, *, rotate: Sequence[str] = ()) -> tuple[Proposal, Report]:
    async def whole() -> tuple[Proposal, Report]:
        running = engine(world)
        proposal = await running.look([deployment(world)], writing=True, rotate=frozenset(rotate))
        assert not proposal.failed
        return proposal, await running.apply(proposal, stop=asyncio.Event())

    return asyncio.run(whole())


def adopted(world: World) -> Mapping[str, object]:
    """Return the plan data that `import` would write, given the sign-in alone."""
    given = {name: world.plan[name] for name in ("version", "coder", "identity_provider")}
    start = deployment(world, {**given, "client": {"id": world.plan["client"]["id"]}})

    async def whole() -> Mapping[str, object]:
        running = engine(world)
        proposal = await running.look([start], writing=False)
        return running.adopt(start, view(proposal).live)

    return asyncio.run(whole())

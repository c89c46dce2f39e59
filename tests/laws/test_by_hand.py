"""The laws hold for a kind whose steps are a human's: shown on a stranger's tenant in which nothing of the client can be sent."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest
from tests import stranger
from tests.laws import test_laws as laws
from tests.laws.worlds.base import changes, look
from tests.stranger import MemoryVault, StrangerProvisioner, Tenant

from oidc_provision.plans.load import Deployment
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners import registry

POINTS = EntryPoints([EntryPoint("stranger", "tests.stranger", registry.GROUP)])
PLAN = {
    "version": 1,
    "coder": {"access_url": "https://coder.example.com", "version": "2.34"},
    "identity_provider": {"type": "stranger", "tenant": "acme"},
    "client": {"id": "coder"},
    "access_tokens": {"lifetime": "1h"},
    "shared": {"region": "there"},
}


class ByHand:
    """A tenant whose region we set and whose client a person keeps."""

    def __init__(self) -> None:
        self.plan: dict[str, Any] = copy.deepcopy(PLAN)
        self.tenant = Tenant(
            {"coder": {"lifetime": 60, "refresh": False, "secret": Sealed("typed-by-hand-01")}},
            manual=frozenset({"coder"}),
        )
        self.vault = MemoryVault()
        self.writes = self.tenant.log
        self.cut: int | None = None

    async def open(self, _deployment: Deployment) -> StrangerProvisioner:
        return StrangerProvisioner("acme", self.tenant)

    def state(self) -> object:
        return {name: dict(fields) for name, fields in self.tenant.clients.items()}, self.tenant.region

    def foreign(self) -> Mapping[str, object]:
        return {}

    def secrets(self) -> frozenset[str]:
        return frozenset({"typed-by-hand-01"})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> ByHand:
    monkeypatch.setattr(registry, "entry_points", POINTS.select)
    assert stranger.KIND == registry.load("stranger").KIND
    return ByHand()


@pytest.mark.parametrize(
    "law",
    [
        laws.test_apply_then_plan_is_empty,
        laws.test_import_then_plan_is_empty,
        laws.test_saved_plan_is_known_to_be_applied_once_it_is,
        laws.test_making_the_same_change_again_does_no_harm,
    ],
)
def test_a_step_for_a_human_is_looked_past(world: ByHand, law):
    law(world)
    assert (world.tenant.region, world.tenant.clients["coder"]["lifetime"]) == ("there", 60)
    assert [change.manual for change in changes(look(world))] == ["open the console"]

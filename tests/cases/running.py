"""Finds the cases of every kind, and looks at a case with the product's own engine. How a case is written stands in README.md."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from oidc_provision.plans.load import Deployment, load
from oidc_provision.plans.proposal import View
from oidc_provision.provisioners.engine import Engine
from oidc_provision.provisioners.registry import PlanKinds, kinds

from .vault import PaperVault

HERE = Path(__file__).parent
HELD = tuple(kind for kind in kinds() if (HERE / kind / "base.yaml").is_file())
"""The kinds that have cases; a test says which have none."""


@dataclass(frozen=True)
class Paper:
    """A kind's way from a case to a provisioner. `behind` is what other references than the secret's give, by name."""

    base: Mapping[str, Any]
    provisioner: Callable[[dict[str, Any]], Any]
    behind: Mapping[str, str]


@lru_cache
def paper(kind: str) -> Paper:
    """Return what the folder of a kind brings: `base.yaml`, and `provisioner` in `paper.py`, with `BEHIND` where plans name files."""
    module = import_module(f".{kind}.paper", __package__)
    base = yaml.safe_load((HERE / kind / "base.yaml").read_text())
    return Paper(base, module.provisioner, getattr(module, "BEHIND", {}))


def cases(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the cases of a kind, each with the name of its file and its own."""
    for file in sorted((HERE / kind).glob("*.yaml")):
        if file.name != "base.yaml":
            for case in yaml.safe_load_all(file.read_text()):
                yield f"{file.stem}: {case['name']}", case


def merged(base: Any, more: Any) -> Any:
    """Mappings are merged, anything else takes the place of what was there."""
    if not (isinstance(base, dict) and isinstance(more, dict)):
        return copy.deepcopy(more)
    return {key: merged(base.get(key), more[key]) if key in more else copy.deepcopy(base[key]) for key in base | more}


def plan_of(kind: str, case: dict[str, Any], also: dict[str, Any]) -> dict[str, Any]:
    plan = merged(merged(paper(kind).base["plan"], case.get("plan", {})), also)
    for path in case.get("without", []):
        *parents, last = path.split(".")
        place = plan
        for parent in parents:
            place = place[parent]
        del place[last]
    return plan


@dataclass(frozen=True)
class Look:
    """A look at a case, and the engine that looked."""

    engine: Engine
    deployments: list[Deployment]
    view: View


def look(kind: str, case: dict[str, Any], opened: Callable[[dict[str, Any]], Any] | None = None) -> Look:
    """Look at a case; `opened` makes another provisioner of its `live` than the kind's own."""
    held = paper(kind)
    live = merged(held.base["live"], case.get("live", {}))
    plans = [yaml.safe_dump(plan_of(kind, case, also), sort_keys=False) for also in ({}, *case.get("also", []))]
    sources = [(f"plan{number or ''}.yaml", text.encode()) for number, text in enumerate(plans)]
    deployments = load(sources, PlanKinds())

    async def provisioner(_deployment: object) -> Any:
        return (opened or held.provisioner)(live)

    engine = Engine(provisioner, PaperVault(live, held.behind), lambda: "drawn", lambda _result: None)
    rotate = frozenset(case.get("rotate", []))
    proposal = asyncio.run(engine.look(deployments, writing=case.get("writing", False), rotate=rotate))
    return Look(engine, deployments, proposal.views[0])

"""Kind -> identity provider's folder, loaded when named.

A kind is the name of a folder here that has a `settings.py`; strangers' kinds come as entry points in the group
`oidc_provision.provisioners`, whose object has the same attributes as a folder's package: KIND, RULES, EXAMPLE, ASKS, HTTP, HABITS, open_provisioner.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, cast

from ..plans.errors import UsageError
from ..plans.findings import Rule
from ..plans.load import Deployment
from ..plans.meanings import Meaning
from ..plans.model import PlanKind
from .base import HttpRules, Provisioner, Surroundings
from .habits import Habits

GROUP = "oidc_provision.provisioners"
HERE = Path(__file__).parent


class Kind(Protocol):
    """What an identity provider's package brings."""

    KIND: PlanKind
    RULES: tuple[Rule, ...]
    EXAMPLE: Path
    ASKS: Mapping[str, str]
    HTTP: HttpRules
    HABITS: Habits

    open_provisioner: Callable[[Deployment, Surroundings], Awaitable[Provisioner]]


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds, our own first; imports none of them."""
    # by a file and not by import: a list of names may not cost what their models cost
    own = sorted(folder.name for folder in HERE.iterdir() if (folder / "settings.py").is_file())
    return (*own, *sorted(point.name for point in entry_points(group=GROUP) if point.name not in own))


def load(kind: str) -> Kind:
    """Return the package of a kind. Raises UsageError for one that there is not."""
    # the name comes from a plan and becomes a path and a module's name
    if kind.isidentifier() and (HERE / kind / "settings.py").is_file():
        return cast("Kind", import_module(f".{kind}", __package__))
    for point in entry_points(group=GROUP, name=kind):
        return cast("Kind", point.load())
    raise UsageError(f"there is no identity provider type `{kind}`", fix=f"one of: {', '.join(kinds())}")


def habits_at(host: str) -> Habits | None:
    """Return the ways of the kind whose own host this is, None where it is none's."""
    for name in kinds():
        # a stranger's package that is broken takes nothing away but its own ways
        with suppress(ImportError, UsageError):
            found = load(name).HABITS
            if host in found.hosts:
                return found
    return None


@dataclass(frozen=True, slots=True)
class Refusals:
    """What is known of a vendor's refusals; `clue` is an expression for what gives the vendor away in a text, "" for none."""

    meanings: tuple[Meaning, ...]
    clue: str = ""


def refusals() -> Mapping[str, Refusals]:
    """Return them by vendor: those of our folders, also of vendors that are no kind yet, and of strangers' kinds that can be loaded."""
    own = sorted(folder.name for folder in HERE.iterdir() if (folder / "meanings.py").is_file())
    found = {}
    # kinds first: where two vendors use the same words, the one that can be in a plan is meant
    for name in sorted(own, key=lambda name: name not in kinds()):
        module = import_module(f".{name}.meanings", __package__)
        found[name] = Refusals(module.MEANINGS, module.CLUE)
    for name in kinds():
        # a stranger's package that is broken takes nothing away but its own words
        with suppress(ImportError, UsageError):
            found.setdefault(name, Refusals(load(name).HABITS.meanings))
    return found


class PlanKinds(Mapping[str, PlanKind]):
    """The loader's view of the registry: a kind's models are imported when they are looked up."""

    def __getitem__(self, kind: str) -> PlanKind:
        try:
            return load(kind).KIND
        except UsageError:
            raise KeyError(kind) from None

    def __iter__(self) -> Iterator[str]:
        return iter(kinds())

    def __len__(self) -> int:
        return len(kinds())

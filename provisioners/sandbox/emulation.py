"""What an identity provider's folder brings to the sandbox, and where it is found: its room `sandbox`, without being named here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from starlette.routing import BaseRoute

from ...plans.errors import UsageError
from ..registry import kinds
from .clock import MovableClock
from .signing import Signer


@dataclass(frozen=True, slots=True)
class Story:
    """What a demonstration needs. `files` are written beside the plan; `drift` changes something as a person by hand and says what."""

    plan: str
    files: Mapping[str, str]
    username: str
    password: str
    drift: Callable[[], str]


class Emulation(Protocol):
    """One emulated identity provider."""

    @property
    def routes(self) -> list[BaseRoute]:
        """Its paths, below a prefix that is not its business."""
        ...

    @property
    def signer(self) -> Signer:
        """What signs its tokens, now."""
        ...

    @property
    def revision(self) -> int:
        """A number that grows with every change of its state."""
        ...

    def dump(self) -> str:
        """Return the state as text, for `load`."""
        ...

    def load(self, text: str) -> None:
        """Take up a state that was dumped. Raises ValueError for text that is none."""
        ...

    def welcome(self, url: str) -> tuple[str, ...]:
        """Return lines that say how to connect."""
        ...

    def story(self, url: str) -> Story:
        """Return what a demonstration needs; prepares the state for it."""
        ...


def emulated_kinds() -> tuple[str, ...]:
    """Return the kinds that have a sandbox."""
    return tuple(kind for kind in kinds() if find_spec(f"..{kind}", __package__) and _room(kind))


def _room(kind: str) -> bool:
    return find_spec(f"..{kind}.sandbox", __package__) is not None


def emulate(kind: str, clock: MovableClock, draw: Callable[[], str]) -> Emulation:
    """Return a new emulation of that kind. Raises UsageError where there is none."""
    if kind not in emulated_kinds():
        raise UsageError(
            f"there is no emulation of identity provider type `{kind}`", fix=f"one of: {', '.join(emulated_kinds())}"
        )
    module = import_module(f"..{kind}.sandbox", __package__)
    return cast("Emulation", module.emulate(clock, draw))

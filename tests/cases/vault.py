"""What stands behind the references of a case's plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oidc_provision.plans.sealed import Sealed


class PaperVault:
    """Gives what the case states: `given` for `from`, `stored` for the store, and `behind` for other references by name."""

    def __init__(self, live: Mapping[str, Any], behind: Mapping[str, str]) -> None:
        self._live = live
        self._behind = behind

    async def resolve(self, reference: object, near: str) -> Sealed:
        return Sealed(self._behind.get(str(reference)) or self._live["given"])

    def store(self, reference: object, near: str) -> PaperVault:
        return self

    async def read(self) -> Sealed | None:
        return Sealed(self._live["stored"]) if self._live["stored"] else None

    async def write(self, value: Sealed) -> None:
        raise AssertionError("a look writes nothing")

    def guard(self, value: Sealed, name: str) -> None:
        return

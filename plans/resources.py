"""Resources and how their fields are wanted. What a field is called and means is the vendor folder's affair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from .sealed import Sealed


@dataclass(frozen=True, slots=True)
class Generated:
    """A secret that does not exist yet; it is drawn when the change is applied, once for each `key`."""

    key: str

    def __repr__(self) -> str:
        return "(generated)"


Value = None | bool | int | str | frozenset[str] | Sealed | Generated
"""A live or wanted field value, normalised by the vendor's folder: sets as sets, absent as None, durations in seconds."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """What a resource is called within its target, printed `client/coder`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """Where resources live and which is read at once: a realm, a tenant, a server, a database."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Want(Protocol):
    """How one field is wanted."""

    def settle(self, live: Value) -> Value:
        """Return the value the field must end with, given the live one. `settle(settle(x)) == settle(x)`."""
        ...


@dataclass(frozen=True, slots=True)
class Exactly:
    """This value and no other."""

    value: Value

    def settle(self, live: Value) -> Value:  # noqa: ARG002  # the protocol's signature
        """Return the wanted value whatever is live."""
        return self.value


@dataclass(frozen=True, slots=True)
class Includes:
    """These members and none of `without`; others stay."""

    members: frozenset[str]
    without: frozenset[str] = frozenset()

    def settle(self, live: Value) -> Value:
        """Return the live members and ours, less those that must not be there."""
        # `without` has the last word: a scope must not end up on both of its lists
        return ((live if isinstance(live, frozenset) else frozenset()) | self.members) - self.without


@dataclass(frozen=True, slots=True)
class AtLeast:
    """This number or more; an absent value is too little."""

    least: int

    def settle(self, live: Value) -> Value:
        """Return the live number where it is enough, else the least."""
        return live if isinstance(live, int) and live >= self.least else self.least


@dataclass(frozen=True, slots=True)
class AtMost:
    """This number or less; an absent value counts as unlimited."""

    most: int

    def settle(self, live: Value) -> Value:
        """Return the live number where it is low enough, else the most."""
        return live if isinstance(live, int) and live <= self.most else self.most


@dataclass(frozen=True, slots=True)
class Absent:
    """No value at all."""

    def settle(self, live: Value) -> Value:  # noqa: ARG002  # the protocol's signature
        """Return None whatever is live."""
        return None


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret: kept where there is one, `value` where the plan's reference gives it, drawn for `key` where there is none."""

    key: str
    value: Sealed | None = None
    replace: bool = False

    def settle(self, live: Value) -> Value:
        """Return the secret to end with; `Generated` stands for one that is drawn when the change is applied."""
        # also during a rotation: what the plan gives is the new one, and there is nothing to draw
        if self.value is not None:
            return self.value
        # `Generated` is the new one already: settling twice must not ask for two
        if live is None or (self.replace and not isinstance(live, Generated)):
            return Generated(self.key)
        return live


Fields = Mapping[str, Value]
Wants = Mapping[str, Want]
Live = Mapping[Address, Fields]
"""What exists, field by field; an address that is not in it does not exist."""
Desired = Mapping[Address, Wants]
"""What is ours, field by field; a field nobody wants is not ours."""

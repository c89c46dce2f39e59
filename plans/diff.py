"""The difference between what is wanted and what is live, as a value that can be printed, hashed and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from .resources import Address, Desired, Fields, Generated, Live, Target, Value
from .sealed import Sealed

NEVER_SHOWN = "(secret)"
REPLACED = "(replaced)"
GENERATED = "(generated)"

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]


class Action(StrEnum):
    """What becomes of a resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Edit:
    """One field's way from what is live to what is wanted; absent is None."""

    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Change:
    """All edits of one resource. `after` holds every managed field as it must end; `manual` is a step for a human."""

    address: Address
    action: Action
    edits: tuple[Edit, ...]
    after: Fields
    manual: str = ""
    depends_on: frozenset[str] = frozenset()
    step: int = 0

    @property
    def key(self) -> str:
        """The name by which `depends_on` refers to this change."""
        return f"{self.address}#{self.step}" if self.step else str(self.address)

    @property
    def before(self) -> Fields | None:
        """The managed fields as they are live; None where the resource does not exist."""
        if self.action is Action.CREATE:
            return None
        return {**self.after, **{edit.field: edit.before for edit in self.edits}}

    def edit(self, name: str) -> Edit | None:
        """Return the edit of one field, None where it stays."""
        return next((edit for edit in self.edits if edit.field == name), None)


@dataclass(frozen=True)
class ChangeSet:
    """The changes of one target, in the order of their addresses."""

    changes: tuple[Change, ...] = field(default=())

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    @cached_property
    def by_address(self) -> Mapping[Address, tuple[Change, ...]]:
        """The changes of each address; more than one where an order made a split necessary."""
        found: dict[Address, tuple[Change, ...]] = {}
        for change in self.changes:
            found[change.address] = (*found.get(change.address, ()), change)
        return found

    @property
    def sendable(self) -> tuple[Change, ...]:
        """The changes that we make; manual steps are not among them."""
        return tuple(change for change in self.changes if not change.manual)

    @property
    def by_hand(self) -> tuple[Change, ...]:
        """The steps that only a human can do."""
        return tuple(change for change in self.changes if change.manual)

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form; holds no secret and nothing that depends on the run."""
        return digest_of([change_json(change) for change in self.changes])


def diff(desired: Desired, live: Live) -> ChangeSet:
    """Return what must change so that `live` becomes as `desired`; empty where nothing must."""
    # sorted, so that the digest does not depend on the order of the plan files
    found = (_change(address, desired[address], live.get(address)) for address in sorted(desired))
    return ChangeSet(tuple(change for change in found if change is not None))


def _change(address: Address, wants: Mapping[str, object], live: Fields | None) -> Change | None:
    from_live: Fields = live or {}
    after = {name: want.settle(from_live.get(name)) for name, want in sorted(wants.items())}  # type: ignore[attr-defined]
    edits = tuple(
        Edit(name, from_live.get(name), value) for name, value in after.items() if not _same(from_live.get(name), value)
    )
    # not `from_live`: a resource without any field exists all the same
    if live is None:
        return Change(address, Action.CREATE, edits, after)
    return Change(address, Action.UPDATE, edits, after) if edits else None


def _same(one: Value, other: Value) -> bool:
    # Python takes True for 1; a server does not
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def value_json(value: Value) -> Json:
    """Return a field value for JSON: sets as sorted lists, a secret never as itself."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Sealed):
        return NEVER_SHOWN
    if isinstance(value, Generated):
        return GENERATED
    return value


def fields_json(fields: Fields) -> dict[str, Json]:
    """Return a resource's fields for JSON, in the order of their names."""
    return {name: value_json(fields[name]) for name in sorted(fields)}


def edit_json(edit: Edit) -> dict[str, Json]:
    """Return one edit for JSON; a secret that gives way to another reads `(replaced)`."""
    # both print as `(secret)`: a replacement would look like no change
    after = REPLACED if isinstance(edit.before, Sealed) and isinstance(edit.after, Sealed) else value_json(edit.after)
    return {"field": edit.field, "before": value_json(edit.before), "after": after}


def change_json(change: Change) -> dict[str, Json]:
    """Return one change in the canonical form that digests are made of."""
    return {
        # the key, as two halves of one realm's change must differ; `depends_on` stays out, an order is ours to choose
        "address": change.key,
        "action": change.action.value,
        "edits": [edit_json(edit) for edit in change.edits],
        "manual": change.manual,
    }


def digest_of(value: Json) -> str:
    """Return the SHA-256 of a value's canonical JSON (sorted keys, no spaces, UTF-8) in hexadecimal."""
    # canonical: digests are compared between machines and Python versions; a name from a server may hold half a surrogate pair
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def fleet_digest(parts: Iterable[tuple[Target, ChangeSet]]) -> str:
    """Return one digest for the changes of several targets, whatever their order; targets without changes do not count."""
    named = {str(target): [change_json(change) for change in changes] for target, changes in parts if len(changes)}
    return digest_of(named)

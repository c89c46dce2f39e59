"""The order that Keycloak demands between a realm and its clients.

Fact (26.7.3): a client's plain-session lifetime above the realm's is refused on every PUT, so the realm is raised before its clients and
lowered after them. A realm change that does both is split.
"""

from __future__ import annotations

from dataclasses import replace

from ...plans.diff import Change, Edit

ORDERED = ("ssoSessionIdleTimeout", "ssoSessionMaxLifespan")


def arrange(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return the changes with `depends_on` set: store before client, raised realm before clients, clients before a lowered realm."""
    clients = tuple(change for change in changes if change.address.kind == "client")
    realms = tuple(part for change in changes if change.address.kind == "realm" for part in _split(change))
    others = tuple(change for change in changes if change.address.kind not in ("client", "realm"))
    raised = frozenset(part.key for part in realms if not any(map(_lowers, part.edits)))
    # a secret is kept before the client has it: nothing can lose it on the way (design 8)
    stores = {change.address.name: change.key for change in others if change.address.kind == "store"}
    waiting = tuple(replace(change, depends_on=raised | _own(stores, change)) for change in clients)
    return (*others, *(_after_clients(part, waiting) for part in realms), *waiting)


def _own(stores: dict[str, str], client: Change) -> frozenset[str]:
    key = stores.get(client.address.name)
    return frozenset() if key is None else frozenset({key})


def _after_clients(part: Change, clients: tuple[Change, ...]) -> Change:
    if not any(map(_lowers, part.edits)):
        return part
    return replace(part, depends_on=frozenset(client.key for client in clients))


def _split(change: Change) -> tuple[Change, ...]:
    lowered = tuple(edit for edit in change.edits if _lowers(edit))
    if not lowered or len(lowered) == len(change.edits):
        return (change,)
    # one change cannot wait for its clients and have them wait for it
    raised = tuple(edit for edit in change.edits if not _lowers(edit))
    return replace(change, edits=raised), replace(change, edits=lowered, step=1)


def _lowers(edit: Edit) -> bool:
    return (
        edit.field in ORDERED
        and isinstance(edit.before, int)
        and isinstance(edit.after, int)
        and edit.after < edit.before
    )

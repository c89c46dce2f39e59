"""Makes and changes applications, service principals and consent. What a PATCH replaces whole is read just before it is written."""

from __future__ import annotations

from collections.abc import Mapping

from ...plans.diff import Action, Change, Edit
from ...plans.errors import RemoteFailure
from ...plans.resources import Live, Value
from ..base import Outcome
from .fields import ASSIGNMENT, OWNERS, SCOPES, application_body, is_for_everybody, principal_address
from .graph import Representation
from .ground import Ground, Known, gained, not_found_yet, pairs
from .refusals import SAME_KEY, GraphFailure


async def write_application(ground: Ground, change: Change, live: Live) -> Outcome:
    """Make an application or change one."""
    if change.action is Action.CREATE:
        return await _make(ground, change)
    known, edits = ground.ids(change.address.name, live), pairs(change)
    settings = {name: edit for name, edit in edits.items() if name != OWNERS}
    if settings:
        await ground.patience.through(lambda: _merge(ground, known, settings), new=known.new)
    done = ("settings",) if settings else ()
    return Outcome((*done, *await _add_owners(ground, known, change.edit(OWNERS))))


async def _make(ground: Ground, change: Change) -> Outcome:
    name = change.address.name
    body = application_body(pairs(change), {}, ground.scopes.ids)
    # an upsert by our own name: repeated, or after a lost answer, it is the same application
    made = await ground.patience.through(lambda: ground.api.upsert_application(name, body))
    if made is None:
        made = await ground.patience.through(lambda: _found(ground, name), new=True)
    known = ground.known[name] = Known(str(made["id"]), str(made["appId"]), new=True)
    return Outcome(("application", *await _add_owners(ground, known, change.edit(OWNERS))))


async def _found(ground: Ground, name: str) -> Representation:
    found = await ground.api.application(name)
    if found is None:
        raise not_found_yet(f"application `{name}`")
    return found


async def _merge(ground: Ground, known: Known, edits: Mapping[str, tuple[Value, Value]]) -> None:
    found = await ground.api.application_now(known.object_id)
    await ground.api.change_application(known.object_id, application_body(edits, found, ground.scopes.ids))


async def _add_owners(ground: Ground, known: Known, edit: Edit | None) -> tuple[str, ...]:
    # whoever made the application is its owner; nobody is ever taken away, so nobody is locked out
    added = sorted(gained(edit))
    for owner in added:
        await _add_owner(ground, known, owner)
    return tuple(f"owner `{owner}`" for owner in added)


async def _add_owner(ground: Ground, known: Known, owner: str) -> None:
    try:
        await ground.patience.through(lambda: ground.api.add_owner(known.object_id, owner), new=known.new)
    except RemoteFailure:
        # who is there already is refused in words alone, which may change
        if owner not in await ground.api.owners(known.object_id):
            raise


async def write_principal(ground: Ground, change: Change, live: Live) -> Outcome:
    """Make a service principal or change one."""
    known = ground.ids(change.address.name, live)
    # a body there must be; this is what a new one has by itself
    body = {ASSIGNMENT: change.after.get(ASSIGNMENT) or False}
    await ground.patience.through(lambda: ground.api.upsert_principal(known.app_id, body), new=known.new)
    return Outcome(("service principal",))


async def write_consent(ground: Ground, change: Change, live: Live) -> Outcome:
    """Consent for everybody to what the plan asks for; what was consented to before stays."""
    added = gained(change.edit(SCOPES))
    principal = await _principal_id(ground, change.address.name, live)
    await ground.patience.through(lambda: _consent(ground, principal, added), new=True)
    return Outcome(("consent",))


async def _principal_id(ground: Ground, name: str, live: Live) -> str:
    there = live.get(principal_address(name), {}).get("id")
    if there:
        return str(there)
    app_id = ground.ids(name, live).app_id

    async def look() -> str:
        found = await ground.api.principal(app_id)
        if found is None:
            raise not_found_yet(f"service principal of `{name}`")
        return str(found["id"])

    return await ground.patience.through(look, new=True)


async def _consent(ground: Ground, principal: str, added: frozenset[str]) -> None:
    # looked at now: a second consent for the same two is refused
    found = await _grant(ground, principal)
    if found is None:

        async def is_there() -> bool:
            return await _grant(ground, principal) is not None

        scopes = " ".join(sorted(added))
        try:
            await ground.once(lambda: ground.api.consent(principal, ground.scopes.principal, scopes), is_there)
        except GraphFailure as failure:
            if failure.code != SAME_KEY:
                raise
            # it is there, and the copy that was asked does not show it yet
            raise not_found_yet("consent") from None
        return
    held = str(found.get("scope") or "").split()
    if not added <= set(held):
        await ground.api.change_consent(str(found["id"]), " ".join([*held, *sorted(added - set(held))]))


async def _grant(ground: Ground, principal: str) -> Representation | None:
    for each in await ground.api.grants_of(principal):
        if is_for_everybody(each, ground.scopes.principal):
            return each
    return None

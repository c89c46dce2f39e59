"""What applications and service principals are linked to: owners, token lifetime policies, app management policies."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from .call import EVERY_APP, OWN_APPS, READS_APPS, Call, Row
from .refusals import DENIED, GraphRefusal, bad, missing
from .state import APP_POLICIES, OWNERS, PRINCIPALS, TOKEN_POLICIES, Representation

OBJECT_NAMES = frozenset({"id", "displayName", "appId", "userPrincipalName"})
_ONE_EACH = (TOKEN_POLICIES, APP_POLICIES)


def object_shown(call: Call, key: str) -> dict[str, Any] | None:
    """Return a person or service principal as a directory object, None for somebody who is gone."""
    person, found = call.directory.people.get(key), call.directory.all(PRINCIPALS).get(key)
    if person is not None:
        shown = {"id": key, "displayName": person.name, "userPrincipalName": person.username}
        return {"@odata.type": "#microsoft.graph.user", **shown}
    if found is None:
        return None
    shown = {"id": key, "displayName": found["displayName"], "appId": found["appId"]}
    return {"@odata.type": "#microsoft.graph.servicePrincipal", **shown}


def _found(call: Call, relation: str, key: str) -> dict[str, Any] | None:
    if relation == OWNERS:
        return object_shown(call, key)
    found = call.directory.all(relation).get(key)
    return None if found is None else dict(found)


def subject(call: Call, *, changes: bool = False) -> Representation:
    """Return the application or service principal of the path."""
    if any(part.startswith("app_by_") for part in call.parts):
        return call.application(changes=changes)
    call.caller.need(*((EVERY_APP, OWN_APPS) if changes else READS_APPS))
    found = call.named(PRINCIPALS, "principal", changes=changes)
    owners = call.directory.linked(str(found["id"]), OWNERS)
    if changes and not call.caller.holds(EVERY_APP) and call.caller.principal not in owners:
        raise DENIED
    return found


def _taken(relation: str) -> GraphRefusal:
    return bad(
        f"One or more added object references already exist for the following modified properties: '{relation}'."
    )


def _rows(path: str, relation: str) -> tuple[Row, ...]:
    def listed(call: Call) -> Response:
        found = subject(call)
        ids = call.directory.linked(str(found["id"]), relation)
        there = [each for each in (_found(call, relation, key) for key in ids) if each is not None]
        context = call.context("directoryObjects" if relation == OWNERS else relation)
        return JSONResponse({**context, **call.query.page(there, OBJECT_NAMES, call.address)})

    def link(call: Call) -> Response:
        found, key = subject(call, changes=True), call.referred()
        before = call.directory.linked(str(found["id"]), relation)
        if _found(call, relation, key) is None:
            raise missing(key)
        if key in before or (relation in _ONE_EACH and before):
            raise _taken(relation)
        return call.done(call.directory.with_links(str(found["id"]), relation, (*before, key)))

    def unlink(call: Call) -> Response:
        found, key = subject(call, changes=True), call.parts["linked"]
        before = call.directory.linked(str(found["id"]), relation)
        if key not in before:
            raise missing(key)
        after = tuple(each for each in before if each != key)
        return call.done(call.directory.with_links(str(found["id"]), relation, after))

    return (
        Row(f"{path}/{relation}", get=listed),
        Row(f"{path}/{relation}/$ref", post=link),
        Row(f"{path}/{relation}/{{linked}}/$ref", delete=unlink),
    )


ROWS: tuple[Row, ...] = (
    *_rows("/applications{app}", OWNERS),
    *_rows("/applications{app}", TOKEN_POLICIES),
    *_rows("/applications{app}", APP_POLICIES),
    *_rows("/servicePrincipals{principal}", OWNERS),
)

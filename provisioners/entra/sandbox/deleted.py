"""The bin: deleted applications and service principals, for 30 days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from .building import APPLICATION_NAMES
from .call import EVERY_APP, OWN_APPS, READS_APPS, Call, Row
from .refusals import DENIED, missing
from .state import APPLICATIONS, OWNERS, Deleted, Directory

_TYPES = {APPLICATIONS: "#microsoft.graph.application"}


def _shown(deleted: Deleted) -> dict[str, Any]:
    when = datetime.fromtimestamp(deleted.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**deleted.object, "deletedDateTime": when}


def _typed(deleted: Deleted) -> dict[str, Any]:
    return {"@odata.type": _TYPES.get(deleted.collection, "#microsoft.graph.servicePrincipal"), **_shown(deleted)}


def _found(call: Call, *, changes: bool = False) -> Deleted:
    call.caller.need(*((EVERY_APP, OWN_APPS) if changes else READS_APPS))
    key = call.parts["object"]
    found = call.directory.in_bin(call.now).get(key)
    if found is None:
        raise missing(key)
    owner = call.caller.principal in call.directory.linked(key, OWNERS)
    if changes and not owner and not call.caller.holds(EVERY_APP):
        raise DENIED
    return found


def list_applications(call: Call) -> Response:
    """Answer the applications in the bin."""
    call.caller.need(*READS_APPS)
    there = call.directory.in_bin(call.now).values()
    found = [_shown(each) for each in there if each.collection == APPLICATIONS]
    return JSONResponse({**call.context(APPLICATIONS), **call.query.page(found, APPLICATION_NAMES, call.address)})


def read(call: Call) -> Response:
    """Answer one object of the bin."""
    return call.one(_typed(_found(call)), "directoryObjects")


def restore(call: Call) -> Response:
    """Bring an object back; an application comes without its service principal [memory]."""
    found = _found(call, changes=True)
    name = found.object.get("uniqueName")
    if name is not None:
        # whether the bin holds on to a name is not known of Entra; here it does not, so it may be taken by now
        call.free(APPLICATIONS, "uniqueName", name)
    call.keep(_without(call).with_object(found.collection, found.object))
    typed = {**_typed(found), "deletedDateTime": None}
    return call.one(typed, "directoryObjects")


def purge(call: Call) -> Response:
    """Remove an object from the bin, for good."""
    _found(call, changes=True)
    return call.done(_without(call))


def _without(call: Call) -> Directory:
    kept = {key: each for key, each in call.directory.bin.items() if key != call.parts["object"]}
    return replace(call.directory, bin=kept)


_ONE = "/directory/deletedItems/{object}"
ROWS: tuple[Row, ...] = (
    Row("/directory/deletedItems/graph.application", get=list_applications),
    Row("/directory/deletedItems/microsoft.graph.application", get=list_applications),
    Row(_ONE, get=read, delete=purge),
    Row(f"{_ONE}/restore", post=restore),
)

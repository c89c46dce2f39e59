"""What all writing at a tenant stands on: its API, patience, and which ids our names have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ...plans.diff import Change, Edit
from ...plans.errors import Failed, RemoteFailure
from ...plans.resources import Live, Value
from .api import Api
from .fields import client_address, members
from .patience import Patience, is_ambiguous
from .reading import Scopes
from .refusals import NOT_FOUND, GraphFailure, refusal

PLAN_AGAIN = "run `plan` again: it starts from what is there now"


@dataclass(frozen=True, slots=True)
class Known:
    """The two ids of an application: `object_id` in the directory, `app_id` for sign-in. A `new` one may not be found for a while."""

    object_id: str
    app_id: str
    new: bool = False


@dataclass(slots=True)
class Ground:
    """One tenant's, for one run. `draw` returns a new id, `now` seconds since 1970; `known` are the applications made in this run."""

    api: Api
    patience: Patience
    scopes: Scopes
    draw: Callable[[], str]
    now: Callable[[], int]
    known: dict[str, Known] = field(default_factory=dict)

    def ids(self, name: str, live: Live) -> Known:
        """Return an application's ids. Raises Failed where there is none."""
        fields = live.get(client_address(name), {})
        if name in self.known:
            return self.known[name]
        if "id" not in fields:
            raise Failed(f"application `{name}` does not exist", fix=PLAN_AGAIN)
        return Known(str(fields["id"]), str(fields["appId"]))

    async def once(self, send: Callable[[], Awaitable[object]], is_done: Callable[[], Awaitable[bool]]) -> None:
        """Send what must not be done twice: where its answer does not tell, look whether it was done."""
        try:
            await send()
        except RemoteFailure as error:
            if not is_ambiguous(error) or not await is_done():
                raise


def not_found_yet(what: str) -> GraphFailure:
    """Return the error for what was made a moment ago and is not found."""
    return refusal(f"reading the {what}", NOT_FOUND, "Request_ResourceNotFound", "", "")


def pairs(change: Change) -> dict[str, tuple[Value, Value]]:
    """Return a change's edits, field -> (before, after)."""
    return {edit.field: (edit.before, edit.after) for edit in change.edits}


def gained(edit: Edit | None) -> frozenset[str]:
    """Return the members that an edit adds to a set."""
    return frozenset() if edit is None else members(edit.after) - members(edit.before)


def lost(edit: Edit | None) -> frozenset[str]:
    """Return the members that an edit takes from a set."""
    return frozenset() if edit is None else members(edit.before) - members(edit.after)

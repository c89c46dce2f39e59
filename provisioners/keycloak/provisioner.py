"""Reads a realm and writes what was decided. Decides nothing itself: that is `wants`, `rules` and `order`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ...plans.coder_env import CoderEnv
from ...plans.diff import Action, Change, Edit
from ...plans.errors import Failed, RemoteFailure
from ...plans.findings import Finding
from ...plans.model import Plan
from ...plans.resources import Desired, Fields, Live, Value
from ...plans.steps import Step, not_reached, ok, unclear
from ..base import Outcome, never
from . import adopting, coder_settings, order, rights, rules, wants
from .admin import CONFLICT, AdminApi
from .fields import (
    DEFAULT_ROLES,
    DEFAULT_SCOPES,
    ISSUER,
    ISSUER_PROBLEM,
    OFFLINE_ACCESS,
    OPTIONAL_SCOPES,
    SETS,
    USE_REFRESH,
    client_address,
    client_body,
    client_fields,
    mapper_bodies,
    mapper_field,
    realm_address,
    scope_address,
)
from .reading import FORBIDDEN, read_realm, refuse, refusing_unknown_realm

LISTS = {"default": DEFAULT_SCOPES, "optional": OPTIONAL_SCOPES}
SESSIONS = ("sessions", "Keycloak holds offline sessions of the client")
REPLACED_LISTS = frozenset(SETS) - frozenset(LISTS.values())


class KeycloakProvisioner:
    """One realm of one server. `discovery` returns the realm's issuer, given its fields where they have been read already."""

    def __init__(
        self,
        api: AdminApi,
        discovery: Callable[[Fields | None], Awaitable[str]],
        account: rights.Account,
        is_crowded: Callable[[], bool] = never,
    ) -> None:
        self._api = api
        self._discovery = discovery
        self._account = account
        self._is_crowded = is_crowded

    async def preflight(self, plans: Sequence[Plan], *, writing: bool) -> tuple[Finding, ...]:
        """Return an error for each role that the access token shows to be missing; a token without roles shows nothing."""
        held = rights.held_roles(await self._sign_in(), self._account)
        if held is None:
            return ()
        needed = rights.needed(plans, writing=writing)
        return tuple(
            rights.finding(role, self._account, "its token does not name it") for role in rights.missing(held, needed)
        )

    async def _sign_in(self) -> str:
        if self._account.realm != self._account.managed:
            return await self._api.access_token()
        with refusing_unknown_realm(self._account.managed):
            return await self._api.access_token()

    async def read(self, plans: Sequence[Plan], given: object, *, writing: bool) -> Live:  # noqa: ARG002  # the protocol's signature
        """Return the realm with the issuer that its discovery document states."""
        realm, crowded = self._account.managed, self._is_crowded()
        address = realm_address(realm)
        reading = read_realm(self._api, plans, realm, self._account, writing=writing, sparing=crowded)
        if crowded:
            live = await reading
            issuer = await self._issuer(live[address])
        else:
            # at once: a document that could have been spared costs no time here
            live, issuer = await asyncio.gather(reading, self._issuer(None))
        return {**live, address: {**live[address], **issuer}}

    async def _issuer(self, seen: Fields | None) -> Fields:
        """The issuer, or why it is not known: a pipeline may reach the admin address alone, and can plan all the same."""
        try:
            return {ISSUER: await self._discovery(seen)}
        except RemoteFailure as error:
            return {ISSUER_PROBLEM: f"{error.message} ({error.where})"}

    def desired(self, plan: Plan, live: Live, *, rotate: bool) -> Desired:
        """Return what the plan wants of the realm."""
        return wants.desired(plan, live, rotate=rotate)

    def arrange(self, changes: tuple[Change, ...], live: Live) -> tuple[Change, ...]:  # noqa: ARG002  # the protocol's signature
        """Return the changes in the order that Keycloak demands."""
        return order.arrange(changes)

    def check(self, plan: Plan, live: Live, changes: tuple[Change, ...]) -> tuple[Finding, ...]:
        """Return Keycloak's own findings."""
        return rules.check(plan, live, changes)

    def coder_env(self, plan: Plan, live: Live) -> CoderEnv:
        """Return the settings for Coder."""
        return coder_settings.coder_env(plan, live)

    def adopt(self, plan: Plan, live: Live) -> Mapping[str, object]:
        """Return the smallest plan data for the live client."""
        return adopting.adopt(plan, live)

    async def confirm(self, plan: Plan, live: Live) -> tuple[Step, ...]:
        """Count the client's offline sessions: what the guide calls reviewing Keycloak's sessions."""
        client = live.get(client_address(plan.client.id))
        if client is None:
            return (not_reached(*SESSIONS, breaks=["client"]),)
        count = await self._api.offline_sessions(str(client["id"]))
        if count == 0:
            problem = "there is no offline session yet: nobody has signed in since refresh tokens are issued"
            return (unclear(*SESSIONS, problem, fix="have somebody sign in at Coder, or use --login"),)
        return (ok(*SESSIONS, f"{count} offline sessions of client `{plan.client.id}`"),)

    def offline_access(self, change: Change) -> tuple[bool, bool]:
        """Tell whether users get offline tokens before and after: refresh tokens on, and offline_access attached either way."""
        return _gives_offline(change.before or {}), _gives_offline(change.after)

    async def confirm_rights(self, changes: tuple[Change, ...]) -> None:
        """Send an empty realm change where the realm is to be changed and the token does not tell whether we may."""
        told = rights.held_roles(await self._api.access_token(), self._account) is not None
        if told or not any(change.address.kind == "realm" for change in changes):
            return
        try:
            # 403 without manage-realm (26.7.3): for a password sign-in nothing else tells it before a real write
            await self._api.update_realm({})
        except RemoteFailure as error:
            if error.status != FORBIDDEN:
                raise
            refuse([rights.finding("manage-realm", self._account, "an empty change of the realm was refused")])

    async def apply(self, change: Change, live: Live) -> Outcome:
        """Make one change of the realm or of a client."""
        if change.address.kind == "realm":
            return await self._apply_realm(change, live)
        if change.action is Action.CREATE:
            return await self._create(change)
        return await self._update(change, live)

    async def _apply_realm(self, change: Change, live: Live) -> Outcome:
        # default roles are composites of a role and no field of the realm; a whole representation would add attributes (26.7.3)
        body = {edit.field: edit.after for edit in change.edits if edit.field != DEFAULT_ROLES}
        if body:
            await self._api.update_realm(body)
        edit = change.edit(DEFAULT_ROLES)
        if edit is not None:
            await self._add_default_roles(edit, live[change.address])
        return Outcome(tuple(edit.field for edit in change.edits))

    async def _add_default_roles(self, edit: Edit, fields: Fields) -> None:
        names = sorted(wants.members(edit.after) - wants.members(edit.before))
        roles = [role for role in [await self._api.role(name) for name in names] if role is not None]
        await self._api.add_default_roles(str(fields["defaultRoleId"]), roles)

    async def _create(self, change: Change) -> Outcome:
        """One request: attributes, both scope lists and mappers travel with the new client."""
        client_id = change.address.name
        body: dict[str, Any] = {"clientId": client_id, "protocol": "openid-connect", **client_body(change.after)}
        # both lists: with only one of them in the body 26.7.3 gives no defaults for the other
        body |= {name: sorted(wants.members(change.after.get(name))) for name in LISTS.values()}
        mappers = list(mapper_bodies(change.after).values())
        if mappers:
            body["protocolMappers"] = mappers
        try:
            await self._api.create_client(body)
        except RemoteFailure as error:
            if error.status != CONFLICT:
                raise
            raise Failed(
                f"client `{client_id}` was created by somebody else meanwhile",
                where=self._api.where,
                fix="run `apply` again",
            ) from error
        return Outcome(("created",))

    async def _update(self, change: Change, live: Live) -> Outcome:
        """Attributes first, so that a client is complete before a scope that is being moved is missing for a moment."""
        client, uuid = live[change.address], str(live[change.address]["id"])
        done: list[str] = []
        # only what differs: a PUT merges, so what somebody changes meanwhile survives
        edited = {edit.field: edit.after for edit in change.edits}
        body = client_body({**edited, **await self._lists_now(change)})
        if body:
            await self._api.update_client(uuid, body, change.address.name)
            done.append("settings")
        for claim, mapper in mapper_bodies(_mapper_after(change)).items():
            await self._api.put_mapper(uuid, _whole_mapper(claim, mapper, client))
            done.append(f"mapper for `{claim}`")
        return Outcome((*done, *await self._move_scopes(change, live, uuid)))

    async def _lists_now(self, change: Change) -> Fields:
        """A PUT replaces a list whole: it is read again just before, so that what somebody added since the look stays."""
        edits = [edit for edit in change.edits if edit.field in REPLACED_LISTS]
        found = await self._api.find_client(change.address.name) if edits else None
        if found is None:
            return {}
        now = client_fields(found)
        return {
            edit.field: (wants.members(now[edit.field]) - _gained(edit, back=True)) | _gained(edit) for edit in edits
        }

    async def _move_scopes(self, change: Change, live: Live, uuid: str) -> tuple[str, ...]:
        """Detach, attach, read back: attaching a scope that is attached the other way answers 204 and does nothing (26.7.3)."""
        done: list[str] = []
        gained = {kind: _gained(change.edit(field)) for kind, field in LISTS.items()}
        lost = {kind: _gained(change.edit(field), back=True) for kind, field in LISTS.items()}
        # attach before detach; a scope that changes its kind is the one exception that the server leaves us
        for kind, names in gained.items():
            other = lost["optional" if kind == "default" else "default"]
            for name in sorted(names):
                await self._attach(uuid, kind, name, live, moved=name in other)
                done.append(f"scope `{name}` as {kind}")
        for name in sorted((lost["default"] | lost["optional"]) - gained["default"] - gained["optional"]):
            await self._api.detach_scope(uuid, str(live[scope_address(name)]["id"]))
            done.append(f"scope `{name}` detached")
        return tuple(done)

    async def _attach(self, uuid: str, kind: str, name: str, live: Live, *, moved: bool) -> None:
        scope_id = str(live[scope_address(name)]["id"])
        if moved:
            await self._api.detach_scope(uuid, scope_id)
        await self._api.attach_scope(uuid, kind, scope_id)
        if moved and name not in await self._api.attached(uuid, kind):
            raise Failed(
                f"scope `{name}` did not arrive as {kind}",
                where=self._api.where,
                fix="run `apply` again: it attaches what is missing",
            )


def _gives_offline(fields: Fields) -> bool:
    attached = frozenset().union(*(wants.members(fields.get(field)) for field in LISTS.values()))
    return fields.get(USE_REFRESH) is True and OFFLINE_ACCESS in attached


def _gained(edit: Edit | None, *, back: bool = False) -> frozenset[str]:
    if edit is None:
        return frozenset()
    before, after = wants.members(edit.before), wants.members(edit.after)
    return before - after if back else after - before


def _mapper_after(change: Change) -> dict[str, Value]:
    """The managed settings of every mapper that has an edit."""
    edited = {edit.field.split("].")[0] for edit in change.edits if edit.field.startswith("mapper[")}
    return {name: value for name, value in change.after.items() if name.split("].")[0] in edited}


def _whole_mapper(claim: str, mapper: Mapping[str, object], client: Fields) -> dict[str, Any]:
    """A mapper's PUT replaces it whole and needs its id: what is live and not ours is sent back as it is."""
    prefix = mapper_field(claim, "")
    live = {
        name: value
        for name, value in client.items()
        if name.startswith(prefix) and name != mapper_field(claim, "others")
    }
    kept = mapper_bodies(live).get(claim, {})
    config = {**_config(kept), **_config(mapper)}
    return {**kept, **mapper, "config": config}


def _config(mapper: Mapping[str, object]) -> dict[str, object]:
    config = mapper.get("config")
    return dict(config) if isinstance(config, Mapping) else {}

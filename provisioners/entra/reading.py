"""One look at a tenant: every application that plans name, with what belongs to it. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ...plans.errors import Failed
from ...plans.model import Plan
from ...plans.resources import Address, Fields, Live, Value
from . import credentials
from .api import Api
from .entries import Entry, read_entries
from .fields import (
    BIN,
    BY_HAND,
    CERTIFICATES,
    DELEGATED,
    KNOWN_SCOPES,
    READ_AT,
    SCOPES,
    SECRETS,
    TENANT,
    UNKNOWN_CONSENT,
    application_fields,
    certificate_address,
    client_address,
    consent_address,
    is_for_everybody,
    principal_address,
    principal_fields,
    secret_address,
    validity_field,
)
from .graph import Representation
from .patience import Patience
from .reading_policies import read_default, read_limits, read_shared
from .refusals import GraphFailure, unless_forbidden
from .wants import client_part


@dataclass(frozen=True, slots=True)
class Scopes:
    """Graph's own service principal: its object id, and its delegated permissions both ways."""

    principal: str = ""
    ids: Mapping[str, str] = field(default_factory=lambda: dict(DELEGATED))

    @property
    def names(self) -> Mapping[str, str]:
        """The permissions' names by id."""
        return {key: name for name, key in self.ids.items()}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What of the tenant the sign-in may read beside applications."""

    grants: bool = True
    policies: bool = True


async def read_scopes(api: Api) -> Scopes:
    """Return Graph's delegated permissions as this tenant has them; those that everybody has where they may not be read."""
    # who may write its own applications alone need not see Microsoft's
    found = await unless_forbidden(api.graph_principal())
    if found is None:
        return Scopes()
    listed = found.get("oauth2PermissionScopes") or ()
    ids = {str(each["value"]): str(each["id"]).lower() for each in listed if each.get("value") and each.get("id")}
    return Scopes(str(found.get("id") or ""), ids or dict(DELEGATED))


class Reading:
    """Reads for some plans of a tenant. `scopes` tells Graph's permissions, `now` is in seconds since 1970."""

    def __init__(
        self, api: Api, patience: Patience, scopes: Callable[[], Awaitable[Scopes]], allowed: Allowed, now: int
    ) -> None:
        self._api = api
        self._patience = patience
        self._scopes = scopes
        self._allowed = allowed
        self._now = now

    async def live(self, plans: Sequence[Plan]) -> Live:
        """Return everything that the plans are about."""
        entries, scopes, shared, default = await asyncio.gather(
            self._entries(plans),
            self._scopes(),
            read_shared(self._api, self._patience, plans),
            self._default_policy(plans),
        )
        _check_distinct(entries)
        live: dict[Address, Fields] = {}
        for plan in plans:
            live |= _of_entry(plan.client.id, entries[plan.client.id], scopes)
        tenant, policy = await asyncio.gather(
            self._tenant(plans, entries, scopes), read_limits(self._api, plans, entries, default, self._now)
        )
        everybody = shared.pop(TENANT, {})
        return {**live, **_named_applications(shared, live), TENANT: {**tenant, **policy, **everybody}}

    async def one(self, plan: Plan) -> Live:
        """Return one application alone, looked up."""
        entries, scopes = await asyncio.gather(self._entries([plan]), self._scopes())
        return _of_entry(plan.client.id, entries[plan.client.id], scopes)

    async def _entries(self, plans: Sequence[Plan]) -> dict[str, Entry]:
        return await read_entries(self._api, plans, grants=self._allowed.grants)

    async def _default_policy(self, plans: Sequence[Plan]) -> Representation | None:
        return await read_default(self._api, plans) if self._allowed.policies else None

    async def _tenant(self, plans: Sequence[Plan], entries: Mapping[str, Entry], scopes: Scopes) -> dict[str, Value]:
        fields: dict[str, Value] = {
            READ_AT: self._now,
            KNOWN_SCOPES: frozenset(scopes.ids),
            **{validity_field(plan.client.id): client_part(plan).secret_validity for plan in plans},
            BY_HAND: frozenset(plan.client.id for plan in plans if not client_part(plan).admin_consent),
            UNKNOWN_CONSENT: frozenset(
                name for name, entry in entries.items() if entry.grants is None and entry.application is not None
            ),
        }
        # a grant names Graph's own service principal
        if not self._allowed.grants or not scopes.principal:
            fields[UNKNOWN_CONSENT] = frozenset(entries)
        absent = {plan.client.id for plan in plans if entries[plan.client.id].application is None}
        return {**fields, **(await self._deleted(absent) if absent else {})}

    async def _deleted(self, names: set[str]) -> Fields:
        try:
            found = await self._api.deleted_applications()
        except GraphFailure:
            # only to say more about what is absent
            return {}
        named = ((str(each.get(key)), each) for each in found for key in ("uniqueName", "appId"))
        return {f"{BIN}[{name}]": str(each.get("id")) for name, each in named if name in names}


def _check_distinct(entries: Mapping[str, Entry]) -> None:
    """Two plans of one application would each take the other's secrets for orphans."""
    names: dict[str, str] = {}
    for name, entry in sorted(entries.items()):
        key = "" if entry.application is None else str(entry.application["id"])
        if key and key in names:
            problem = f"`{names[key]}` and `{name}` are one application"
            raise Failed(
                problem, where="client.id", fix="keep one of the two plans, or make the other an application of its own"
            )
        names[key] = name


def _of_entry(name: str, entry: Entry, known: Scopes) -> dict[Address, Fields]:
    """Return what there is of one application as fields."""
    found = entry.application
    if found is None:
        return {}
    live: dict[Address, Fields] = {client_address(name): application_fields(found, known.names)}
    for address, kind in ((secret_address(name), SECRETS), (certificate_address(name), CERTIFICATES)):
        listed = credentials.read(found.get(kind) or ())
        live[address] = {kind: frozenset(each.label for each in listed), **credentials.as_fields(listed)}
    if entry.principal is not None:
        live[principal_address(name)] = principal_fields(entry.principal)
    return live | _consent(name, entry.grants, known.principal)


def _consent(name: str, grants: Sequence[Representation] | None, graph: str) -> dict[Address, Fields]:
    own = [each for each in grants or () if is_for_everybody(each, graph)]
    if not own:
        return {}
    # order and leading spaces differ; it is a set
    scopes = frozenset(scope for each in own for scope in str(each.get("scope") or "").split())
    return {consent_address(name): {SCOPES: scopes, "id": str(own[0].get("id"))}}


def _named_applications(shared: Mapping[Address, Fields], live: Live) -> dict[Address, Fields]:
    """Return our policies with the plans' names of the applications in place of their ids."""
    names = {
        str(fields[key]): address.name
        for address, fields in live.items()
        if address.kind == "client"
        for key in ("id", "appId")
    }
    return {
        address: {**fields, "applications": frozenset(names.get(each, each) for each in _texts(fields["applications"]))}
        for address, fields in shared.items()
    }


def _texts(value: Value) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()

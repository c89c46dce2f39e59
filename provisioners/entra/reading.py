"""One look at a tenant: every application that plans name, with what belongs to it. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...plans.model import Plan
from ...plans.resources import Address, Fields, Live, Value
from . import credentials, policies
from .api import Api
from .fields import (
    BIN,
    BY_HAND,
    CERTIFICATES,
    DELEGATED,
    EVERYBODYS,
    KNOWN_SCOPES,
    OWNERS,
    READ_AT,
    SCOPES,
    SECRETS,
    TENANT,
    UNKNOWN_CONSENT,
    application_fields,
    certificate_address,
    client_address,
    consent_address,
    moment,
    principal_address,
    principal_fields,
    secret_address,
    validity_field,
)
from .finding import by_keys
from .graph import Representation
from .patience import Patience
from .refusals import FORBIDDEN, GraphFailure
from .settings import EntraShared
from .wants import FREQUENCY, LIFETIME, client_part, is_adopted

EXPANDED = 20
"""Graph expands so many owners at most."""


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


@dataclass(frozen=True, slots=True)
class Entry:
    """What there is of one plan's application; `grants` None: may not be read."""

    application: Representation | None = None
    principal: Representation | None = None
    grants: Sequence[Representation] | None = ()


async def read_scopes(api: Api) -> Scopes:
    """Return Graph's delegated permissions as this tenant has them."""
    found = await api.graph_principal()
    if found is None:
        return Scopes()
    listed = found.get("oauth2PermissionScopes") or ()
    ids = {str(each["value"]): str(each["id"]).lower() for each in listed if each.get("value") and each.get("id")}
    return Scopes(str(found.get("id") or ""), ids or dict(DELEGATED))


class Reading:
    """Reads for some plans of a tenant. `now` is in seconds since 1970."""

    def __init__(self, api: Api, patience: Patience, scopes: Scopes, allowed: Allowed, now: int) -> None:
        self._api = api
        self._patience = patience
        self._scopes = scopes
        self._allowed = allowed
        self._now = now

    async def live(self, plans: Sequence[Plan]) -> Live:
        """Return everything that the plans are about."""
        entries, shared, default = await asyncio.gather(
            self._entries(plans), self._shared(plans), self._default_policy(plans)
        )
        live: dict[Address, Fields] = {}
        for plan in plans:
            live |= self.of_entry(plan, entries[plan.client.id])
        tenant, policy = await asyncio.gather(self._tenant(plans, entries), self._limits(plans, entries, default))
        everybody = shared.pop(TENANT, {})
        return {**live, **_named_applications(shared, live), TENANT: {**tenant, **policy, **everybody}}

    async def one(self, plan: Plan) -> Live:
        """Return one application alone, looked up."""
        return self.of_entry(plan, (await self._entries([plan]))[plan.client.id])

    async def _entries(self, plans: Sequence[Plan]) -> dict[str, Entry]:
        applications = await self._applications(plans)
        app_ids = {key: str(each["appId"]) for key, each in applications.items()}
        principals = await by_keys(
            set(app_ids.values()), self._api.principal, self._api.principals_page, lambda each: [str(each.get("appId"))]
        )
        grants = await self._grants({str(each["id"]) for each in principals.values()})
        return {plan.client.id: self._entry(plan.client.id, applications, principals, grants) for plan in plans}

    @staticmethod
    def _entry(
        name: str,
        applications: Mapping[str, Representation],
        principals: Mapping[str, Representation],
        grants: Mapping[str, Sequence[Representation]] | None,
    ) -> Entry:
        application = applications.get(name)
        if application is None:
            return Entry()
        principal = principals.get(str(application["appId"]))
        own = () if principal is None else (grants or {}).get(str(principal["id"]), ())
        return Entry(application, principal, None if grants is None else own)

    async def _applications(self, plans: Sequence[Plan]) -> dict[str, Representation]:
        with_owners = {plan.client.id for plan in plans if client_part(plan).owners}
        found = await by_keys(
            {plan.client.id for plan in plans},
            lambda key: self._api.application(key, owners=key in with_owners),
            lambda page: self._api.applications_page(owners=bool(with_owners), after=page),
            lambda each: [str(each.get(name)) for name in ("appId", "uniqueName") if each.get(name)],
        )
        owned = [key for key in sorted(with_owners) if len(found.get(key, {}).get(OWNERS) or ()) >= EXPANDED]
        whole = await asyncio.gather(*(self._api.owners(str(found[key]["id"])) for key in owned))
        more = {
            key: {**found[key], OWNERS: [{"id": each} for each in sorted(ids)]}
            for key, ids in zip(owned, whole, strict=True)
        }
        return {**found, **more}

    async def _grants(self, principal_ids: set[str]) -> Mapping[str, Sequence[Representation]] | None:
        if not self._allowed.grants:
            return None
        try:
            return await self._allowed_grants(principal_ids)
        except GraphFailure as failure:
            # a person's token does not tell what the person may
            if failure.status != FORBIDDEN:
                raise
            return None

    async def _allowed_grants(self, principal_ids: set[str]) -> Mapping[str, Sequence[Representation]]:
        if len(principal_ids) > 2:  # noqa: PLR2004  # as many as `finding.FEW`
            page = await self._api.grants_page()
            if page is not None and "@odata.nextLink" not in page:
                return {key: [each for each in page["value"] if each.get("clientId") == key] for key in principal_ids}
        keys = sorted(principal_ids)
        found = await asyncio.gather(*(self._api.grants_of(key) for key in keys))
        return dict(zip(keys, found, strict=True))

    def of_entry(self, plan: Plan, entry: Entry) -> dict[Address, Fields]:
        """Return what there is of one application as fields."""
        name, found = plan.client.id, entry.application
        if found is None:
            return {}
        live: dict[Address, Fields] = {client_address(name): application_fields(found, self._scopes.names)}
        for address, kind in ((secret_address(name), SECRETS), (certificate_address(name), CERTIFICATES)):
            listed = credentials.read(found.get(kind) or ())
            live[address] = {kind: frozenset(each.label for each in listed), **credentials.as_fields(listed)}
        if entry.principal is not None:
            live[principal_address(name)] = principal_fields(entry.principal)
        live |= self._consent(name, entry.grants)
        return live

    def _consent(self, name: str, grants: Sequence[Representation] | None) -> dict[Address, Fields]:
        own = [
            each
            for each in grants or ()
            if each.get("consentType") == "AllPrincipals" and each.get("resourceId") == self._scopes.principal
        ]
        if not own:
            return {}
        # order and leading spaces differ; it is a set
        scopes = frozenset(scope for each in own for scope in str(each.get("scope") or "").split())
        return {consent_address(name): {SCOPES: scopes, "id": str(own[0].get("id"))}}

    async def _tenant(self, plans: Sequence[Plan], entries: Mapping[str, Entry]) -> dict[str, Value]:
        fields: dict[str, Value] = {
            READ_AT: self._now,
            KNOWN_SCOPES: frozenset(self._scopes.ids),
            **{validity_field(plan.client.id): client_part(plan).secret_validity for plan in plans},
            BY_HAND: frozenset(plan.client.id for plan in plans if not client_part(plan).admin_consent),
            UNKNOWN_CONSENT: frozenset(
                name for name, entry in entries.items() if entry.grants is None and entry.application is not None
            ),
        }
        if not self._allowed.grants:
            fields[UNKNOWN_CONSENT] = frozenset(entries)
        absent = {
            plan.client.id for plan in plans if entries[plan.client.id].application is None and not is_adopted(plan)
        }
        return {**fields, **(await self._deleted(absent) if absent else {})}

    async def _deleted(self, names: set[str]) -> Fields:
        try:
            found = await self._api.deleted_applications()
        except GraphFailure:
            # only to say more about what is absent
            return {}
        return {
            f"{BIN}[{each['uniqueName']}]": str(each.get("id")) for each in found if each.get("uniqueName") in names
        }

    async def _default_policy(self, plans: Sequence[Plan]) -> Representation | None:
        if not self._allowed.policies or not any(_makes_credentials(plan) for plan in plans):
            return None
        try:
            return await self._api.default_policy()
        except GraphFailure as failure:
            if failure.status != FORBIDDEN:
                raise
            return None

    async def _limits(
        self, plans: Sequence[Plan], entries: Mapping[str, Entry], default: Representation | None
    ) -> Fields:
        if default is None:
            return {}
        making = [plan for plan in plans if _makes_credentials(plan)]
        own = await asyncio.gather(*(self._own_policies(plan, entries[plan.client.id]) for plan in making))
        fields: dict[str, Value] = {}
        for plan, attached in zip(making, own, strict=True):
            found = entries[plan.client.id].application
            created = self._now if found is None else moment(found.get("createdDateTime"))
            fields |= policies.as_fields(plan.client.id, policies.limits(default, attached, created))
        return fields

    async def _own_policies(self, plan: Plan, entry: Entry) -> list[Representation]:
        """The policy that stands in place of the tenant's: asked for only where a secret or certificate is likely to be made."""
        found = entry.application
        if found is None:
            return []
        soon = self._now + (client_part(plan).rotate_before or 0)
        lasting = [
            each
            for kind in (SECRETS, CERTIFICATES)
            for each in credentials.read(found.get(kind) or ())
            if each.end > soon
        ]
        return [] if lasting else await self._api.own_policies(str(found["id"]))

    async def _shared(self, plans: Sequence[Plan]) -> dict[Address, Fields]:
        stated = [plan.shared for plan in plans if isinstance(plan.shared, EntraShared)]
        live: dict[Address, Fields] = {}
        if any(shared.sign_in_frequency is not None for shared in stated):
            live |= _frequency(await self._patience.through(self._api.access_policies))
        if any(shared.token_lifetime is not None for shared in stated):
            live |= await self._lifetime()
        return live

    async def _lifetime(self) -> dict[Address, Fields]:
        listed = await self._api.lifetime_policies()
        names = [str(each.get("displayName")) for each in listed if each.get("isOrganizationDefault") is True]
        everybody: dict[Address, Fields] = {TENANT: {EVERYBODYS: names[0]}} if names else {}
        found = _ours(listed, LIFETIME.name)
        if found is None:
            return everybody
        key = str(found["id"])
        # a listing shows a new one before it can be asked about
        applied = await self._patience.through(lambda: self._api.lifetime_policy_applies_to(key), new=True)
        seconds = policies.lifetime_seconds(found)
        return {**everybody, LIFETIME: {"id": str(found["id"]), "lifetime": seconds, "applications": applied}}


def _makes_credentials(plan: Plan) -> bool:
    client = client_part(plan)
    return client.certificate is not None or (client.secret is not None and client.secret.store is not None)


def _ours(found: Iterable[Representation], name: str) -> Representation | None:
    # by name, the first by id: two of one name must not change places between two looks
    named = [each for each in found if each.get("displayName") == name]
    return min(named, key=lambda each: str(each.get("id")), default=None)


def _frequency(found: Iterable[Representation]) -> dict[Address, Fields]:
    ours = _ours(found, FREQUENCY.name)
    if ours is None:
        return {}
    seconds, named = policies.frequency_seconds(ours), policies.applications_of(ours)
    return {
        FREQUENCY: {"id": str(ours["id"]), "frequency": seconds, "applications": named, "state": str(ours.get("state"))}
    }


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

"""One look at a realm with as few requests as can be: what is not needed is not read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...plans.errors import Failed, Refused, RemoteFailure
from ...plans.findings import Finding, refusal_of
from ...plans.model import Plan
from ...plans.resources import Address, Fields, Live, Value
from . import rights
from .admin import NOT_FOUND, PAGE, AdminApi
from .fields import (
    DEFAULT_ROLES,
    DEFAULT_SCOPES,
    KNOWN_ROLES,
    OPTIONAL_SCOPES,
    REALM_LIFETIMES,
    SESSION_IDLE,
    SESSION_MAX,
    client_address,
    client_fields,
    realm_address,
    realm_fields,
    scope_address,
)
from .settings import KeycloakShared

T = TypeVar("T")
FORBIDDEN = 403
BUILT_IN = "account"
"""A client that every realm starts with."""
LOWERED_UNDER = ("sso_session_idle_timeout", "sso_session_max_lifespan")
PROTECTED = "realm-management"
"""Its `access` says `manage: false` to everybody (26.7.3)."""
FEW = 1
"""Up to this many clients are looked up by name without asking how large the realm is."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The wanted clients that exist, the other clients seen on the way, and whether we may write to clients (None: not told)."""

    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def writable(self) -> bool | None:
        """What the server says of our right to change clients; None where no client was seen."""
        seen = {**self.others, **self.wanted}
        rights = [
            bool((client.get("access") or {}).get("manage")) for name, client in seen.items() if name != PROTECTED
        ]
        return any(rights) if rights else None


async def read_clients(api: AdminApi, wanted: frozenset[str]) -> Clients:
    """Return the wanted clients by name or by pages, whichever needs fewer requests: min(N, ceil(R/50)) and one to find out."""
    # `search` is by substring and `q` answers 400 for most attributes (26.7.3): exact names, or pages
    if len(wanted) <= FEW or await api.clients_beyond(PAGE * len(wanted)):
        found = await asyncio.gather(*(api.find_client(name) for name in sorted(wanted)))
        return Clients({str(client["clientId"]): client for client in found if client is not None})
    return await _by_pages(api, wanted)


async def _by_pages(api: AdminApi, wanted: frozenset[str]) -> Clients:
    clients, first = Clients(), 0
    while True:
        page = await api.clients_page(first)
        for client in page:
            (clients.wanted if client["clientId"] in wanted else clients.others)[str(client["clientId"])] = client
        if len(page) < PAGE:
            return clients
        first += PAGE


async def read_realm(
    api: AdminApi, plans: Sequence[Plan], realm: str, account: rights.Account, *, writing: bool
) -> Live:
    """Return the realm, its scopes and the wanted clients. Raises Refused where what came shows that rights are missing."""
    wanted = frozenset(plan.client.id for plan in plans)
    with refusing_unknown_realm(realm):
        # each may be refused by itself, and all three together show which roles are missing
        clients, representation, scopes = await asyncio.gather(
            _if_allowed(read_clients(api, wanted)), _if_allowed(api.realm()), _if_allowed(api.client_scopes())
        )
    needed = rights.needed(plans, writing=writing)
    lacking = [rights.finding(role, account, seen) for role, seen in cut_short(clients, representation, scopes, needed)]
    if writing and clients is not None and not await _is_writable(api, clients):
        lacking.append(rights.finding("manage-clients", account, "the server lets it read clients only"))
    refuse(lacking)
    if clients is None or representation is None or scopes is None:
        raise Failed(f"realm `{realm}` cannot be read", where=api.where, fix="grant the account `view-clients`")
    # read by name, nobody else was seen; but a lowered realm would lock out clients that are not ours
    if not clients.others and _lowers_sessions(representation, plans):
        clients = await _by_pages(api, wanted)
    fields = dict(realm_fields(representation))
    fields |= await _default_roles(api, fields, plans)
    # the realm's defaults concern new clients alone: existing ones keep their own (26.7.3)
    if wanted - set(clients.wanted):
        fields |= await _new_client_scopes(api)
    return {realm_address(realm): fields, **_scope_entries(scopes), **_client_entries(clients)}


def _lowers_sessions(representation: dict[str, Any], plans: Iterable[Plan]) -> bool:
    """Tell whether a plan lowers what clients' own values must stay below: then all clients are looked at, not only ours."""
    stated = [(plan.shared, name) for plan in plans for name in LOWERED_UNDER]
    pairs = ((getattr(shared, name, None), representation.get(REALM_LIFETIMES[name])) for shared, name in stated)
    return any(isinstance(after, int) and isinstance(before, int) and after < before for after, before in pairs)


@contextmanager
def refusing_unknown_realm(realm: str) -> Iterator[None]:
    """Raise Refused in place of a 404: what is asked here is there in every realm."""
    try:
        yield
    except RemoteFailure as error:
        if error.status != NOT_FOUND:
            raise
        fix = error.fix or "check `identity_provider.realm`, upper and lower case too"
        raise Refused(f"realm `{realm}` does not exist", where=error.where or f"realm/{realm}", fix=fix) from error


async def _if_allowed(call: Awaitable[T]) -> T | None:
    """What the call returns, None where the server says 403."""
    try:
        return await call
    except RemoteFailure as error:
        if error.status == FORBIDDEN:
            return None
        raise


def cut_short(
    clients: Clients | None,
    representation: dict[str, Any] | None,
    scopes: list[dict[str, Any]] | None,
    needed: Sequence[str],
) -> Iterator[tuple[str, str]]:
    """Return each needed role that the answers show to be missing, and how it shows: 403, no scopes at all, or a realm cut short."""
    for role in needed:
        if role.endswith("-clients") and (clients is None or not scopes):
            yield role, "the clients are refused" if clients is None else "the list of client scopes came empty"
        if role.endswith("-realm") and "accessTokenLifespan" not in (representation or {}):
            yield role, "the realm is refused" if representation is None else f"it came with {len(representation)} keys"


def refuse(findings: Sequence[Finding]) -> None:
    """Raise Refused for missing rights, naming each."""
    if findings:
        raise refusal_of(findings)


async def _is_writable(api: AdminApi, clients: Clients) -> bool:
    if clients.writable is not None:
        return clients.writable
    # a realm of which we saw no client: `account` is in every one and says what we may
    built_in = await api.find_client(BUILT_IN)
    return built_in is None or bool((built_in.get("access") or {}).get("manage"))


async def _default_roles(api: AdminApi, fields: Fields, plans: Iterable[Plan]) -> dict[str, Value]:
    """The default roles, where the realm shows them, and which of the asked ones exist at all."""
    role_id = fields.get("defaultRoleId")
    if not isinstance(role_id, str) or "accessTokenLifespan" not in fields:
        return {}
    # the composites hold roles of clients too, as account/view-profile, under names that a realm role may have
    names = frozenset(role["name"] for role in await api.default_roles(role_id) if not role.get("clientRole"))
    asked = frozenset(
        name for plan in plans if isinstance(plan.shared, KeycloakShared) for name in plan.shared.default_roles or ()
    )
    roles = await asyncio.gather(*(api.role(name) for name in sorted(asked - names)))
    return {DEFAULT_ROLES: names, KNOWN_ROLES: names | {str(role["name"]) for role in roles if role is not None}}


async def _new_client_scopes(api: AdminApi) -> dict[str, Value]:
    default, optional = await api.new_client_scopes()
    return {
        DEFAULT_SCOPES: frozenset(scope["name"] for scope in default if scope.get("protocol") == "openid-connect"),
        OPTIONAL_SCOPES: frozenset(scope["name"] for scope in optional if scope.get("protocol") == "openid-connect"),
    }


def _scope_entries(scopes: Iterable[dict[str, Any]]) -> dict[Address, Fields]:
    openid = (scope for scope in scopes if scope.get("protocol", "openid-connect") == "openid-connect")
    return {scope_address(scope["name"]): {"id": scope["id"], "claims": _claims(scope)} for scope in openid}


def _claims(scope: dict[str, Any]) -> frozenset[str]:
    configs = ((mapper.get("config") or {}) for mapper in scope.get("protocolMappers") or ())
    return frozenset(
        config["claim.name"]
        for config in configs
        if config.get("claim.name") and config.get("id.token.claim") == "true"
    )


def _client_entries(clients: Clients) -> dict[Address, Fields]:
    """Our clients whole, of the others only the lifetimes that a lowered realm would cut."""
    entries: dict[Address, Fields] = {
        client_address(name): client_fields(client) for name, client in clients.wanted.items()
    }
    for name, client in clients.others.items():
        fields = client_fields(client)
        kept = {key: fields[key] for key in (SESSION_IDLE, SESSION_MAX) if key in fields}
        if kept:
            entries[Address("other-client", name)] = kept
    return entries

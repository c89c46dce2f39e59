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
from .admin import NOT_FOUND, PAGE, STEP, AdminApi
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
from .wants import members, requested_scopes

T = TypeVar("T")
FORBIDDEN = 403
BUILT_IN = "account"
"""A client that every realm starts with."""
LOWERED_UNDER = ("sso_session_idle_timeout", "sso_session_max_lifespan")
PROTECTED = "realm-management"
"""Its `access` says `manage: false` to everybody (26.7.3)."""
SCOPE_LISTS = {"default": DEFAULT_SCOPES, "optional": OPTIONAL_SCOPES}
FEW = 1
"""Up to this many clients are looked up by name without asking how large the realm is."""
ROOM = 20
"""Clients of others that a crowded run allows for: a new realm has six."""
LONGEST = 101
"""Keycloak lists two pages of 50 in little more time than one, and longer pages ever more slowly (26.7.3)."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The wanted clients that exist, the other clients seen on the way, and whether these are all of the realm's."""

    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: dict[str, dict[str, Any]] = field(default_factory=dict)
    whole: bool = False

    @property
    def writable(self) -> bool | None:
        """What the server says of our right to change clients; None where no client was seen."""
        seen = {**self.others, **self.wanted}
        rights = [
            bool((client.get("access") or {}).get("manage")) for name, client in seen.items() if name != PROTECTED
        ]
        return any(rights) if rights else None

    def with_page(self, page: Iterable[dict[str, Any]], names: frozenset[str], *, last: bool) -> Clients:
        """Return these clients and those of a page, of which `names` are wanted."""
        wanted, others = dict(self.wanted), dict(self.others)
        for client in page:
            (wanted if client["clientId"] in names else others)[str(client["clientId"])] = client
        return Clients(wanted, others, last)


async def read_clients(api: AdminApi, wanted: frozenset[str], *, sparing: bool = False) -> Clients:
    """Return the wanted clients by name or by pages, whichever needs fewer requests: min(N, ceil(R/50)) and one to find out.

    Where requests are to be spared, a first page that has room for all of a small realm takes the place of finding out.
    """
    clients, first, last = Clients(), 0, ""
    if sparing and len(wanted) > FEW:
        most = min(len(wanted) + ROOM, LONGEST)
        page = await api.clients_page(0, most)
        clients = clients.with_page(page, wanted, last=len(page) < most)
        first, last = most - 1, _last_of(page)
    missing = sorted(wanted - clients.wanted.keys())
    if clients.whole or not missing:
        return clients
    # `search` is by substring and `q` answers 400 for most attributes (26.7.3): exact names, or pages
    if len(missing) <= FEW or await api.clients_beyond(first + STEP * len(missing)):
        found = await asyncio.gather(*(api.find_client(name) for name in missing))
        return clients.with_page((client for client in found if client is not None), wanted, last=False)
    return await _by_pages(api, wanted, clients, first, last)


async def _by_pages(api: AdminApi, wanted: frozenset[str], clients: Clients, first: int = 0, last: str = "") -> Clients:
    """Read on from position `first`, where `last` was seen before. Raises RemoteFailure where the list moves under our eyes."""
    while not clients.whole:
        page = await api.clients_page(first)
        names = {str(client["clientId"]) for client in page}
        brings_none = names <= clients.wanted.keys() | clients.others.keys()
        # a client hidden by a shift would be made a second time, and a server that repeats its page would never end
        if (last and last not in names) or (len(page) >= PAGE and brings_none):
            problem = "the list of clients changed while it was read, or the server repeats its pages"
            raise RemoteFailure(problem, where=api.where, fix="run it again")
        clients = clients.with_page(page, wanted, last=len(page) < PAGE)
        first, last = first + STEP, _last_of(page)
    return clients


def _last_of(page: Sequence[dict[str, Any]]) -> str:
    return str(page[-1]["clientId"]) if page else ""


async def read_realm(
    api: AdminApi, plans: Sequence[Plan], realm: str, account: rights.Account, *, writing: bool, sparing: bool = False
) -> Live:
    """Return the realm, its scopes and the wanted clients. Raises Refused where what came shows that rights are missing.

    `sparing` waits with what may turn out not to be needed; else it is asked for along with the rest, which costs no time.
    """
    wanted = frozenset(plan.client.id for plan in plans)
    with refusing_unknown_realm(realm):
        clients, representation, scopes = await _answers(api, plans, wanted, sparing=sparing)
    needed = rights.needed(plans, writing=writing)
    lacking = [rights.finding(role, account, seen) for role, seen in cut_short(clients, representation, scopes, needed)]
    if writing and clients is not None and not await _is_writable(api, clients):
        lacking.append(rights.finding("manage-clients", account, "the server lets it read clients only"))
    refuse(lacking)
    if clients is None or representation is None or scopes is None:
        raise Failed(f"realm `{realm}` cannot be read", where=api.where, fix="grant the account `view-clients`")
    # not all were seen; but a lowered realm would lock out clients that are not ours
    if not clients.whole and _lowers_sessions(representation, plans):
        clients = await _by_pages(api, wanted, Clients())
    fields = dict(realm_fields(representation))
    fields |= await _default_roles(api, fields, plans)
    # the realm's defaults concern new clients alone: existing ones keep their own (26.7.3)
    if wanted - set(clients.wanted):
        fields |= await _new_client_scopes(api)
    return {realm_address(realm): fields, **_scope_entries(scopes), **_client_entries(clients)}


Answers = tuple[Clients | None, dict[str, Any] | None, list[dict[str, Any]] | None]


async def _answers(api: AdminApi, plans: Sequence[Plan], wanted: frozenset[str], *, sparing: bool) -> Answers:
    """The clients, the realm and its scopes. Each may be refused by itself, and all three together show which roles are missing."""
    clients = _if_allowed(read_clients(api, wanted, sparing=sparing))
    if not sparing:
        found, representation, scopes = await asyncio.gather(
            clients, _if_allowed(api.realm()), _if_allowed(api.client_scopes())
        )
        return found, representation, scopes
    found, representation = await asyncio.gather(clients, _if_allowed(api.realm()))
    if found is not None and all(_has_its_scopes(plan, found.wanted.get(plan.client.id)) for plan in plans):
        return found, representation, attached_scopes(found.wanted.values())
    return found, representation, await _if_allowed(api.client_scopes())


def _has_its_scopes(plan: Plan, client: dict[str, Any] | None) -> bool:
    """Tell whether a client shows by itself all that must be known of scopes: what is attached exists, and nothing is to be moved."""
    if client is None or plan.client.groups_claim is not None:
        return False
    # a client's lists name only scopes that exist and are of its protocol (26.7.3)
    attached = {kind: frozenset(client.get(name) or ()) for kind, name in SCOPE_LISTS.items()}
    either = attached["default"] | attached["optional"]
    return all(scope.name in (attached[scope.kind] if scope.kind else either) for scope in requested_scopes(plan))


def attached_scopes(clients: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the scopes that clients have attached, as far as their names tell."""
    names = {name for client in clients for each in SCOPE_LISTS.values() for name in client.get(each) or ()}
    return [{"name": name} for name in sorted(names)]


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
    return {
        scope_address(scope["name"]): {**({"id": scope["id"]} if "id" in scope else {}), "claims": _claims(scope)}
        for scope in openid
    }


def _claims(scope: dict[str, Any]) -> frozenset[str]:
    configs = ((mapper.get("config") or {}) for mapper in scope.get("protocolMappers") or ())
    return frozenset(
        config["claim.name"]
        for config in configs
        if config.get("claim.name") and config.get("id.token.claim") == "true"
    )


def _client_entries(clients: Clients) -> dict[Address, Fields]:
    """Our clients whole, of the others only the lifetimes that a lowered realm would cut."""
    lists: dict[frozenset[str], frozenset[str]] = {}
    entries: dict[Address, Fields] = {
        client_address(name): _with_common_lists(client_fields(client), lists)
        for name, client in clients.wanted.items()
    }
    for name, client in clients.others.items():
        fields = client_fields(client)
        kept = {key: fields[key] for key in (SESSION_IDLE, SESSION_MAX) if key in fields}
        if kept:
            entries[Address("other-client", name)] = kept
    return entries


def _with_common_lists(fields: Fields, lists: dict[frozenset[str], frozenset[str]]) -> Fields:
    """The fields with one set for all clients that have the same scopes: sets are the largest part of what is held of a fleet."""
    held = {name: members(fields[name]) for name in SCOPE_LISTS.values()}
    return {**fields, **{name: lists.setdefault(names, names) for name, names in held.items()}}

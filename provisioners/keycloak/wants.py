"""From a plan to what Keycloak must hold: pure. What is always ours is design 14.1; everything else only where the plan states it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import lru_cache

from ...plans.client_secret import secret_want, store_desired
from ...plans.model import UNLIMITED, GroupsClaim, Plan, Scope
from ...plans.redirects import temporary_of
from ...plans.resources import Absent, Address, Desired, Exactly, Includes, Live, Value, Want, Wants
from ...plans.versions import PKCE_SINCE
from .fields import (
    ACCESS_LIFESPAN,
    DEFAULT_ROLES,
    DEFAULT_SCOPES,
    MAPPER_NAMES,
    MAPPER_TYPES,
    OFFLINE_ACCESS,
    OFFLINE_IDLE,
    OFFLINE_MAX,
    OPTIONAL_SCOPES,
    PKCE,
    SESSION_IDLE,
    SESSION_MAX,
    SHARED_FIELDS,
    TOKEN_SWITCHES,
    USE_REFRESH,
    client_address,
    mapper_field,
    realm_address,
    scope_address,
    wire_claim,
)
from .settings import KeycloakClient, KeycloakSettings, KeycloakShared

ALWAYS: Wants = {
    "publicClient": Exactly(False),  # noqa: FBT003  # the wanted value itself
    "bearerOnly": Exactly(False),  # noqa: FBT003  # the wanted value itself
    "standardFlowEnabled": Exactly(True),  # noqa: FBT003  # the wanted value itself
    USE_REFRESH: Exactly(True),  # noqa: FBT003  # the wanted value itself
}
OFFLINE_SCOPE = Scope(name=OFFLINE_ACCESS)
FLOWS = {
    "direct_access_grants": "directAccessGrantsEnabled",
    "implicit_flow": "implicitFlowEnabled",
    "service_accounts": "serviceAccountsEnabled",
}


def desired(plan: Plan, live: Live, *, rotate: bool = False) -> Desired:
    """Return what is ours: the client, what its secret's store holds, and the realm's own settings where `shared:` states them."""
    settings = keycloak(plan)
    address = client_address(plan.client.id)
    stored = store_desired(plan, live, address, rotate=rotate)
    wanted: dict[Address, Wants] = {address: _client_wants(plan, live, address, rotate=rotate), **stored}
    shared = shared_wants(plan.shared)
    return {**wanted, realm_address(settings.realm): shared} if shared else wanted


def keycloak(plan: Plan) -> KeycloakSettings:
    """Return the plan's Keycloak settings; a plan of another kind here is a bug of the caller."""
    if not isinstance(plan.identity_provider, KeycloakSettings):
        msg = f"not a Keycloak plan: {plan.identity_provider.type}"
        raise TypeError(msg)
    return plan.identity_provider


def _client_wants(plan: Plan, live: Live, address: Address, *, rotate: bool) -> Wants:
    return {
        **ALWAYS,
        **_stated_wants(plan),
        **_lifetime_wants(plan),
        **scope_wants(plan, live),
        **_mapper_wants(plan.client.groups_claim, plan, live),
        "redirectUris": _redirect_want(plan, live, address),
        "secret": secret_want(plan, live, address, rotate=rotate),
    }


def _redirect_want(plan: Plan, live: Live, address: Address) -> Want:
    """Others stay, but for one that a `verify` of ours could not take away again because it was killed."""
    wanted = frozenset({plan.coder.callback, *client_part(plan).redirect_uris})
    return Includes(wanted, temporary_of(members(live.get(address, {}).get("redirectUris"))) - wanted)


def client_part(plan: Plan) -> KeycloakClient:
    """Return the client section with Keycloak's own keys; a plan of another kind here is a bug of the caller."""
    if not isinstance(plan.client, KeycloakClient):
        msg = "not a Keycloak plan: its client has no Keycloak keys"
        raise TypeError(msg)
    return plan.client


def _stated_wants(plan: Plan) -> Wants:
    client = client_part(plan)
    wants: dict[str, Want] = {
        wire: Exactly(getattr(client, name)) for name, wire in FLOWS.items() if getattr(client, name) is not None
    }
    if client.stated("name"):
        # "" and null are one wish: the server keeps no empty name
        wants["name"] = _exactly(client.name or None)
    origins = (client.web_origins or ()) if client.stated("web_origins") else [plan.coder.origin]
    wants["webOrigins"] = Includes(frozenset(origins))
    return {**wants, **_pkce_want(plan, client)}


def _pkce_want(plan: Plan, client: KeycloakClient) -> Wants:
    if client.stated("pkce"):
        return {PKCE: _exactly(client.pkce)}
    if plan.coder.version is None:
        return {}
    # required of a Coder before 2.30, which sends none, it refuses every sign-in
    return {PKCE: _exactly("S256" if plan.coder.version >= PKCE_SINCE else None)}


# one for all clients of a fleet; by type as well, since True is not 1 to a server
@lru_cache(maxsize=1024, typed=True)
def _exactly(value: bool | int | str | None) -> Want:  # noqa: FBT001  # a wanted value
    return Absent() if value is None else Exactly(value)


def _lifetime_wants(plan: Plan) -> Wants:
    client, tokens = client_part(plan), plan.refresh_tokens
    # unlimited is the attribute's absence; 0 would be read as `inherit`
    maximum = None if tokens.max_lifetime == UNLIMITED else tokens.max_lifetime
    rows: tuple[tuple[str, bool, int | None], ...] = (
        (OFFLINE_IDLE, tokens.stated("idle_timeout"), tokens.idle_timeout),
        (OFFLINE_MAX, tokens.stated("max_lifetime"), maximum),
        (ACCESS_LIFESPAN, plan.access_tokens.stated("lifetime"), plan.access_tokens.lifetime),
        (SESSION_IDLE, client.stated("session_idle_timeout"), client.session_idle_timeout),
        (SESSION_MAX, client.stated("session_max_lifespan"), client.session_max_lifespan),
    )
    return {field: _exactly(value) for field, stated, value in rows if stated}


def requested_scopes(plan: Plan) -> tuple[Scope, ...]:
    """Return the client scopes that must be attached: those of the plan and `offline_access`. `openid` is no Keycloak scope."""
    asked = tuple(scope for scope in plan.client.scopes if scope.name != "openid")
    return asked if any(scope.name == OFFLINE_ACCESS for scope in asked) else (*asked, OFFLINE_SCOPE)


def scope_wants(plan: Plan, live: Live) -> Wants:
    """Return the two scope lists: what is attached either way stays there, what is missing becomes optional, a fixed kind is kept to."""
    default, optional = _attached(plan, live)
    to_default, to_optional = set(default), set(optional)
    fixed: dict[str, set[str]] = {"default": set(), "optional": set()}
    for scope in requested_scopes(plan):
        # stays as it is attached: while a scope moves, refreshes that need it fail (26.7.3)
        kind = scope.kind or ("default" if scope.name in default else "optional")
        (to_default if kind == "default" else to_optional).add(scope.name)
        if scope.kind:
            fixed[scope.kind].add(scope.name)
    return {
        DEFAULT_SCOPES: _scope_list(default, to_default, fixed["optional"]),
        OPTIONAL_SCOPES: _scope_list(optional, to_optional, fixed["default"]),
    }


def _scope_list(attached: frozenset[str], names: set[str], without: set[str]) -> Want:
    if not without and names == attached:
        # the live set itself: a fleet holds its wants as long as it holds what is live
        return Includes(attached)
    return Includes(frozenset(names - without), without=frozenset(without))


def _attached(plan: Plan, live: Live) -> tuple[frozenset[str], frozenset[str]]:
    """The client's two lists; for a client that does not exist, what the realm gives to a new one."""
    fields = live.get(client_address(plan.client.id), live.get(realm_address(keycloak(plan).realm), {}))
    return members(fields.get(DEFAULT_SCOPES)), members(fields.get(OPTIONAL_SCOPES))


def members(value: Value) -> frozenset[str]:
    """Return a set field's members; an absent one has none."""
    return value if isinstance(value, frozenset) else frozenset()


def claim_from_scope(claim: GroupsClaim, plan: Plan, live: Live) -> str | None:
    """Return the attached scope whose own mapper already emits the groups claim, None where the client's own mapper must."""
    default, _ = _attached(plan, live)
    # an optional scope emits its claims only when it is asked for, so those count that Coder will ask for
    for name in sorted(default | {scope.name for scope in requested_scopes(plan)}):
        if wire_claim(claim.name) in members(live.get(scope_address(name), {}).get("claims")):
            return name
    return None


def _mapper_wants(claim: GroupsClaim | None, plan: Plan, live: Live) -> Wants:
    if claim is None or claim_from_scope(claim, plan, live) is not None:
        return {}
    client, wire = live.get(client_address(plan.client.id), {}), wire_claim(claim.name)
    wanted = {"type": MAPPER_TYPES[claim.from_], "id.token.claim": "true", **_shape(claim)}
    # a mapper that is there keeps its name and its other switches: it is adopted, not rewritten
    if mapper_field(wire, "id") not in client:
        name = _free_name(claim.name, members(client.get(MAPPER_NAMES)))
        wanted |= {"name": name, "claim.name": wire, **dict.fromkeys(TOKEN_SWITCHES, "true")}
    return {mapper_field(wire, key): Exactly(value) for key, value in wanted.items()}


def _free_name(claim: str, taken: frozenset[str]) -> str:
    """A mapper's name is unique in its client (409); one that emits another claim may have ours."""
    names = itertools.chain([claim], (f"{claim} {number}" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)


def _shape(claim: GroupsClaim) -> dict[str, str]:
    if claim.from_ == "groups":
        return {"full.path": "true" if claim.full_path else "false"}
    return {"multivalued": "true", "jsonType.label": "String"}


def shared_wants(shared: object) -> Wants:
    """Return what the plan's `shared:` states of the realm; empty without it."""
    if not isinstance(shared, KeycloakShared):
        return {}
    stated = shared.model_fields_set
    wants: dict[str, Want] = {
        wire: _exactly(getattr(shared, name)) for name, wire in SHARED_FIELDS.items() if name in stated
    }
    if "default_roles" in stated:
        wants[DEFAULT_ROLES] = Includes(frozenset(_names(shared.default_roles)))
    return wants


def _names(names: Iterable[str] | None) -> Iterable[str]:
    return names or ()

"""A new realm as Keycloak 26.7.3 makes it. `defaults.json` is what its admin API answers for one, without the ids."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from .state import MANAGEMENT, MASTER, OFFLINE_ACCESS, Member, Realm, Role, Server

DEFAULT_OF_NEW = frozenset({"profile", "email", "roles", "web-origins", "acr", "basic"})
OPTIONAL_OF_NEW = frozenset({OFFLINE_ACCESS, "address", "phone", "microprofile-jwt", "organization"})
SAML_OF_NEW = frozenset({"role_list", "saml_organization", "AuthnContextClassRef"})
ACCOUNT_ROLES: Mapping[str, tuple[str, ...]] = {
    "manage-account-links": (),
    "manage-account": ("manage-account-links",),
    "view-profile": (),
    "view-consent": (),
    "manage-consent": ("view-consent",),
    "view-applications": (),
    "view-groups": (),
    "delete-account": (),
}
Draw = Callable[[], str]


@lru_cache(maxsize=1)
def defaults() -> Mapping[str, Any]:
    """Return what a new realm has; not to be changed."""
    found: Mapping[str, Any] = json.loads(Path(__file__).with_name("defaults.json").read_text(encoding="utf-8"))
    return found


def new_server(key: str, draw: Draw, now: int) -> Server:
    """Return a server with realm master and its administrator."""
    master = new_realm(MASTER, draw)
    rights = Role(draw(), "admin", description="${role_admin}")
    admin = Member(draw(), "admin", now, password="admin", roles=frozenset({rights.id, master.default_role}))  # noqa: S106  # nobody's
    master = replace(
        master.with_role(rights).with_member(admin), settings={**master.settings, "accessTokenLifespan": 60}
    )
    return Server(key).with_realm(_with_stand_in(master, MASTER, draw))


def with_new_realm(server: Server, name: str, settings: Mapping[str, Any], draw: Draw) -> Server:
    """Return the server with a new realm, and master with the client whose roles are the rights over it."""
    realm = new_realm(name, draw)
    realm = replace(realm, settings={**realm.settings, **settings, "realm": name})
    master = _with_stand_in(server.realms[MASTER], name, draw)
    return server.with_realm(master).with_realm(realm)


def new_realm(name: str, draw: Draw) -> Realm:
    """Return a realm as it is right after it was made."""
    roles = [Role(draw(), each, description=f"${{role_{each}}}") for each in (OFFLINE_ACCESS, "uma_authorization")]
    default = Role(draw(), f"default-roles-{name}", composites=frozenset(role.id for role in roles))
    # a realm is off until somebody says otherwise (26.7.3)
    settings = {**defaults()["realm"], "realm": name, "enabled": name == MASTER}
    realm = Realm(draw(), settings, default.id).with_role(*roles, default)
    for scope in defaults()["scopes"]:
        realm = realm.with_scope({**scope, "id": draw(), "protocolMappers": _with_ids(scope, draw)})
    realm = replace(realm, scopes_for_new=_scopes_for_new(realm))
    offline = realm.scope(OFFLINE_ACCESS) or {}
    realm = replace(realm, scope_roles={str(offline["id"]): frozenset({roles[0].id})})
    return _with_client_roles(_with_clients(realm, draw), draw)


def _with_ids(owner: Mapping[str, Any], draw: Draw) -> list[dict[str, Any]]:
    return [{**mapper, "id": draw()} for mapper in owner.get("protocolMappers", ())]


def _scopes_for_new(realm: Realm) -> dict[str, str]:
    default, found = DEFAULT_OF_NEW | SAML_OF_NEW, {}
    for uuid, scope in realm.scopes.items():
        if scope["name"] in default | OPTIONAL_OF_NEW:
            found[uuid] = "default" if scope["name"] in default else "optional"
    return found


def _with_clients(realm: Realm, draw: Draw) -> Realm:
    for client in defaults()["clients"]:
        if client["clientId"] == MANAGEMENT and realm.name == MASTER:
            continue
        own = json.loads(json.dumps(client).replace("{realm}", realm.name))
        lists = {"defaultClientScopes": sorted(DEFAULT_OF_NEW), "optionalClientScopes": sorted(OPTIONAL_OF_NEW)}
        mappers = {"protocolMappers": _with_ids(own, draw)} if "protocolMappers" in own else {}
        realm = realm.with_client({**own, "id": draw(), **lists, **mappers})
    return realm


def _with_client_roles(realm: Realm, draw: Draw) -> Realm:
    account = str((realm.client("account") or {})["id"])
    realm = _with_roles(realm, account, ACCOUNT_ROLES, draw)
    given = [realm.role(name, account) for name in ("manage-account", "view-profile")]
    default = realm.roles[realm.default_role]
    composites = default.composites | {role.id for role in given if role is not None}
    realm = realm.with_role(replace(default, composites=composites))
    management = realm.client(MANAGEMENT)
    return realm if management is None else _with_roles(realm, str(management["id"]), _management_roles(), draw)


def _management_roles() -> dict[str, tuple[str, ...]]:
    return {role["name"]: tuple(role["composites"]) for role in defaults()["management_roles"]}


def _with_roles(realm: Realm, client: str, names: Mapping[str, tuple[str, ...]], draw: Draw) -> Realm:
    ids = {name: draw() for name in names}
    roles = [
        Role(ids[name], name, client, frozenset(ids[each] for each in parts), f"${{role_{name}}}")
        for name, parts in names.items()
    ]
    return realm.with_role(*roles)


def _with_stand_in(master: Realm, name: str, draw: Draw) -> Realm:
    template = next(client for client in defaults()["clients"] if client["clientId"] == MANAGEMENT)
    client = {**template, "id": draw(), "clientId": f"{name}-realm", "name": f"{name} Realm"}
    client |= {"defaultClientScopes": [], "optionalClientScopes": []}
    names = {role: parts for role, parts in _management_roles().items() if role != "realm-admin"}
    return _with_roles(master.with_client(client), client["id"], names, draw)

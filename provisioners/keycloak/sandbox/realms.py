"""A realm's own settings, its scopes for new clients, its roles, people and groups. Pure: realm in, realm out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .building import defaults
from .mappers import made
from .reading import boolean, checked_fields, integer
from .refusals import DUPLICATE, NO_SCOPE, message, missing
from .state import Member, Realm, Representation, Role

CUT_SHORT = ("realm", "bruteForceProtected", "supportedLocales", "organizationsEnabled")
"""What is shown of a realm to those who may not view it."""
MORE_FIELDS = frozenset(
    [
        "id",
        "realm",
        "enabled",
        "displayName",
        "displayNameHtml",
        "defaultRole",
        "defaultRoles",
        "users",
        "clients",
        "groups",
        "roles",
        "components",
        "clientScopes",
        "scopeMappings",
        "identityProviders",
        "defaultLocale",
        "supportedLocales",
        "passwordPolicy",
        "loginTheme",
        "accountTheme",
        "adminTheme",
        "emailTheme",
        "defaultDefaultClientScopes",
        "defaultOptionalClientScopes",
        "protocolMappers",
        "authenticationFlows",
        "authenticatorConfig",
        "requiredActions",
        "keycloakVersion",
        "socialProviders",
        "localizationTexts",
    ]
)
KEPT = frozenset(
    {"realm", "enabled", "displayName", "displayNameHtml", "defaultLocale", "supportedLocales", "passwordPolicy"}
)
"""Settings that a new realm does not have yet; everything else that a whole realm may bring along is not taken up here."""
ROLE_FIELDS = frozenset(
    [
        "id",
        "name",
        "description",
        "composite",
        "composites",
        "clientRole",
        "containerId",
        "attributes",
        "scopeParamRequired",
    ]
)
SCOPE_FIELDS = frozenset({"id", "name", "description", "protocol", "attributes", "protocolMappers"})


def settings_of(body: object) -> dict[str, Any]:
    """Return the settings that were sent, as they are stored; numbers and switches may come as text."""
    known = defaults()["realm"]
    sent = checked_fields(body, known.keys() | MORE_FIELDS, "RealmRepresentation")
    return {
        name: _typed(known.get(name), value)
        for name, value in sent.items()
        if value is not None and name in known.keys() | KEPT
    }


def _typed(example: object, value: object) -> object:
    if isinstance(example, bool):
        return boolean(value)
    return integer(value) if isinstance(example, int) else value


def updated(realm: Realm, settings: Mapping[str, Any]) -> Realm:
    """Return the realm with these settings, all others as they were; nothing is checked against anything (26.7.3)."""
    attributes = {**realm.settings["attributes"], **settings.get("attributes", {})}
    return replace(realm, settings={**realm.settings, **settings, "attributes": attributes})


def shown(realm: Realm, *, whole: bool) -> dict[str, Any]:
    """Return the representation; cut short where the right to view the realm is missing."""
    if not whole:
        return {name: realm.settings.get(name, []) for name in CUT_SHORT}
    role = shown_role(realm, realm.roles[realm.default_role])
    return {"id": realm.id, **realm.settings, "defaultRole": {k: v for k, v in role.items() if k != "attributes"}}


def scope_made(realm: Realm, body: object, draw: Callable[[], str]) -> tuple[Realm, str]:
    """Return the realm with a new client scope, and its id."""
    sent = checked_fields(body, SCOPE_FIELDS, "ClientScopeRepresentation")
    if realm.scope(str(sent.get("name"))) is not None:
        raise message(409, f"Client Scope {sent.get('name')} already exists")
    mappers = [made(each, draw) for each in sent.get("protocolMappers") or ()]
    scope = {**sent, "id": draw(), "attributes": dict(sent.get("attributes") or {})}
    return realm.with_scope(scope | ({"protocolMappers": mappers} if mappers else {})), str(scope["id"])


def scope_deleted(realm: Realm, scope_id: str) -> Realm:
    """Return the realm without a client scope, detached from all clients."""
    name = realm.scopes[scope_id]["name"]
    lists = ("defaultClientScopes", "optionalClientScopes")
    clients = {
        uuid: {**client, **{each: [other for other in client[each] if other != name] for each in lists}}
        for uuid, client in realm.clients.items()
    }
    scopes = {key: scope for key, scope in realm.scopes.items() if key != scope_id}
    for_new = {key: kind for key, kind in realm.scopes_for_new.items() if key != scope_id}
    return replace(realm, clients=clients, scopes=scopes, scopes_for_new=for_new)


def given_to_new(realm: Realm, scope_id: str, kind: str) -> Realm:
    """Return the realm whose new clients get a scope. Unlike at a client, a second time is a conflict."""
    if scope_id not in realm.scopes:
        raise NO_SCOPE
    if scope_id in realm.scopes_for_new:
        raise DUPLICATE
    return replace(realm, scopes_for_new={**realm.scopes_for_new, scope_id: kind})


def withheld_from_new(realm: Realm, scope_id: str) -> Realm:
    """Return the realm whose new clients do not get a scope, whichever way they got it."""
    if scope_id not in realm.scopes:
        raise NO_SCOPE
    kept = {key: kind for key, kind in realm.scopes_for_new.items() if key != scope_id}
    return replace(realm, scopes_for_new=kept)


def role_made(realm: Realm, body: object, client: str, draw: Callable[[], str]) -> Realm:
    """Return the realm with a new role, of the realm or of a client."""
    sent = checked_fields(body, ROLE_FIELDS, "RoleRepresentation")
    name = str(sent.get("name"))
    if realm.role(name, client) is not None:
        raise message(409, f"Role with name {name} already exists")
    return realm.with_role(Role(draw(), name, client, description=str(sent.get("description") or "")))


def role_deleted(realm: Realm, role: Role) -> Realm:
    """Return the realm without a role, taken from everybody and everything that had it."""
    gone = frozenset({role.id})
    roles = {
        key: replace(each, composites=each.composites - gone) for key, each in realm.roles.items() if key != role.id
    }
    people = {key: replace(member, roles=member.roles - gone) for key, member in realm.people.items()}
    scope_roles = {key: ids - gone for key, ids in realm.scope_roles.items()}
    return replace(realm, roles=roles, people=people, scope_roles=scope_roles)


def shown_role(realm: Realm, role: Role) -> dict[str, Any]:
    """Return a role's representation."""
    words = {"description": role.description} if role.description else {}
    return {
        "id": role.id,
        "name": role.name,
        **words,
        "composite": bool(role.composites),
        "clientRole": bool(role.client),
        "containerId": role.client or realm.id,
        "attributes": {},
    }


def named_roles(realm: Realm, body: object, lacking: str) -> frozenset[str]:
    """Return the ids of the roles that were sent. Refuses what is no role of this realm."""
    sent = body if isinstance(body, list) else []
    ids = frozenset(str(each.get("id")) if isinstance(each, dict) else "" for each in sent)
    if not ids <= realm.roles.keys():
        raise missing(lacking)
    return ids


def member_made(realm: Realm, body: Mapping[str, Any], draw: Callable[[], str], now: int) -> tuple[Realm, str]:
    """Return the realm with a new person, and the id."""
    username, email = str(body.get("username") or "").lower(), str(body.get("email") or "").lower()
    if realm.member(username) is not None:
        raise message(409, "User exists with same username")
    if email and realm.member(email) is not None:
        raise message(409, "User exists with same email")
    member = Member(draw(), username, now, enabled=False, roles=frozenset({realm.default_role}))
    return realm.with_member(member_changed(member, body)), member.id


def member_changed(member: Member, body: Mapping[str, Any]) -> Member:
    """Return a person with what was sent."""
    texts = {"firstName": "first_name", "lastName": "last_name"}
    changes: dict[str, Any] = {ours: str(body[name]) for name, ours in texts.items() if body.get(name) is not None}
    changes |= {"email": str(body["email"]).lower()} if body.get("email") is not None else {}
    switches = {"enabled": "enabled", "emailVerified": "email_verified"}
    changes |= {ours: boolean(body[name]) for name, ours in switches.items() if body.get(name) is not None}
    attributes = body.get("attributes") or {}
    if attributes:
        changes["attributes"] = {name: tuple(map(str, values)) for name, values in attributes.items()}
    passwords = [each["value"] for each in body.get("credentials") or () if each.get("type") == "password"]
    changes |= {"password": str(passwords[-1])} if passwords else {}
    return replace(member, **changes)


def shown_member(member: Member) -> dict[str, Any]:
    """Return a person's representation; what is not known is left out."""
    texts = {"firstName": member.first_name, "lastName": member.last_name, "email": member.email}
    return {
        "id": member.id,
        "username": member.username,
        **{name: text for name, text in texts.items() if text},
        **({"attributes": {name: list(each) for name, each in member.attributes.items()}} if member.attributes else {}),
        "emailVerified": member.email_verified,
        "enabled": member.enabled,
        "createdTimestamp": member.created * 1000,
        "totp": False,
        "disableableCredentialTypes": [],
        "requiredActions": [],
        "notBefore": member.not_before,
    }


def scopes_shown(realm: Realm, client: Representation, kind: str) -> list[dict[str, Any]]:
    """Return the scopes attached to a client one way, by id and name."""
    names: Iterable[str] = client[kind]
    return [{"id": scope["id"], "name": name} for name in names if (scope := realm.scope(name)) is not None]

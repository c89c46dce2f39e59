"""What protocol mappers put into tokens. Pure. A claim's name is a path where its dots are bare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .mappers import effective as effective_mapper
from .state import Member, Realm, Representation, Role

_DOT = re.compile(r"(?<!\\)\.")
_SWITCH = {"access": "access.token.claim", "id": "id.token.claim", "userinfo": "userinfo.token.claim"}
LIGHT = "client.use.lightweight.access.token.enabled"
Value = Callable[[Realm, Representation, Member, Mapping[str, str]], object]


def attached_scopes(realm: Realm, client: Representation, names: Iterable[str]) -> list[Representation]:
    """Return the client scopes of these names that are attached to the client."""
    attached = {*client["defaultClientScopes"], *client["optionalClientScopes"]}
    found = (realm.scope(name) for name in names if name in attached)
    return [scope for scope in found if scope is not None]


def claims_of(
    kind: str, realm: Realm, client: Representation, member: Member, scopes: Iterable[Representation]
) -> dict[str, Any]:
    """Return the claims of an access token, an ID token or userinfo."""
    found: dict[str, Any] = {}
    light = kind == "access" and client["attributes"].get(LIGHT) == "true"
    for mapper in _mappers(client, scopes):
        config = effective_mapper(mapper)["config"]
        wanted = config.get("lightweight.claim") if light else config.get(_SWITCH[kind])
        value = VALUES.get(mapper["protocolMapper"])
        if wanted == "true" and value is not None:
            _put(found, mapper, value(realm, client, member, config))
    return found


def _mappers(client: Representation, scopes: Iterable[Representation]) -> Iterator[Representation]:
    for owner in (*scopes, client):
        yield from owner.get("protocolMappers", ())


def _put(claims: dict[str, Any], mapper: Representation, value: object) -> None:
    if value in (None, "", [], ()):
        return
    if isinstance(value, dict):
        for name, each in value.items():
            claims[name] = {**claims.get(name, {}), **each} if isinstance(each, dict) else each
        return
    name = mapper["config"].get("claim.name")
    if name:
        *parents, last = [part.replace("\\.", ".").replace("\\\\", "\\") for part in _DOT.split(name)]
        for parent in parents:
            claims = claims.setdefault(parent, {})
        claims[last] = value


def effective(realm: Realm, client: Representation, member: Member) -> frozenset[Role]:
    """Return the roles that a token of this client may name."""
    roles = realm.effective_roles(member.roles)
    return roles if client["fullScopeAllowed"] else frozenset(role for role in roles if role.client == client["id"])


def _realm_roles(realm: Realm, client: Representation, member: Member, _config: Mapping[str, str]) -> object:
    return sorted(role.name for role in effective(realm, client, member) if not role.client)


def _client_roles(realm: Realm, client: Representation, member: Member, _config: Mapping[str, str]) -> object:
    found: dict[str, Any] = {}
    for role in sorted(effective(realm, client, member), key=lambda each: each.name):
        if role.client:
            owner = str(realm.clients[role.client]["clientId"])
            found.setdefault(owner, {"roles": []})["roles"].append(role.name)
    return {"resource_access": found} if found else None


def _audience(realm: Realm, client: Representation, member: Member, _config: Mapping[str, str]) -> object:
    owners = {role.client for role in effective(realm, client, member) if role.client}
    names = sorted(str(realm.clients[uuid]["clientId"]) for uuid in owners - {client["id"]})
    return {"aud": names[0] if len(names) == 1 else names} if names else None


def _groups(realm: Realm, _client: Representation, member: Member, config: Mapping[str, str]) -> object:
    prefix = "/" if config.get("full.path") == "true" else ""
    return sorted(prefix + realm.groups[key] for key in member.groups)


def _attribute(_realm: Realm, _client: Representation, member: Member, config: Mapping[str, str]) -> object:
    own = {
        "username": member.username,
        "email": member.email,
        "firstName": member.first_name,
        "lastName": member.last_name,
        "emailVerified": member.email_verified,
    }
    name = config.get("user.attribute", "")
    values = member.attributes.get(name, ())
    if name in own:
        return own[name]
    return list(values) if config.get("multivalued") == "true" else (values[0] if values else None)


def _full_name(_realm: Realm, _client: Representation, member: Member, _config: Mapping[str, str]) -> object:
    name = f"{member.first_name} {member.last_name}".strip()
    return {"name": name} if name else None


def _subject(_realm: Realm, _client: Representation, member: Member, _config: Mapping[str, str]) -> object:
    return {"sub": member.id}


def _acr(_realm: Realm, _client: Representation, _member: Member, _config: Mapping[str, str]) -> object:
    return {"acr": "1"}


def _origins(_realm: Realm, client: Representation, _member: Member, _config: Mapping[str, str]) -> object:
    return {"allowed-origins": list(client["webOrigins"])} if client["webOrigins"] else None


def _note(_realm: Realm, client: Representation, member: Member, config: Mapping[str, str]) -> object:
    own = {"client_id": client["clientId"], "clientHost": "127.0.0.1", "clientAddress": "127.0.0.1"}
    return own.get(config.get("user.session.note", "")) if member.service_of else None


VALUES: Mapping[str, Value] = {
    "oidc-usermodel-realm-role-mapper": _realm_roles,
    "oidc-usermodel-client-role-mapper": _client_roles,
    "oidc-audience-resolve-mapper": _audience,
    "oidc-group-membership-mapper": _groups,
    "oidc-usermodel-attribute-mapper": _attribute,
    "oidc-usermodel-property-mapper": _attribute,
    "oidc-full-name-mapper": _full_name,
    "oidc-sub-mapper": _subject,
    "oidc-acr-mapper": _acr,
    "oidc-allowed-origins-mapper": _origins,
    "oidc-usersessionmodel-note-mapper": _note,
}

"""Keycloak's representations as fields, and fields as representations: every quirk of the wire in one place.

Facts (Keycloak 26.7.3): an attribute that is "" or null is absent; numbers and booleans in attributes are strings; redirect URIs, origins
and scope lists are sets; a refresh token is given unless `use.refresh.tokens` is "false".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...plans.resources import Address, Fields, Value
from ...plans.sealed import Sealed

ATTRIBUTE = "attributes."
OFFLINE_IDLE = ATTRIBUTE + "client.offline.session.idle.timeout"
OFFLINE_MAX = ATTRIBUTE + "client.offline.session.max.lifespan"
SESSION_IDLE = ATTRIBUTE + "client.session.idle.timeout"
SESSION_MAX = ATTRIBUTE + "client.session.max.lifespan"
ACCESS_LIFESPAN = ATTRIBUTE + "access.token.lifespan"
PKCE = ATTRIBUTE + "pkce.code.challenge.method"
USE_REFRESH = ATTRIBUTE + "use.refresh.tokens"
SECONDS = (OFFLINE_IDLE, OFFLINE_MAX, SESSION_IDLE, SESSION_MAX, ACCESS_LIFESPAN)

DEFAULT_SCOPES = "defaultClientScopes"
OPTIONAL_SCOPES = "optionalClientScopes"
DEFAULT_ROLES = "defaultRoles"
KNOWN_ROLES = "knownRoles"
ISSUER = "issuer"
FRONTEND = "frontendUrl"
ISSUER_PROBLEM = "issuerProblem"
MAPPER_NAMES = "mapperNames"
OFFLINE_ACCESS = "offline_access"

SETS = ("redirectUris", "webOrigins", DEFAULT_SCOPES, OPTIONAL_SCOPES)
FLAGS = (
    "enabled",
    "publicClient",
    "bearerOnly",
    "standardFlowEnabled",
    "implicitFlowEnabled",
    "directAccessGrantsEnabled",
    "serviceAccountsEnabled",
    "consentRequired",
)
TEXTS = ("id", "name", "protocol", "clientAuthenticatorType")
REALM_LIFETIMES = {
    "offline_session_idle_timeout": "offlineSessionIdleTimeout",
    "offline_session_max_lifespan": "offlineSessionMaxLifespan",
    "sso_session_idle_timeout": "ssoSessionIdleTimeout",
    "sso_session_max_lifespan": "ssoSessionMaxLifespan",
}
REALM_SWITCHES = {
    "offline_session_max_lifespan_enabled": "offlineSessionMaxLifespanEnabled",
    "revoke_refresh_token": "revokeRefreshToken",
    "refresh_token_max_reuse": "refreshTokenMaxReuse",
}
SHARED_FIELDS = {**REALM_LIFETIMES, **REALM_SWITCHES}
REALM_READ = (*SHARED_FIELDS.values(), "accessTokenLifespan", "enabled", "sslRequired")

MAPPER_TYPES = {"groups": "oidc-group-membership-mapper", "realm_roles": "oidc-usermodel-realm-role-mapper"}
TOKEN_SWITCHES = ("id.token.claim", "access.token.claim", "userinfo.token.claim")


def client_address(client_id: str) -> Address:
    """Return the address of a client, named by its clientId."""
    return Address("client", client_id)


def realm_address(realm: str) -> Address:
    """Return the address of a realm."""
    return Address("realm", realm)


def scope_address(name: str) -> Address:
    """Return the address under which a client scope's id is remembered."""
    return Address("client-scope", name)


def wire_claim(claim: str) -> str:
    """Return a claim's name as mappers hold it: a bare dot would nest the claim (26.7.3), and Coder looks at the top only."""
    return claim.replace("\\", "\\\\").replace(".", "\\.")


def mapper_field(claim: str, key: str) -> str:
    """Return the field name of one setting of the mapper that emits `claim`."""
    return f"mapper[{claim}].{key}"


def client_fields(representation: Mapping[str, Any]) -> Fields:
    """Return a client representation as fields; what the server adds by itself and nobody manages is left out."""
    attributes = _attributes(representation.get("attributes") or {})
    fields: dict[str, Value] = {
        # "" is what takes a text away (26.7.3), so a text that is "" is absent
        name: representation[name]
        for name in (*FLAGS, *TEXTS)
        if representation.get(name) not in (None, "")
    }
    fields |= {name: frozenset(representation.get(name) or ()) for name in SETS}
    fields |= {ATTRIBUTE + name: value for name, value in attributes.items()}
    # absent counts as on: nothing but the text "false" keeps 26.7.3 from giving refresh tokens
    fields[USE_REFRESH] = attributes.get("use.refresh.tokens") != "false"
    fields |= {name: seconds(fields[name]) for name in SECONDS if name in fields}
    mappers = representation.get("protocolMappers") or ()
    fields |= _mapper_fields(mappers) | {MAPPER_NAMES: frozenset(str(mapper.get("name")) for mapper in mappers)}
    if representation.get("secret"):
        fields["secret"] = Sealed(representation["secret"])
    return fields


def _attributes(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in attributes.items() if value not in (None, "")}


def seconds(value: Value) -> Value:
    """Return a stored number of seconds as int; text that is no number stays as it is, so that the diff shows it."""
    try:
        return int(str(value))
    except ValueError:
        return value


def _mapper_fields(mappers: Iterable[Mapping[str, Any]]) -> dict[str, Value]:
    """Fields of the mappers that emit a claim; of two for one claim the first by name counts, the others are listed."""
    fields: dict[str, Value] = {}
    # by name: which of two counts must not hang on the order in which the server lists them
    for mapper in sorted(mappers, key=lambda found: str(found.get("name"))):
        config = mapper.get("config") or {}
        claim = config.get("claim.name")
        # an audience mapper, say, names no claim and is nobody's affair here
        if not claim:
            continue
        if mapper_field(claim, "id") in fields:
            others = fields.get(mapper_field(claim, "others"), frozenset())
            fields[mapper_field(claim, "others")] = frozenset(others) | {str(mapper["name"])}  # type: ignore[arg-type]
            continue
        fields |= {mapper_field(claim, key): value for key, value in _one_mapper(mapper, config).items()}
    return fields


def _one_mapper(mapper: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Value]:
    values: dict[str, Value] = {"id": mapper["id"], "name": mapper["name"], "type": mapper["protocolMapper"]}
    return values | {key: str(value) for key, value in config.items() if value not in (None, "")}


def realm_fields(representation: Mapping[str, Any]) -> Fields:
    """Return the realm's lifetimes and switches; a representation cut short by missing rights has none of them."""
    # 26.7.3 sends 104 keys, and writing all of them back would add some: only those we judge by are taken
    fields: dict[str, Value] = {name: representation[name] for name in REALM_READ if name in representation}
    role = representation.get("defaultRole") or {}
    attributes = representation.get("attributes")
    if isinstance(attributes, Mapping):
        fields[FRONTEND] = attributes.get(FRONTEND) or None
    return fields | {"defaultRoleId": role.get("id"), "defaultRoleName": role.get("name")}


def wire_value(value: Value) -> object:
    """Return a field value as the admin API takes it; "" takes a text away, null would leave it as it is (26.7.3)."""
    if value is None:
        return ""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Sealed):
        return value.reveal()
    return value


def wire_attribute(value: Value) -> str:
    """Return an attribute as the admin API takes it: a string, "" removes it."""
    if value is None:
        return ""
    # 26.7.3 takes any text and answers 204, so nobody else would notice a wrong spelling
    return str(value).lower() if isinstance(value, bool) else str(value)


def client_body(fields: Mapping[str, Value]) -> dict[str, object]:
    """Return the part of a client representation that carries these fields; scopes and mappers go other ways."""
    body: dict[str, object] = {}
    attributes = {
        name.removeprefix(ATTRIBUTE): wire_attribute(value)
        for name, value in fields.items()
        if name.startswith(ATTRIBUTE)
    }
    if attributes:
        body["attributes"] = attributes
    plain = {name: value for name, value in fields.items() if not name.startswith((ATTRIBUTE, "mapper["))}
    # a PUT ignores both lists without a word (26.7.3); a POST takes them, so creating adds them itself
    body |= {name: wire_value(value) for name, value in plain.items() if name not in (DEFAULT_SCOPES, OPTIONAL_SCOPES)}
    return body


def mapper_bodies(fields: Mapping[str, Value]) -> dict[str, dict[str, object]]:
    """Return claim -> mapper representation for the mapper fields among `fields`."""
    bodies: dict[str, dict[str, Any]] = {}
    for name, value in fields.items():
        if not name.startswith("mapper["):
            continue
        claim, key = name.removeprefix("mapper[").split("].", 1)
        body = bodies.setdefault(claim, {"protocol": "openid-connect", "config": {}})
        top = {"type": "protocolMapper", "name": "name", "id": "id"}.get(key)
        if top:
            body[top] = value
        # a mapper is replaced whole, so what is left out is gone
        elif value is not None:
            body["config"][key] = wire_attribute(value)
    return bodies

"""Clients made and changed, with what the server adds, ignores and refuses (26.7.3). Pure: realm in, realm out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from . import mappers
from .reading import boolean, checked_fields, integer
from .refusals import DUPLICATE, described, message
from .state import Member, Realm, Representation

TEXTS = frozenset({"name", "description", "rootUrl", "adminUrl", "baseUrl", "clientAuthenticatorType", "protocol"})
# the defaults of a client made by the admin API; those of the admin console differ
SWITCHES: Mapping[str, bool] = {
    "surrogateAuthRequired": False,
    "enabled": True,
    "alwaysDisplayInConsole": False,
    "bearerOnly": False,
    "consentRequired": False,
    "standardFlowEnabled": True,
    "implicitFlowEnabled": False,
    "directAccessGrantsEnabled": False,
    "serviceAccountsEnabled": False,
    "publicClient": False,
    "frontchannelLogout": False,
    "fullScopeAllowed": True,
}
SETS = ("redirectUris", "webOrigins")
LISTS = {"default": "defaultClientScopes", "optional": "optionalClientScopes"}
SERVICE_SCOPE = "service_account"
# known to the server and of no effect on what we read: any other name is a 400 on the whole request
IGNORED = frozenset(
    [
        "id",
        "access",
        "origin",
        "nodeReRegistrationTimeout",
        "registeredNodes",
        "registrationAccessToken",
        "defaultRoles",
        "type",
        "authenticationFlowBindingOverrides",
        "authorizationServicesEnabled",
        "authorizationSettings",
        "directGrantsOnly",
        "clientTemplate",
        "useTemplateConfig",
        "useTemplateScope",
        "useTemplateMappers",
        "oauth2DeviceAuthorizationGrantEnabled",
    ]
)
FIELDS = TEXTS | SWITCHES.keys() | set(SETS) | set(LISTS.values()) | IGNORED
FIELDS |= {"clientId", "secret", "attributes", "protocolMappers", "notBefore"}
BOUNDS = {
    "client.session.idle.timeout": ("ssoSessionIdleTimeout", "idle timeout", "idle timeout"),
    "client.session.max.lifespan": ("ssoSessionMaxLifespan", "max lifespan", "max lifespan"),
}
ILLEGAL = frozenset({"javascript", "data", "vbscript"})


@dataclass(frozen=True, slots=True)
class Making:
    """What new things are made of: ids, secrets, the time in seconds."""

    draw: Callable[[], str]
    secret: Callable[[], str]
    now: int


def created(realm: Realm, body: object, making: Making) -> tuple[Realm, str]:
    """Return the realm with a new client, and its uuid."""
    sent = checked_fields(body, FIELDS, "ClientRepresentation")
    uuid = making.draw()
    # a body without clientId makes a client that is called by its uuid (26.7.3)
    client_id = uuid if sent.get("clientId") is None else str(sent["clientId"])
    _check_id(client_id)
    if realm.client(client_id) is not None:
        raise message(409, f"Client {client_id} already exists")
    client: dict[str, Any] = {
        "id": uuid,
        "clientId": client_id,
        **SWITCHES,
        "clientAuthenticatorType": "client-secret",
        "protocol": "openid-connect",
        "redirectUris": [],
        "webOrigins": [],
        "notBefore": 0,
        "nodeReRegistrationTimeout": -1,
        "authenticationFlowBindingOverrides": {},
        "attributes": {"realm_client": "false"},
    }
    client |= {kind: sorted(names) for kind, names in _first_scopes(realm, sent).items()}
    # adminUrl follows rootUrl where it is not stated itself
    if sent.get("rootUrl") and sent.get("adminUrl") is None:
        client["adminUrl"] = sent["rootUrl"]
    client = _merged(client, sent, making)
    # [] is a statement, an absent key is not: only the latter is filled in
    if sent.get("webOrigins") is None:
        client["webOrigins"] = origins_of(client["redirectUris"])
    check(realm, client)
    return _with_service_account(realm.with_client(client), client, making), uuid


def origins_of(uris: Iterable[str]) -> list[str]:
    """Return the origins that a new client gets where it states none: those of its redirect URIs (26.7.3)."""
    return sorted({"/".join(uri.split("/")[:3]) for uri in uris if uri.startswith("http")})


def updated(realm: Realm, uuid: str, body: object, making: Making) -> Realm:
    """Return the realm with a client merged with what was sent; its scope lists are not looked at."""
    sent = checked_fields(body, FIELDS, "ClientRepresentation")
    before = realm.clients[uuid]
    client = _merged(dict(before), sent, making)
    # a client may be renamed by PUT, and then the name must be free as for a new one
    if sent.get("clientId") is not None:
        client["clientId"] = str(sent["clientId"])
        _check_id(client["clientId"])
        if client["clientId"] != before["clientId"] and realm.client(client["clientId"]) is not None:
            raise DUPLICATE
    check(realm, client)
    return _with_service_account(realm.with_client(client), client, making)


def deleted(realm: Realm, uuid: str) -> Realm:
    """Return the realm without a client, its roles and its service account; its tokens find no client any more."""
    people = {key: member for key, member in realm.people.items() if member.service_of != uuid}
    roles = {key: role for key, role in realm.roles.items() if role.client != uuid}
    clients = {key: client for key, client in realm.clients.items() if key != uuid}
    return replace(realm, clients=clients, roles=roles, people=people)


def _check_id(client_id: str) -> None:
    if not client_id.strip():
        raise described(400, "invalid_input", "Client ID cannot be blank")


def _first_scopes(realm: Realm, sent: Mapping[str, Any]) -> dict[str, set[str]]:
    """One list stops the realm's defaults for both; unknown names are dropped; a name in both becomes default (26.7.3)."""
    if any(sent.get(name) is not None for name in LISTS.values()):
        known: set[str] = {scope["name"] for scope in realm.scopes.values()}
        default, optional = (known.intersection(sent.get(name) or ()) for name in LISTS.values())
        return {LISTS["default"]: default, LISTS["optional"]: optional - default}
    return {name: _given_to_new(realm, kind) for kind, name in LISTS.items()}


def _given_to_new(realm: Realm, kind: str) -> set[str]:
    scopes = [realm.scopes[scope] for scope, each in realm.scopes_for_new.items() if each == kind]
    return {scope["name"] for scope in scopes if scope.get("protocol") == "openid-connect"}


def _merged(client: dict[str, Any], sent: Mapping[str, Any], making: Making) -> dict[str, Any]:
    for name in SWITCHES:
        if sent.get(name) is not None:
            client[name] = boolean(sent[name])
    client |= {name: str(sent[name]) for name in TEXTS if sent.get(name) is not None}
    client |= {name: sorted(set(map(str, sent[name]))) for name in SETS if sent.get(name) is not None}
    if sent.get("notBefore") is not None:
        client["notBefore"] = integer(sent["notBefore"])
    client["attributes"] = _attributes(client["attributes"], sent.get("attributes") or {})
    if sent.get("protocolMappers") is not None:
        client["protocolMappers"] = mappers.replaced(
            client.get("protocolMappers", ()), sent["protocolMappers"], making.draw
        )
        if not client["protocolMappers"]:
            del client["protocolMappers"]
    return _with_secret(client, sent, making)


def _attributes(before: Mapping[str, str], sent: Mapping[str, Any]) -> dict[str, str]:
    """An attribute without a value is taken away; numbers and switches come back as text."""
    merged = {**before, **{name: _text(value) for name, value in sent.items()}}
    return {name: value for name, value in merged.items() if value != ""}


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_secret(client: dict[str, Any], sent: Mapping[str, Any], making: Making) -> dict[str, Any]:
    if client["publicClient"] or client["bearerOnly"]:
        return {name: value for name, value in client.items() if name != "secret"}
    if sent.get("secret") is not None:
        return {**client, "secret": str(sent["secret"])}
    return client if "secret" in client else with_new_secret(client, making)


def with_new_secret(client: Mapping[str, Any], making: Making) -> dict[str, Any]:
    """Return the client with a generated secret."""
    attributes = {**client["attributes"], "client.secret.creation.time": str(making.now)}
    return {**client, "secret": making.secret(), "attributes": attributes}


def check(realm: Realm, client: Representation) -> None:
    """Refuse what the server refuses of a whole client, also where the change is about something else (26.7.3)."""
    for uri in client["redirectUris"]:
        _check_uri(uri, "A redirect URI")
    if client.get("rootUrl"):
        _check_uri(client["rootUrl"], "Root URL")
    for attribute, (setting, ours, theirs) in BOUNDS.items():
        value = client["attributes"].get(attribute, "")
        if value.isdigit() and int(value) > int(realm.settings[setting]):
            words = f"Client session {ours} cannot exceed realm SSO session {theirs}."
            raise described(400, "invalid_input", words)


def _check_uri(uri: str, what: str) -> None:
    if "#" in uri:
        raise described(400, "invalid_input", f"{what} must not contain an URL fragment")
    if uri.partition(":")[0].lower() in ILLEGAL:
        raise described(400, "invalid_input", f"{what} uses an illegal scheme")
    try:
        urlsplit(uri)
        valid = not any(each.isspace() or each in '<>"{}|\\^`' for each in uri)
    except ValueError:
        valid = False
    if not valid and not uri.startswith("${"):
        raise described(400, "invalid_input", f"{what} is not a valid URI")


def _with_service_account(realm: Realm, client: Mapping[str, Any], making: Making) -> Realm:
    """Its switch brings or takes the account and the scope `service_account` by itself."""
    uuid, account = str(client["id"]), realm.service_account(str(client["id"]))
    names = set(client[LISTS["default"]])
    if not client["serviceAccountsEnabled"]:
        people = {key: member for key, member in realm.people.items() if member.service_of != uuid}
        kept = {**client, LISTS["default"]: sorted(names - {SERVICE_SCOPE})} if account is not None else client
        return replace(realm.with_client(kept), people=people)
    if account is None:
        roles = frozenset({realm.default_role})
        username = f"service-account-{client['clientId']}".lower()
        realm = realm.with_member(Member(making.draw(), username, making.now, roles=roles, service_of=uuid))
        names |= {SERVICE_SCOPE} if realm.scope(SERVICE_SCOPE) is not None else set()
    return realm.with_client({**client, LISTS["default"]: sorted(names)})


def attached(realm: Realm, uuid: str, kind: str, scope_id: str) -> Realm:
    """Return the realm with a scope attached; attached either way already, nothing happens."""
    client, name = realm.clients[uuid], realm.scopes[scope_id]["name"]
    if any(name in client[each] for each in LISTS.values()):
        return realm
    return realm.with_client({**client, LISTS[kind]: sorted([*client[LISTS[kind]], name])})


def detached(realm: Realm, uuid: str, scope_id: str) -> Realm:
    """Return the realm with a scope detached, whichever way it was attached."""
    client, name = realm.clients[uuid], realm.scopes[scope_id]["name"]
    lists = {each: [other for other in client[each] if other != name] for each in LISTS.values()}
    return realm.with_client({**client, **lists})


def page(found: Iterable[Representation], first: int, most: int | None) -> list[Representation]:
    """Return clients in the order of their clientIds, from `first` on, at most so many."""
    ordered = sorted(found, key=lambda client: str(client["clientId"]))
    return ordered[first:] if most is None else ordered[first : first + most]

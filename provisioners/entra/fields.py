"""Graph's representations as fields, and fields as representations: every quirk of the wire in one place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ...plans.resources import Address, Fields, Value

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
OFFLINE_ACCESS = "offline_access"
CODER_SCOPES = ("openid", "profile", "email", OFFLINE_ACCESS)
DELEGATED: Mapping[str, str] = {
    "openid": "37f7f235-527c-4136-accd-4a02d197296e",
    "profile": "14dad69e-099b-42c9-810b-d002981feec1",
    "email": "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
    OFFLINE_ACCESS: "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
}
"""Only where the tenant's own list cannot be read: public code has been seen to get such ids wrong."""
WEB, SPA, PUBLIC = "web.redirectUris", "spa.redirectUris", "publicClient.redirectUris"
REDIRECTS = (WEB, SPA, PUBLIC)
PUBLIC_FLOWS = "isFallbackPublicClient"
ID_GRANT = "web.implicitGrantSettings.enableIdTokenIssuance"
ACCESS_GRANT = "web.implicitGrantSettings.enableAccessTokenIssuance"
PERMISSIONS = "permissions"
ID_CLAIMS = "optionalClaims.idToken"
GROUPS = "groupMembershipClaims"
AUDIENCE = "signInAudience"
API_VERSION = "api.requestedAccessTokenVersion"
OWNERS = "owners"
AS_ROLES, EMIT_AS_ROLES = "groupsAsRoles", "emit_as_roles"
NAME = "displayName"
SECRETS = "passwordCredentials"
CERTIFICATES = "keyCredentials"
SCOPES = "scopes"
ASSIGNMENT = "appRoleAssignmentRequired"
SELECT = (
    "id", "appId", "uniqueName", NAME, AUDIENCE, PUBLIC_FLOWS, "web", "spa", "publicClient", "requiredResourceAccess",
    "api", "optionalClaims", GROUPS, SECRETS, CERTIFICATES, "createdDateTime", "isDisabled",
)  # fmt: skip
PRINCIPAL_SELECT = ("id", "appId", "accountEnabled", ASSIGNMENT)
READ_AT, ISSUER, ISSUER_PROBLEM, BY_HAND, POLICY = "readAt", "issuer", "issuerProblem", "consentByHand", "secretPolicy"
UNKNOWN_CONSENT, KNOWN_SCOPES, EVERYBODYS = "consentUnknown", "knownScopes", "organizationPolicy"


def client_address(client_id: str) -> Address:
    """Return the address of an application, by the plan's name for it."""
    return Address("client", client_id)


def principal_address(client_id: str) -> Address:
    """Return the address of an application's service principal."""
    return Address("service-principal", client_id)


def consent_address(client_id: str) -> Address:
    """Return the address of what administrators consented to for everybody."""
    return Address("consent", client_id)


def secret_address(client_id: str) -> Address:
    """Return the address of an application's secrets."""
    return Address("secret", client_id)


def certificate_address(client_id: str) -> Address:
    """Return the address of an application's certificates."""
    return Address("certificate", client_id)


TENANT = Address("tenant", "entra")
"""Where what is true of the whole tenant stands; nothing of it is managed."""
BIN = "deleted"


def validity_field(client_id: str) -> str:
    """Return the field of the tenant that holds how long a new secret of an application is good for."""
    return f"validity[{client_id}]"


def other_lifetime_field(object_id: str) -> str:
    """Return the field of the tenant that names the token lifetime policy of somebody else's that an application has."""
    return f"tokenLifetimePolicy[{object_id}]"


def moment(text: object) -> int:
    """Return seconds since 1970 of a date as Graph writes it; 0 for none, and for what is no date."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        # a date without a zone is UTC to Graph, and local time to Python
        return 0 if found is None else int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return 0


def texts(value: object) -> frozenset[str]:
    """Return the texts of a list; none where there is no list."""
    return (
        frozenset(each for each in value if isinstance(each, str)) if isinstance(value, (list, tuple)) else frozenset()
    )


def members(value: Value) -> frozenset[str]:
    """Return a set field's members; an absent one has none."""
    return value if isinstance(value, frozenset) else frozenset()


def application_fields(found: Mapping[str, Any], names: Mapping[str, str]) -> Fields:
    """Return an application as fields; `names` are Graph's delegated permissions by id."""
    web, implicit = found.get("web") or {}, (found.get("web") or {}).get("implicitGrantSettings") or {}
    fields: dict[str, Value] = {
        **{
            name: found[name]
            for name in ("id", "appId", "uniqueName", NAME, AUDIENCE, "createdDateTime")
            if found.get(name)
        },
        WEB: texts(web.get("redirectUris")),
        SPA: texts((found.get("spa") or {}).get("redirectUris")),
        PUBLIC: texts((found.get("publicClient") or {}).get("redirectUris")),
        # null reads as false
        PUBLIC_FLOWS: bool(found.get(PUBLIC_FLOWS)),
        ID_GRANT: bool(implicit.get("enableIdTokenIssuance")),
        ACCESS_GRANT: bool(implicit.get("enableAccessTokenIssuance")),
        PERMISSIONS: permissions(found, names),
        ID_CLAIMS: frozenset(str(each.get("name")) for each in claims(found)),
        "isDisabled": bool(found.get("isDisabled")),
    }
    if any(
        EMIT_AS_ROLES in (each.get("additionalProperties") or ())
        for each in claims(found)
        if each.get("name") == "groups"
    ):
        fields[AS_ROLES] = True
    kinds = group_kinds(found.get(GROUPS))
    if kinds:
        fields[GROUPS] = ",".join(sorted(kinds))
    version = (found.get("api") or {}).get("requestedAccessTokenVersion")
    if version is not None:
        fields[API_VERSION] = version
    if found.get(OWNERS) is not None:
        fields[OWNERS] = frozenset(str(each.get("id")) for each in found[OWNERS])
    return fields


def group_kinds(value: object) -> frozenset[str]:
    """Return the kinds of groups that `groupMembershipClaims` names; None and "None" are none."""
    parts = value.split(",") if isinstance(value, str) else ()
    return frozenset(part.strip() for part in parts) - {"", "None"}


def claims(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the optional claims of ID tokens, as they are."""
    listed = (found.get("optionalClaims") or {}).get("idToken") or []
    return [each for each in listed if isinstance(each, dict)]


def permissions(found: Mapping[str, Any], names: Mapping[str, str]) -> frozenset[str]:
    """Return the delegated permissions on Graph that an application asks for, by name; one that is unknown by its id."""
    return frozenset(
        names.get(str(each.get("id")).lower(), str(each.get("id")))
        for api in found.get("requiredResourceAccess") or ()
        if str(api.get("resourceAppId")).lower() == GRAPH_APP
        for each in api.get("resourceAccess") or ()
        if each.get("type") == "Scope"
    )


def with_permissions(found: Mapping[str, Any], gained: Iterable[str], ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the whole `requiredResourceAccess` with more delegated permissions on Graph: a PATCH replaces the list."""
    apis = [dict(api) for api in found.get("requiredResourceAccess") or ()]
    own = next((api for api in apis if str(api.get("resourceAppId")).lower() == GRAPH_APP), None)
    if own is None:
        own = {"resourceAppId": GRAPH_APP, "resourceAccess": []}
        apis.append(own)
    held = own.get("resourceAccess") or ()
    there = {str(each.get("id")).lower() for each in held if each.get("type") == "Scope"}
    new = [{"id": ids[name], "type": "Scope"} for name in sorted(gained) if ids[name] not in there]
    own["resourceAccess"] = [*held, *new]
    return apis


def with_claims(found: Mapping[str, Any], gained: Iterable[str]) -> dict[str, Any]:
    """Return the whole `optionalClaims` with more claims of ID tokens; those that are there stay as they are."""
    whole: dict[str, Any] = {
        name: value for name, value in (found.get("optionalClaims") or {}).items() if not name.startswith("@")
    }
    there = {str(each.get("name")) for each in claims(found)}
    new: list[Mapping[str, Any]] = [
        {"name": name, "source": None, "essential": False, "additionalProperties": []}
        for name in sorted(gained)
        if name not in there
    ]
    return {**whole, "idToken": [*claims(found), *new]}


def application_body(
    edits: Mapping[str, tuple[Value, Value]], found: Mapping[str, Any], ids: Mapping[str, str]
) -> dict[str, Any]:
    """Return the PATCH for edits, field -> (before, after), of an application as it was found just now: lists are replaced whole."""
    body: dict[str, Any] = {name: edits[name][1] for name in (NAME, AUDIENCE, PUBLIC_FLOWS, GROUPS) if name in edits}
    for field in (*REDIRECTS, ID_GRANT, ACCESS_GRANT, API_VERSION):
        if field in edits:
            _put(body, field, edits[field], found)
    if PERMISSIONS in edits:
        before, after = map(members, edits[PERMISSIONS])
        body["requiredResourceAccess"] = with_permissions(found, after - before, ids)
    if ID_CLAIMS in edits:
        before, after = map(members, edits[ID_CLAIMS])
        body["optionalClaims"] = with_claims(found, after - before)
    return body


def _put(body: dict[str, Any], field: str, edit: tuple[Value, Value], found: Mapping[str, Any]) -> None:
    part, *path = field.split(".")
    place, there = body.setdefault(part, {}), found.get(part) or {}
    for name in path[:-1]:
        place = place.setdefault(name, {})
    before, after = edit
    if field in REDIRECTS:
        # what somebody added since the look stays
        now = list(dict.fromkeys(there.get("redirectUris") or ()))
        kept = [uri for uri in now if uri not in members(before) - members(after)]
        place[path[-1]] = [*kept, *sorted(members(after) - members(before) - set(kept))]
    else:
        place[path[-1]] = after


def is_for_everybody(grant: Mapping[str, Any], graph: str) -> bool:
    """Tell whether a grant is an administrator's consent for everybody to Graph, whose service principal has this id."""
    return grant.get("consentType") == "AllPrincipals" and grant.get("resourceId") == graph


def principal_fields(found: Mapping[str, Any]) -> Fields:
    """Return a service principal as fields."""
    enabled = found.get("accountEnabled")
    return {
        "id": str(found.get("id")),
        ASSIGNMENT: bool(found.get(ASSIGNMENT)),
        # null is a new one that nobody has switched off
        "accountEnabled": enabled is not False,
    }

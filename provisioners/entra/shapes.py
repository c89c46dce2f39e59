"""What the parts of Graph's answers that are used must look like: all that is read later may rely on it. Pure.

A part may be null or absent, unknown ones may be there: Graph leaves out, and adds, as it likes. Ids must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import chain

from .fields import ASSIGNMENT, AUDIENCE, CERTIFICATES, GROUPS, NAME, OWNERS, PUBLIC_FLOWS, SECRETS

Shape = Callable[[object], bool]
_LATEST = 9999


def number(found: object) -> bool:
    """Tell whether it is a whole number."""
    return isinstance(found, int) and not isinstance(found, bool)


def text(found: object) -> bool:
    """Tell whether it is a text."""
    return isinstance(found, str)


def key(found: object) -> bool:
    """Tell whether it is a text that can stand in a path."""
    return isinstance(found, str) and found != "" and found.isprintable()


def flag(found: object) -> bool:
    """Tell whether it is true or false."""
    return isinstance(found, bool)


def moment(found: object) -> bool:
    """Tell whether it is a time that can be counted in seconds."""
    try:
        return isinstance(found, str) and datetime.fromisoformat(found).year <= _LATEST
    except ValueError:
        return False


def many(shape: Shape) -> Shape:
    """Return the shape of a list of these."""
    return lambda found: isinstance(found, list) and all(map(shape, found))


def parts(**shapes: Shape) -> Shape:
    """Return the shape of an object whose parts, where they are there, have these shapes."""
    return lambda found: isinstance(found, dict) and not flaw(found, shapes)


def flaw(found: Mapping[str, object], shapes: Mapping[str, Shape], needed: tuple[str, ...] = ()) -> str:
    """Return the name of the first part that is not as it must be, "" where there is none."""
    odd = (name for name, shape in shapes.items() if found.get(name) is not None and not shape(found[name]))
    return next(chain(odd, (name for name in needed if found.get(name) is None)), "")


_URIS = parts(redirectUris=many(text))
_CREDENTIALS = many(
    parts(
        keyId=text,
        displayName=text,
        hint=text,
        startDateTime=moment,
        endDateTime=moment,
        customKeyIdentifier=text,
    )
)
_CLAIMS = many(parts(name=text))
_RESTRICTIONS = parts(
    **dict.fromkeys(
        ("passwordCredentials", "keyCredentials"),
        many(parts(restrictionType=text, state=text, restrictForAppsCreatedAfterDateTime=moment)),
    )
)
APPLICATION: Mapping[str, Shape] = {
    "id": key,
    "appId": key,
    **dict.fromkeys(("uniqueName", NAME, AUDIENCE, GROUPS), text),
    **dict.fromkeys((PUBLIC_FLOWS, "isDisabled"), flag),
    "web": parts(
        redirectUris=many(text),
        implicitGrantSettings=parts(enableIdTokenIssuance=flag, enableAccessTokenIssuance=flag),
    ),
    "spa": _URIS,
    "publicClient": _URIS,
    "requiredResourceAccess": many(parts(resourceAppId=text, resourceAccess=many(parts(id=text, type=text)))),
    "api": parts(requestedAccessTokenVersion=number),
    "optionalClaims": parts(idToken=_CLAIMS, accessToken=_CLAIMS, saml2Token=_CLAIMS),
    SECRETS: _CREDENTIALS,
    CERTIFICATES: _CREDENTIALS,
    "createdDateTime": moment,
    OWNERS: many(parts(id=key)),
}
DELETED: Mapping[str, Shape] = {"id": key, "uniqueName": text}
NAMED: Mapping[str, Shape] = {"id": key}
PRINCIPAL: Mapping[str, Shape] = {
    "id": key,
    "appId": key,
    "accountEnabled": flag,
    ASSIGNMENT: flag,
    "oauth2PermissionScopes": many(parts(id=text, value=text)),
}
GRANT: Mapping[str, Shape] = {"id": key, **dict.fromkeys(("clientId", "resourceId", "consentType", "scope"), text)}
SECRET_POLICY: Mapping[str, Shape] = {
    "isEnabled": flag,
    "applicationRestrictions": _RESTRICTIONS,
    "restrictions": _RESTRICTIONS,
}
LIFETIME_POLICY: Mapping[str, Shape] = {
    "id": key,
    "displayName": text,
    "isOrganizationDefault": flag,
    "definition": many(text),
}
ACCESS_POLICY: Mapping[str, Shape] = {
    "id": key,
    "displayName": text,
    "state": text,
    "conditions": parts(applications=parts(includeApplications=many(text))),
    "sessionControls": parts(signInFrequency=parts(isEnabled=flag, type=text)),
}

"""The endpoints of applications: made, read, merged, and the checks that hold between their properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from .building import APPLICATION_NAMES, NEW_APPLICATION, followed
from .call import EVERY_APP, OWN_APPS, READS_APPS, Call, Row
from .credentials import checked_keys
from .kinds import APPLICATION, AUDIENCES
from .references import object_shown
from .refusals import DENIED, bad
from .shapes import checked
from .state import APPLICATIONS, OWNERS, PRINCIPALS, Representation

LONGEST_NAME = 120
LONGEST_URI = 256
MOST_APIS = 50
MOST_EXPANDED = 20
_LOCAL = ("localhost", "127.0.0.1")
_HIDDEN = frozenset({"authenticationBehaviors"})
_NO_CLAIMS: Mapping[str, list[Any]] = {"idToken": [], "accessToken": [], "saml2Token": []}
_CLAIM: Mapping[str, Any] = {"source": None, "essential": False, "additionalProperties": []}
_FIXED = bad("Property value cannot be deleted unless it is disabled first.", "CannotDeleteOrUpdateEnabledEntitlement")


def shown(found: Representation, names: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return an application as it is read: a certificate itself comes only to who asks for `keyCredentials` of one application."""
    keys = [each if "keyCredentials" in names else {**each, "key": None} for each in found["keyCredentials"]]
    return {**found, "keyCredentials": keys}


def list_all(call: Call) -> Response:
    """Answer a page of applications; under OwnedBy alone this may be forbidden, as sources do not agree."""
    call.caller.need(*READS_APPS)
    everything = call.caller.holds(*(right for right in READS_APPS if right != OWN_APPS))
    if not everything and call.directory.switches.listing_forbidden:
        raise DENIED
    keys = call.directory.all(APPLICATIONS)
    seen = (call.directory.seen(APPLICATIONS, key, call.now) for key in keys)
    found = [shown(_without_hidden(each)) for each in seen if each is not None]
    page = call.query.page([_expanded(call, each) for each in found], APPLICATION_NAMES, call.address, "$expand")
    return JSONResponse({**call.context(APPLICATIONS), **page})


def _expanded(call: Call, found: dict[str, Any]) -> dict[str, Any]:
    if not call.query.expands(OWNERS):
        return found
    owners = (object_shown(call, key) for key in call.directory.linked(str(found["id"]), OWNERS))
    # no more than 20 come this way
    return {**found, OWNERS: [each for each in owners if each is not None][:MOST_EXPANDED]}


def _without_hidden(found: Representation) -> Representation:
    return {name: value for name, value in found.items() if name not in _HIDDEN}


def read(call: Call) -> Response:
    """Answer one application."""
    found = call.application()
    call.query.only_selects("$expand")
    whole = _expanded(call, shown(found, call.query.names))
    selected = call.query.selected(whole, APPLICATION_NAMES, _HIDDEN)
    return call.one(selected, APPLICATIONS)


def make(call: Call) -> Response:
    """Make an application; whoever makes it is its owner."""
    call.caller.need(EVERY_APP, OWN_APPS)
    sent = dict(call.json) if isinstance(call.json, dict) else call.json
    owners = sent.pop("owners@odata.bind", []) if isinstance(sent, dict) else []
    if not isinstance(owners, list) or not all(isinstance(each, str) for each in owners):
        raise bad("Property owners@odata.bind in payload has a value that does not match schema.")
    body = checked_application(sent, ("displayName",))
    return _made(call, body, tuple(each.rpartition("/")[2] for each in owners))


def _made(call: Call, body: Mapping[str, Any], owners: tuple[str, ...] = (), unique: str | None = None) -> Response:
    if "acceptMappedClaims" in body.get("api", {}) and not call.caller.holds(EVERY_APP):
        # a flaw of the API (azuread's note "API bug 914"): the same value is taken by a PATCH afterwards
        raise DENIED
    directory = call.directory
    unknown = set(owners) - {*directory.people, *directory.all(PRINCIPALS)}
    if unknown:
        raise bad(f"Invalid object reference '{min(unknown)}'.")
    made = {
        "id": call.draw(),
        "appId": call.draw(),
        "createdByAppId": call.caller.app_id,
        "createdDateTime": call.timestamp(),
        "publisherDomain": directory.domain,
    }
    application = merged(call, {**made, **NEW_APPLICATION, "uniqueName": unique}, body)
    # under OwnedBy whoever makes an application could not touch it otherwise
    links = tuple(dict.fromkeys((call.caller.principal, *owners)))
    kept = directory.with_object(APPLICATIONS, application, call.now).with_links(made["id"], OWNERS, links)
    call.keep(kept)
    return call.one(_without_hidden(shown(application)), APPLICATIONS, 201)


def change(call: Call) -> Response:
    """Merge an application with what was sent; by `uniqueName` make it where it is not there and `Prefer` says so."""
    unique = call.parts.get("app_by_uniqueName")
    # the key is looked up where it is written, so an upsert also finds what reads do not show yet
    if unique is not None and call.creates:
        unquoted = unique.replace("''", "'")
        found = call.directory.find(APPLICATIONS, "uniqueName", unquoted)
        call.caller.need(EVERY_APP, OWN_APPS)
        body = checked_application(call.json, ("displayName",))
        return _made(call, body, unique=unquoted) if found is None else _changed(call, found, body)
    return _changed(call, call.application(changes=True), checked_application(call.json))


def _changed(call: Call, found: Representation, body: Mapping[str, Any]) -> Response:
    if not call.caller.holds(EVERY_APP) and call.caller.principal not in call.directory.linked(
        str(found["id"]), OWNERS
    ):
        raise DENIED
    after = merged(call, found, body)
    directory = call.directory.with_object(APPLICATIONS, after, call.now)
    principal = directory.principal_of(after["appId"])
    if principal is not None:
        directory = directory.with_object(PRINCIPALS, {**principal, **followed(after)}, call.now)
    return call.done(directory)


def delete(call: Call) -> Response:
    """Put an application into the bin, and its service principal with it [memory]."""
    found = call.application(changes=True)
    directory = call.directory.binned(APPLICATIONS, str(found["id"]), call.now)
    principal = directory.principal_of(found["appId"])
    if principal is not None:
        directory = directory.binned(PRINCIPALS, str(principal["id"]), call.now)
    return call.done(directory)


def checked_application(sent: object, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the properties that may be written."""
    if isinstance(sent, dict) and "passwordCredentials" in sent:
        raise bad("New password credentials must be generated with service actions.")
    body = checked(sent, APPLICATION, needed)
    if len(body.get("displayName", "")) > LONGEST_NAME:
        raise bad("Property displayName in payload has a value that exceeds its length.")
    if len(body.get("requiredResourceAccess", ())) > MOST_APIS:
        raise bad("Property requiredResourceAccess in payload has more values than allowed.", "Directory_QuotaExceeded")
    for platform in ("web", "spa", "publicClient"):
        _check_redirects((body.get(platform) or {}).get("redirectUris", ()), strict=platform != "publicClient")
    return body


def _check_redirects(uris: list[str] | tuple[str, ...], *, strict: bool) -> None:
    if len(set(uris)) != len(uris):
        raise bad("Request contains a property with duplicate values.")
    for uri in uris:
        if not _is_redirect(uri, strict=strict):
            raise bad("Property redirectUris in payload has a value that does not match schema.", "InvalidReplyUrl")


def _is_redirect(uri: str, *, strict: bool) -> bool:
    try:
        parts = urlsplit(uri)
        local = parts.hostname in _LOCAL
    except ValueError:
        return False
    allowed = not strict or parts.scheme == "https" or (parts.scheme == "http" and local)
    return bool(parts.scheme and allowed and not parts.fragment and len(uri) <= LONGEST_URI)


def merged(call: Call, found: Representation, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an application with what was sent: properties of its parts are merged, lists are replaced whole."""
    _check_enabled(found, body)
    after = _merged(found, body, NEW_APPLICATION)
    after["web"] = {**after["web"], "redirectUriSettings": _mirrored(after["web"]["redirectUris"])}
    if after["optionalClaims"] is not None:
        claims = {**_NO_CLAIMS, **after["optionalClaims"]}
        after["optionalClaims"] = {kind: [{**_CLAIM, **each} for each in claims[kind]] for kind in _NO_CLAIMS}
    if "keyCredentials" in body:
        after["keyCredentials"] = checked_keys(call, found, body["keyCredentials"])
    if after["signInAudience"] in AUDIENCES[2:] and after["api"]["requestedAccessTokenVersion"] != 2:  # noqa: PLR2004  # version 2
        raise bad("Property api.requestedAccessTokenVersion is invalid.")
    return after


def _mirrored(uris: list[str]) -> list[dict[str, Any]]:
    return [{"uri": uri, "index": None} for uri in uris]


def _merged(old: Representation, new: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    after = dict(old)
    for name, value in new.items():
        before, usual = old.get(name), default.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            after[name] = _merged(before, value, usual if isinstance(usual, dict) else {})
        elif value is None and isinstance(usual, dict):
            after[name] = usual
        else:
            after[name] = value
    return after


def _check_enabled(found: Representation, body: Mapping[str, Any]) -> None:
    """Refuse to take away a role or scope that is still on: it has to be switched off first."""
    lists = (
        (found["appRoles"], body.get("appRoles")),
        (found["api"]["oauth2PermissionScopes"], body.get("api", {}).get("oauth2PermissionScopes")),
    )
    for before, after in lists:
        gone = {each["id"] for each in before if each.get("isEnabled", True)}
        if after is not None and gone - {each["id"] for each in after}:
            raise _FIXED


_ONE = "/applications{app}"
ROWS: tuple[Row, ...] = (
    Row("/applications", get=list_all, post=make),
    Row(_ONE, get=read, patch=change, delete=delete),
)

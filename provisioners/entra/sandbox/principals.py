"""Service principals, and the grants by which people or administrators consent to what applications ask of Graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from .building import PRINCIPAL_NAMES, principal_of
from .call import EVERY_APP, OWN_APPS, READS_APPS, Call, Row
from .kinds import GRANT, PRINCIPAL
from .references import OBJECT_NAMES, subject
from .refusals import DENIED, GraphRefusal, bad, missing
from .shapes import checked, guid
from .state import APPLICATIONS, GRANTS, OWNERS, PRINCIPALS, Representation

CONSENTS = "DelegatedPermissionGrant.ReadWrite.All"
READS_GRANTS = (CONSENTS, "DelegatedPermissionGrant.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
WRITES_GRANTS = (CONSENTS, "Directory.ReadWrite.All")
GRANT_NAMES = frozenset({*GRANT, "id"})
LONGEST_SCOPE = 3850
DUPLICATE = GraphRefusal(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.")


def list_all(call: Call) -> Response:
    """Answer a page of service principals."""
    call.caller.need(*READS_APPS)
    seen = (call.directory.seen(PRINCIPALS, key, call.now) for key in call.directory.all(PRINCIPALS))
    page = call.query.page([each for each in seen if each is not None], PRINCIPAL_NAMES, call.address)
    return JSONResponse({**call.context(PRINCIPALS), **page})


def read(call: Call) -> Response:
    """Answer one service principal."""
    found = subject(call)
    call.query.only_selects()
    return call.one(call.query.selected(found, PRINCIPAL_NAMES), PRINCIPALS)


def make(call: Call) -> Response:
    """Make the service principal of an application of this tenant."""
    call.caller.need(EVERY_APP, OWN_APPS)
    body = checked(call.json, {**PRINCIPAL, "appId": guid}, ("appId",))
    app_id = str(body.pop("appId"))
    return _made(call, app_id, body)


def _made(call: Call, app_id: str, body: Mapping[str, Any]) -> Response:
    directory = call.directory
    application = directory.find(APPLICATIONS, "appId", app_id)
    if application is None:
        # applications of other tenants are not here, so nothing else can be meant
        raise bad(
            f"The appId '{app_id}' of the service principal does not reference a valid application object.",
            "NoBackingApplicationObject",
        )
    if directory.principal_of(app_id) is not None:
        words = (
            f"The service principal cannot be created because the service principal name {app_id} is already in use."
        )
        raise GraphRefusal(409, "Request_MultipleObjectsWithSameKeyValue", words)
    owners = directory.linked(str(application["id"]), OWNERS)
    if not call.caller.holds(EVERY_APP) and call.caller.principal not in owners:
        raise DENIED
    made = {**principal_of(application, call.draw(), directory.tenant), "createdByAppId": call.caller.app_id, **body}
    kept = directory.with_object(PRINCIPALS, made, call.now)
    call.keep(kept.with_links(str(made["id"]), OWNERS, (call.caller.principal,)))
    return call.one(made, PRINCIPALS, 201)


def change(call: Call) -> Response:
    """Merge a service principal with what was sent; by `appId` make it where it is not there and `Prefer` says so."""
    call.caller.need(EVERY_APP, OWN_APPS)
    app_id = call.parts.get("principal_by_appId")
    sent = call.json
    if app_id is not None and isinstance(sent, dict) and sent.get("appId") == app_id:
        sent = {name: value for name, value in sent.items() if name != "appId"}
    body = checked(sent, PRINCIPAL)
    if app_id is not None and call.creates and call.directory.principal_of(app_id) is None:
        return _made(call, app_id, body)
    found = subject(call, changes=True)
    return call.done(call.directory.with_object(PRINCIPALS, {**found, **body}, call.now))


def delete(call: Call) -> Response:
    """Put a service principal into the bin; the grants to it go for good."""
    key = str(subject(call, changes=True)["id"])
    directory = call.directory.binned(PRINCIPALS, key, call.now)
    for grant in list(directory.all(GRANTS).values()):
        directory = directory.without(GRANTS, str(grant["id"])) if grant["clientId"] == key else directory
    return call.done(directory)


def owned(call: Call) -> Response:
    """Answer what a service principal owns: the way to one's own applications where listing them all is forbidden."""
    key = str(subject(call)["id"])
    found = [
        {"@odata.type": "#microsoft.graph.application", **each}
        for each in call.directory.all(APPLICATIONS).values()
        if key in call.directory.linked(str(each["id"]), OWNERS)
    ]
    return JSONResponse({**call.context("directoryObjects"), **call.query.page(found, OBJECT_NAMES, call.address)})


def list_grants(call: Call) -> Response:
    """Answer a page of grants, or those of one service principal."""
    call.caller.need(*READS_GRANTS)
    found = list(call.directory.all(GRANTS).values())
    if len(call.parts):
        key = call.named(PRINCIPALS, "principal")["id"]
        found = [each for each in found if each["clientId"] == key]
    if " ne " in call.request.query_params.get("$filter", ""):
        raise bad("Invalid filter clause.")
    return JSONResponse({**call.context(GRANTS), **call.query.page(found, GRANT_NAMES, call.address)})


def make_grant(call: Call) -> Response:
    """Consent for everybody or one person; once for each pair of client and resource."""
    call.caller.need(*WRITES_GRANTS)
    body = checked(call.json, GRANT, ("clientId", "consentType", "resourceId", "scope"))
    _check_grant(call, body)
    made = {"id": call.draw(), "principalId": None, **body}
    for each in call.directory.all(GRANTS).values():
        if all(each[name] == made[name] for name in ("clientId", "resourceId", "consentType", "principalId")):
            raise DUPLICATE
    call.keep(call.directory.with_object(GRANTS, made, call.now))
    return call.one(made, GRANTS, 201)


def _check_grant(call: Call, body: Mapping[str, Any]) -> None:
    for name in ("clientId", "resourceId"):
        if call.directory.seen(PRINCIPALS, body[name], call.now) is None:
            raise missing(body[name])
    if (body["consentType"] == "Principal") != (body.get("principalId") in call.directory.people):
        raise bad("Property principalId in payload does not fit consentType.")
    _check_scope(body["scope"])


def _check_scope(scope: str) -> None:
    if len(scope) > LONGEST_SCOPE:
        raise bad("Property scope in payload exceeds its length.")


def read_grant(call: Call) -> Response:
    """Answer one grant."""
    call.caller.need(*READS_GRANTS)
    found = call.item(GRANTS, call.parts["grant"])
    call.query.only_selects()
    return call.one(call.query.selected(found, GRANT_NAMES), GRANTS)


def change_grant(call: Call) -> Response:
    """Replace the scopes of a grant; nothing else of it can be changed."""
    call.caller.need(*WRITES_GRANTS)
    found: Representation = call.item(GRANTS, call.parts["grant"], changes=True)
    body = checked(call.json, {"scope": GRANT["scope"]}, ("scope",))
    _check_scope(body["scope"])
    return call.done(call.directory.with_object(GRANTS, {**found, **body}, call.now))


def delete_grant(call: Call) -> Response:
    """Take a consent back."""
    call.caller.need(*WRITES_GRANTS)
    found = call.item(GRANTS, call.parts["grant"], changes=True)
    return call.done(call.directory.without(GRANTS, str(found["id"])))


_ONE = "/servicePrincipals{principal}"
ROWS: tuple[Row, ...] = (
    Row("/servicePrincipals", get=list_all, post=make),
    Row(_ONE, get=read, patch=change, delete=delete),
    Row(f"{_ONE}/ownedObjects", get=owned),
    Row(f"{_ONE}/oauth2PermissionGrants", get=list_grants),
    Row("/oauth2PermissionGrants", get=list_grants, post=make_grant),
    Row("/oauth2PermissionGrants/{grant}", get=read_grant, patch=change_grant, delete=delete_grant),
)

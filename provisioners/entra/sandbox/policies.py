"""Policies of the tenant, the organization itself, and the end of somebody's sessions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import JSONResponse, Response

from . import kinds
from .call import READS_APPS, Call, Row
from .refusals import TOO_FAST, bad, missing
from .shapes import Check, checked
from .state import ACCESS_POLICIES, APP_POLICIES, APPLICATIONS, TOKEN_POLICIES, Representation

APP_CONFIGURATION = ("Policy.ReadWrite.ApplicationConfiguration",)
READS_APP_CONFIGURATION = (*APP_CONFIGURATION, "Policy.Read.ApplicationConfiguration", "Policy.Read.All")
ACCESS_CONFIGURATION = ("Policy.ReadWrite.ConditionalAccess",)
READS_ACCESS = (*ACCESS_CONFIGURATION, "Policy.Read.ConditionalAccess", "Policy.Read.All")
ENDS_SESSIONS = ("User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
ACCESS_PATH = "/identity/conditionalAccess/policies"
_SPAN = re.compile(r"(?:([0-9]{1,3})\.)?([0-9]{2}):([0-5][0-9]):([0-5][0-9])")
_SHORTEST, _LONGEST = 600, 86400
_CONDITIONS: Mapping[str, Any] = {"clientAppTypes": ["all"], "applications": None, "users": None}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of policy: what may be written, what must be, and who may read and write. `check` looks at the whole of one."""

    path: str
    collection: str
    fields: Mapping[str, Check]
    needed: tuple[str, ...]
    new: Representation
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    check: Callable[[Representation], None]


def access_token_seconds(definition: list[str]) -> int | None:
    """Return the access token lifetime of a token lifetime policy's definition. Refuses one that cannot be read."""
    try:
        (only,) = definition
        span = json.loads(only)["TokenLifetimePolicy"].get("AccessTokenLifetime")
        match = _SPAN.fullmatch(span) if span is not None else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise bad("Property definition has an invalid value.") from None
    if span is None:
        return None
    if match is None:
        raise bad("Property definition has an invalid value.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _check_lifetime(policy: Representation) -> None:
    seconds = access_token_seconds(policy["definition"])
    if seconds is not None and not _SHORTEST <= seconds <= _LONGEST:
        raise bad("AccessTokenLifetime must be between 10 minutes and 1 day.")


def _check_nothing(_policy: Representation) -> None:
    """A policy about secrets says nothing that contradicts itself."""


def _check_access(policy: Representation) -> None:
    conditions, controls = policy["conditions"], policy["sessionControls"] or {}
    if not conditions.get("applications") or not conditions.get("users"):
        raise bad("1032: ConditionalActionPolicy validation failed due to InvalidConditionsForPolicy.", "BadRequest")
    if not policy["grantControls"] and not controls:
        raise bad("1007: Policy contains no grant or session controls.", "BadRequest")
    frequency = controls.get("signInFrequency") or {}
    timed = frequency.get("frequencyInterval", "timeBased") == "timeBased"
    if frequency.get("isEnabled") and timed and not (frequency.get("type") and frequency.get("value")):
        raise bad("1055: Invalid signInFrequency.", "BadRequest")


TOKEN_KIND = Kind(
    "/policies/tokenLifetimePolicies",
    TOKEN_POLICIES,
    kinds.TOKEN_POLICY,
    ("definition", "displayName"),
    {"deletedDateTime": None, "description": None, "isOrganizationDefault": False},
    READS_APP_CONFIGURATION,
    APP_CONFIGURATION,
    _check_lifetime,
)
APP_KIND = Kind(
    "/policies/appManagementPolicies",
    APP_POLICIES,
    kinds.APP_POLICY,
    ("displayName", "restrictions"),
    {"deletedDateTime": None, "description": None, "isEnabled": True},
    READS_APP_CONFIGURATION,
    APP_CONFIGURATION,
    _check_nothing,
)
ACCESS_KIND = Kind(
    ACCESS_PATH,
    ACCESS_POLICIES,
    kinds.ACCESS_POLICY,
    ("displayName", "state", "conditions"),
    {"deletedDateTime": None, "description": None, "grantControls": None, "sessionControls": None, "templateId": None},
    READS_ACCESS,
    ACCESS_CONFIGURATION,
    _check_access,
)


def _rows(kind: Kind) -> tuple[Row, ...]:
    names = frozenset({*kind.fields, *kind.new, "id", "createdDateTime", "modifiedDateTime"})

    def listed(call: Call) -> Response:
        _admit(call, kind, kind.reads)
        found = call.directory.all(kind.collection).values()
        return JSONResponse({**call.context(kind.collection), **call.query.page(found, names, call.address)})

    def read(call: Call) -> Response:
        _admit(call, kind, kind.reads)
        found = call.item(kind.collection, call.parts["policy"])
        call.query.only_selects()
        return call.one(call.query.selected(found, names), kind.collection)

    def make(call: Call) -> Response:
        _admit(call, kind, kind.writes)
        body = checked(call.json, kind.fields, kind.needed)
        dates = {"createdDateTime": call.timestamp(), "modifiedDateTime": None} if kind is ACCESS_KIND else {}
        made = _completed(kind, {"id": call.draw(), **kind.new, **dates, **body})
        call.keep(call.directory.with_object(kind.collection, made, call.now))
        return call.one(made, kind.collection, 201)

    def change(call: Call) -> Response:
        _admit(call, kind, kind.writes)
        found = call.item(kind.collection, call.parts["policy"], changes=True)
        dates = {"modifiedDateTime": call.timestamp()} if kind is ACCESS_KIND else {}
        after = _completed(kind, {**found, **dates, **checked(call.json, kind.fields)})
        return call.done(call.directory.with_object(kind.collection, after, call.now))

    def delete(call: Call) -> Response:
        _admit(call, kind, kind.writes)
        found = call.item(kind.collection, call.parts["policy"], changes=True)
        return call.done(call.directory.without(kind.collection, str(found["id"])))

    return (
        Row(kind.path, get=listed, post=make),
        Row(f"{kind.path}/{{policy}}", get=read, patch=change, delete=delete),
    )


def _admit(call: Call, kind: Kind, rights: tuple[str, ...]) -> None:
    call.caller.need(*rights)
    if kind is not ACCESS_KIND:
        return
    if call.now < call.directory.access_asked + 1:
        # one request a second for all applications of the tenant, and no word of when to come back
        raise TOO_FAST
    call.keep(replace(call.directory, access_asked=call.now))


def _completed(kind: Kind, policy: dict[str, Any]) -> dict[str, Any]:
    if kind is ACCESS_KIND:
        policy["conditions"] = {**_CONDITIONS, **policy["conditions"]}
    kind.check(policy)
    return policy


def read_default(call: Call) -> Response:
    """Answer the tenant's own policy about credentials."""
    call.caller.need(*READS_APP_CONFIGURATION)
    call.query.only_selects()
    names = frozenset({*kinds.DEFAULT_APP_POLICY, "id", "deletedDateTime"})
    return call.one(call.query.selected(call.directory.default_policy, names), "policies/defaultAppManagementPolicy")


def change_default(call: Call) -> Response:
    """Merge the tenant's own policy about credentials; a part of it is replaced whole."""
    call.caller.need(*APP_CONFIGURATION)
    body = checked(call.json, kinds.DEFAULT_APP_POLICY)
    return call.done(replace(call.directory, default_policy={**call.directory.default_policy, **body}))


def applies_to(call: Call) -> Response:
    """Answer the applications that a token lifetime policy is attached to."""
    call.caller.need(*READS_APP_CONFIGURATION)
    key = str(call.item(TOKEN_POLICIES, call.parts["policy"])["id"])
    found = [
        {"@odata.type": "#microsoft.graph.application", "id": each["id"], "displayName": each["displayName"]}
        for each in call.directory.all(APPLICATIONS).values()
        if key in call.directory.linked(str(each["id"]), TOKEN_POLICIES)
    ]
    page = call.query.page(found, frozenset({"id", "displayName"}), call.address)
    return JSONResponse({**call.context("directoryObjects"), **page})


def _organization(call: Call) -> dict[str, Any]:
    call.caller.need(*READS_APPS, "Organization.Read.All")
    domain = {"name": call.directory.domain, "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline"}
    return {
        "id": call.directory.tenant,
        "deletedDateTime": None,
        "createdDateTime": call.directory.created,
        "displayName": "Contoso",
        "tenantType": "AAD",
        "assignedPlans": [],
        "verifiedDomains": [{**domain, "isDefault": True, "isInitial": True}],
    }


def list_organizations(call: Call) -> Response:
    """Answer the tenant, the only one."""
    found = _organization(call)
    return JSONResponse({**call.context("organization"), **call.query.page([found], frozenset(found), call.address)})


def read_organization(call: Call) -> Response:
    """Answer the tenant."""
    found = _organization(call)
    if call.parts["organization"] != found["id"]:
        raise missing(call.parts["organization"])
    call.query.only_selects()
    return call.one(call.query.selected(found, frozenset(found)), "organization")


def end_sessions(call: Call) -> Response:
    """End every session of a person: all refresh tokens that were issued to them until now."""
    call.caller.need(*ENDS_SESSIONS)
    named = call.parts["user"]
    person = next((each for each in call.directory.people.values() if named in (each.id, each.username)), None)
    if person is None:
        raise missing(named)
    sessions = call.directory.sessions
    families = {
        key: replace(each, ended="revoked") if each.person == person.id else each
        for key, each in sessions.families.items()
    }
    logins = {key: each for key, each in sessions.logins.items() if each.person != person.id}
    call.keep(replace(call.directory, sessions=replace(sessions, families=families, logins=logins)))
    return JSONResponse({**call.context("Edm.Boolean"), "value": True})


ROWS: tuple[Row, ...] = (
    *_rows(TOKEN_KIND),
    *_rows(APP_KIND),
    *_rows(ACCESS_KIND),
    Row("/policies/tokenLifetimePolicies/{policy}/appliesTo", get=applies_to),
    Row("/policies/defaultAppManagementPolicy", get=read_default, patch=change_default),
    Row("/organization", get=list_organizations),
    Row("/organization/{organization}", get=read_organization),
    Row("/users/{user}/revokeSignInSessions", post=end_sessions),
)

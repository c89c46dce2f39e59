"""Secrets and certificates of applications, and the tenant's policies about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from .assertions import is_proof
from .building import SECRET_YEARS
from .call import EVERY_APP, OWN_APPS, Call, Row
from .kinds import AUDIENCES, KEY, PASSWORD
from .refusals import NO_SECRETS, TOO_LONG, GraphRefusal, bad
from .shapes import checked, guid, perhaps, seconds_of, word
from .state import APP_POLICIES, APPLICATIONS, PRINCIPALS, Representation

MOST_OF_PERSONAL = 2
HINT = 3
_YEAR = 365 * 86400
_NO_KEY = bad("No credentials found to be removed.")
_BAD_PROOF = GraphRefusal(401, "Authentication_MissingOrMalformed", "Access Token missing or malformed.")


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _period(call: Call, sent: Mapping[str, Any], years: int) -> tuple[str, str]:
    start = _moment(sent.get("startDateTime") or call.timestamp())
    end = _moment(sent.get("endDateTime") or call.timestamp(start - call.now + years * _YEAR))
    if end <= start:
        raise bad("Key credential end date is invalid.")
    return call.timestamp(start - call.now), call.timestamp(end - call.now)


def restrictions(call: Call, application: Representation, kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield what the policies in force say of an application's `passwordCredentials` or `keyCredentials`."""
    attached = call.directory.linked(str(application["id"]), APP_POLICIES)
    own = [call.directory.all(APP_POLICIES)[key] for key in attached if key in call.directory.all(APP_POLICIES)]
    # a policy of the application's own stands in place of the tenant's
    policy = own[0] if own else call.directory.default_policy
    found = (policy.get("restrictions") if own else policy.get("applicationRestrictions")) or {}
    for each in found.get(kind, ()) if policy["isEnabled"] else ():
        since = each.get("restrictForAppsCreatedAfterDateTime")
        made = _moment(str(application["createdDateTime"]))
        if each.get("state", "enabled") == "enabled" and (since is None or made >= _moment(since)):
            yield each


def _check_policy(
    call: Call, application: Representation, kind: str, period: tuple[str, str], *, own: bool = False
) -> None:
    seconds = _moment(period[1]) - _moment(period[0])
    for each in restrictions(call, application, kind):
        restriction, most = str(each.get("restrictionType")), each.get("maxLifetime")
        if restriction == "passwordAddition" or (own and restriction == "customPasswordAddition"):
            raise NO_SECRETS
        if restriction in ("passwordLifetime", "asymmetricKeyLifetime") and most and seconds > seconds_of(most):
            raise TOO_LONG


def add_password(call: Call) -> Response:
    """Add a secret; its text is in this answer and never again."""
    application = call.application(changes=True)
    sent = call.json
    known = {"passwordCredential": perhaps(lambda value: isinstance(value, dict))}
    wanted = checked((checked({} if sent is None else sent, known)).get("passwordCredential") or {}, PASSWORD)
    period = _period(call, wanted, SECRET_YEARS)
    _check_policy(call, application, "passwordCredentials", period)
    before = application["passwordCredentials"]
    if application["signInAudience"] in AUDIENCES[2:] and len(before) >= MOST_OF_PERSONAL:
        raise bad("The credentials limit has been reached for this application.", "Directory_QuotaExceeded")
    secret = f"{call.draw()[:3]}8Q~{call.draw().replace('-', '')}"[:40]
    made = {
        "customKeyIdentifier": wanted.get("customKeyIdentifier"),
        "displayName": wanted.get("displayName"),
        "endDateTime": period[1],
        "hint": secret[:HINT],
        "keyId": call.draw(),
        "secretText": None,
        "startDateTime": period[0],
    }
    after = {**application, "passwordCredentials": [*before, made]}
    directory = call.directory.with_object(APPLICATIONS, after, call.now).with_secret(str(made["keyId"]), secret)
    call.keep(directory)
    return JSONResponse({**call.context("microsoft.graph.passwordCredential"), **made, "secretText": secret})


def remove_password(call: Call) -> Response:
    """Remove a secret by its keyId."""
    return _removed(call, call.application(changes=True), "passwordCredentials", {"keyId": guid}, APPLICATIONS)


def _removed(call: Call, found: Representation, kind: str, known: Mapping[str, Any], collection: str) -> Response:
    key = checked(call.json, known, tuple(known))["keyId"].lower()
    kept = [each for each in found[kind] if each["keyId"].lower() != key]
    if len(kept) == len(found[kind]):
        raise _NO_KEY
    return call.done(call.directory.with_object(collection, {**found, kind: kept}, call.now))


def checked_keys(call: Call, application: Representation, sent: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the certificates that replace all others; one that is there already may come without itself, by its keyId."""
    before = {each["keyId"]: each for each in application["keyCredentials"]}
    return [_checked_key(call, application, each, before) for each in sent]


def _checked_key(
    call: Call, application: Representation, sent: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    known = before.get(str(sent.get("keyId")))
    if known is not None and not sent.get("key"):
        return {**known, "displayName": sent.get("displayName", known["displayName"])}
    if not sent.get("key") or not sent.get("type") or not sent.get("usage"):
        raise bad("Key credential value is invalid.", "KeyCredentialsInvalid")
    period = _period(call, sent, 1)
    _check_policy(call, application, "keyCredentials", period)
    return {
        "customKeyIdentifier": sent.get("customKeyIdentifier"),
        "displayName": sent.get("displayName"),
        "endDateTime": period[1],
        "key": sent["key"],
        "keyId": sent.get("keyId") or call.draw(),
        "startDateTime": period[0],
        "type": sent["type"],
        "usage": sent["usage"],
    }


def add_key(call: Call) -> Response:
    """Add a certificate with the proof of one that is there; the first one cannot come this way."""
    application = call.application(changes=True)
    known = {"keyCredential": KEY, "passwordCredential": lambda value: value is None, "proof": word}
    sent = checked(call.json, known, ("keyCredential", "proof"))
    _check_proof(call, application, sent["proof"])
    made = _checked_key(call, application, sent["keyCredential"], {})
    after = {**application, "keyCredentials": [*application["keyCredentials"], made]}
    call.keep(call.directory.with_object(APPLICATIONS, after, call.now))
    return JSONResponse({**call.context("microsoft.graph.keyCredential"), **made, "key": None})


def remove_key(call: Call) -> Response:
    """Remove a certificate with the proof of one that is there."""
    application = call.application(changes=True)
    known = {"keyId": guid, "proof": word}
    sent = checked(call.json, known, ("keyId", "proof"))
    _check_proof(call, application, sent["proof"])
    return _removed(call, application, "keyCredentials", known, APPLICATIONS)


def _check_proof(call: Call, application: Representation, proof: str) -> None:
    if not is_proof(proof, application, call.now):
        raise _BAD_PROOF


def add_principal_password(call: Call) -> Response:
    """Add a secret to a service principal. Refused: secrets belong to applications here, and nothing of the tool's asks for this."""
    call.caller.need(EVERY_APP, OWN_APPS)
    call.named(PRINCIPALS, "principal")
    raise bad("Secrets of service principals are not emulated; add them to the application.")


_ONE = "/applications{app}"
ROWS: tuple[Row, ...] = (
    Row(f"{_ONE}/addPassword", post=add_password),
    Row(f"{_ONE}/removePassword", post=remove_password),
    Row(f"{_ONE}/addKey", post=add_key),
    Row(f"{_ONE}/removeKey", post=remove_key),
    Row("/servicePrincipals{principal}/addPassword", post=add_principal_password),
    Row("/servicePrincipals{principal}/removePassword", post=add_principal_password),
)

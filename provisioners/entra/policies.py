"""What the tenant's policies say: which secrets may be made, and our own policies on sign-in frequency and token lifetimes. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...plans.lifetimes import smaller
from ...plans.resources import Fields, Value
from .fields import moment
from .settings import DAY, HOUR

_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")
_UNITS = (365 * DAY, 30 * DAY, 7 * DAY, DAY, HOUR, 60, 1)
_SPAN = re.compile(r"(?:(\d+)\.)?(\d+):(\d\d):(\d\d)(?:\.\d+)?")
FORBIDDEN, LONGEST, LONGEST_CERTIFICATE = "forbidden", "longest", "longestCertificate"
_FORBIDDING = frozenset({"passwordAddition"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What an application may be given. Lifetimes in seconds, None: no limit."""

    forbidden: bool = False
    longest: int | None = None
    longest_certificate: int | None = None


def iso_seconds(text: object) -> int | None:
    """Return the seconds of a duration as ISO 8601 writes it, None for what is none; a month has 30 days, a year 365."""
    found = _ISO.fullmatch(text) if isinstance(text, str) else None
    if found is None or not any(found.groups()):
        return None
    return sum(int(part) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part)


def limits(default: Mapping[str, Any] | None, own: Iterable[Mapping[str, Any]], created: int) -> Limits:
    """Return what counts for an application made at `created`: a policy of its own stands in place of the tenant's."""
    attached = next(iter(own), None)
    policy = default if attached is None else attached
    if not policy or not policy.get("isEnabled"):
        return Limits()
    said = policy.get("applicationRestrictions" if attached is None else "restrictions") or {}
    secrets, certificates = (
        tuple(_counting(said.get(kind), created)) for kind in ("passwordCredentials", "keyCredentials")
    )
    return Limits(
        any(each.get("restrictionType") in _FORBIDDING for each in secrets),
        _shortest(secrets, "passwordLifetime"),
        _shortest(certificates, "asymmetricKeyLifetime"),
    )


def _counting(listed: object, created: int) -> Iterator[Mapping[str, Any]]:
    for each in listed if isinstance(listed, list) else ():
        since = each.get("restrictForAppsCreatedAfterDateTime")
        # whom it exempts cannot be told from here, and may be this tool
        if each.get("excludeActors"):
            continue
        if (each.get("state") or "enabled") == "enabled" and (since is None or created >= moment(since)):
            yield each


def _shortest(listed: Iterable[Mapping[str, Any]], kind: str) -> int | None:
    return smaller(*(iso_seconds(each.get("maxLifetime")) for each in listed if each.get("restrictionType") == kind))


def as_fields(client_id: str, found: Limits) -> Fields:
    """Return limits as fields of the tenant that nobody manages."""
    values = {FORBIDDEN: found.forbidden, LONGEST: found.longest, LONGEST_CERTIFICATE: found.longest_certificate}
    return {f"policy[{client_id}].{name}": value for name, value in values.items()}


def of_fields(client_id: str, tenant: Fields) -> Limits:
    """Return the limits that `as_fields` wrote, none where the policies could not be read."""
    forbidden, longest, certificate = (
        tenant.get(f"policy[{client_id}].{name}") for name in (FORBIDDEN, LONGEST, LONGEST_CERTIFICATE)
    )
    return Limits(forbidden is True, _number(longest), _number(certificate))


def _number(value: Value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def frequency_seconds(policy: Mapping[str, Any]) -> int | None:
    """Return how often a Conditional Access policy wants a sign-in, None where it does not say."""
    found = ((policy.get("sessionControls") or {}).get("signInFrequency")) or {}
    value, unit = found.get("value"), {"hours": HOUR, "days": DAY}.get(str(found.get("type")))
    return value * unit if found.get("isEnabled") and isinstance(value, int) and unit else None


def frequency(seconds: int) -> dict[str, Any]:
    """Return the `sessionControls` of a policy that wants a sign-in this often."""
    value, unit = (seconds // DAY, "days") if seconds % DAY == 0 else (seconds // HOUR, "hours")
    told = {"isEnabled": True, "value": value, "type": unit, "frequencyInterval": "timeBased"}
    return {"signInFrequency": {**told, "authenticationType": "primaryAndSecondaryAuthentication"}}


def applications_of(policy: Mapping[str, Any]) -> frozenset[str]:
    """Return the appIds that a Conditional Access policy names."""
    listed = ((policy.get("conditions") or {}).get("applications") or {}).get("includeApplications") or ()
    return frozenset(map(str, listed))


def conditions(policy: Mapping[str, Any] | None, app_ids: Iterable[str]) -> dict[str, Any]:
    """Return the `conditions` of our policy with these applications; what somebody added to it stays."""
    new = {"clientAppTypes": ["all"], "users": {"includeUsers": ["All"]}}
    there: dict[str, Any] = dict((policy or {}).get("conditions") or new)
    applications = {**(there.get("applications") or {}), "includeApplications": sorted(app_ids)}
    return {name: value for name, value in {**there, "applications": applications}.items() if value is not None}


def lifetime_seconds(policy: Mapping[str, Any]) -> int | None:
    """Return the AccessTokenLifetime of a token lifetime policy, None where it says none."""
    for text in policy.get("definition") or ():
        try:
            said = json.loads(text)["TokenLifetimePolicy"].get("AccessTokenLifetime")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        found = _SPAN.fullmatch(said) if isinstance(said, str) else None
        if found is not None:
            days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
            return days * DAY + hours * HOUR + minutes * 60 + seconds
    return None


def definition(seconds: int) -> list[str]:
    """Return a token lifetime policy's definition: one JSON text in a list."""
    days, rest = divmod(seconds, DAY)
    span = f"{rest // HOUR:02}:{rest % HOUR // 60:02}:{rest % 60:02}"
    said = {"Version": 1, "AccessTokenLifetime": f"{days}.{span}" if days else span}
    return [json.dumps({"TokenLifetimePolicy": said}, separators=(",", ":"))]

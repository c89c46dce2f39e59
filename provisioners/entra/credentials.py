"""Which of an application's secrets or certificates is in service, which must go, and whether a new one is due. Pure.

Entra shows a secret once. Ours carry a mark in their name; the one in service is known by its first three characters, which Entra tells
as `hint`. A secret of ours that is newer than the stored one was made by a run that died before it could be kept: nobody knows it. An
older one was in service before, and stays for the overlap, so that Coder can be restarted in between.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...plans.durations import format_duration
from ...plans.resources import Fields
from .fields import moment

MARK = "oidc-provision"
AFTER = " after "
HINT = 3
_FIELD = "credential["
_HEXADECIMAL = re.compile("[0-9A-Fa-f]{40}")
_SHA1 = 20
NEW = "new, "
"""How a secret that does not exist yet begins in a diff."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One secret or certificate; times are seconds since 1970. `hint` is the first three characters of a secret, "" where not told."""

    key_id: str
    name: str = ""
    hint: str = ""
    start: int = 0
    end: int = 0
    thumbprint: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether this tool made it."""
        return self.name.split(" ")[0] == MARK

    def is_over(self, now: int) -> bool:
        """Tell whether it has ended; one without an end never has."""
        return 0 < self.end <= now

    def ends_within(self, seconds: int, now: int) -> bool:
        """Tell whether it ends within some time; one without an end never does."""
        return 0 < self.end <= now + seconds

    @property
    def follows(self) -> bool:
        """Whether it was made to take another one's place."""
        return self.is_ours and AFTER in self.name

    def succeeds(self, other: Credential) -> bool:
        """Tell whether it was made to take this one's place."""
        return self.is_ours and self.name.endswith(f"{AFTER}{other.key_id[:8]}")

    @property
    def label(self) -> str:
        """How a diff names it: never the secret itself, only what Entra shows to everybody who may read the application."""
        told = f"{self.hint}..., " if self.hint else ""
        until = datetime.fromtimestamp(self.end, UTC).strftime("%Y-%m-%d") if self.end else "no end"
        return f"{self.thumbprint[:8] or self.key_id[:8]} ({told}until {until}{', ours' if self.is_ours else ''})"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the plan says of secrets, in seconds. `before` None: one that ends is not renewed by itself."""

    validity: int
    overlap: int
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided. `orphans` and `lost` are for findings: secrets that nobody knows, and a store that knows none."""

    in_service: Credential | None
    add: bool
    remove: tuple[Credential, ...]
    orphans: tuple[Credential, ...] = ()
    lost: bool = False
    unclear: bool = False
    before: Credential | None = None
    """The one before that stays for the overlap."""
    hurried: Credential | None = None
    """The one before whose overlap is not over, and that goes all the same: there are never more than two."""
    newer: tuple[Credential, ...] = ()
    """Certificates of ours that came after the plan's: nothing tells when Coder stops using them."""


def read(listed: Iterable[Mapping[str, Any]]) -> tuple[Credential, ...]:
    """Return `passwordCredentials` or `keyCredentials` in the order of their beginnings."""
    found = (
        Credential(
            key_id=str(each.get("keyId") or ""),
            name=str(each.get("displayName") or ""),
            hint=str(each.get("hint") or ""),
            start=moment(each.get("startDateTime")),
            end=moment(each.get("endDateTime")),
            thumbprint=thumbprint(each.get("customKeyIdentifier")),
        )
        for each in listed
    )
    return tuple(sorted(found, key=lambda each: (each.start, each.key_id)))


def thumbprint(told: object) -> str:
    """Return a certificate's thumbprint in upper-case hexadecimal: Graph tells it so, or in base64. "" for what is none."""
    if not isinstance(told, str):
        return ""
    if _HEXADECIMAL.fullmatch(told):
        return told.upper()
    try:
        found = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        return ""
    # the portal has kept the descriptions of old secrets in the same place
    return found.hex().upper() if len(found) == _SHA1 else ""


def as_fields(found: Iterable[Credential]) -> Fields:
    """Return credentials as fields that nobody manages, so that deciding has all of them."""
    return {
        # a name may hold anything
        f"{_FIELD}{each.key_id}]": json.dumps([each.name, each.hint, each.start, each.end, each.thumbprint])
        for each in found
    }


def of_fields(fields: Fields) -> tuple[Credential, ...]:
    """Return the credentials that `as_fields` wrote."""
    found = (
        Credential(name.removeprefix(_FIELD)[:-1], *json.loads(str(value)))
        for name, value in fields.items()
        if name.startswith(_FIELD)
    )
    return tuple(sorted(found, key=lambda each: (each.start, each.key_id)))


def decide(found: tuple[Credential, ...], secret: str | None, now: int, terms: Terms, *, rotate: bool) -> Verdict:
    """Return what is to become of secrets; `secret` is what the store holds, None where it is empty."""
    alive, over = _parted(found, now)
    current = _matching(alive, secret)
    # one whose beginning Entra does not tell may be the stored one: then nothing is made anew behind its back
    unclear = current is None and secret is not None and any(not each.hint for each in alive)
    if unclear and not rotate:
        return Verdict(None, add=False, remove=over, unclear=True)
    if current is None:
        return _without_service(alive, over, secret)
    add = rotate or (terms.before is not None and current.ends_within(terms.before, now))
    others = tuple(each for each in alive if each.is_ours and each != current)
    # times are told in whole seconds, so of two in one second the name tells which came after
    orphans = tuple(each for each in others if _came_after(each, current))
    older = tuple(each for each in others if each not in orphans)
    # two may be alive: the one in service, and the one before it or the one after
    before = None if now >= current.start + terms.overlap else _predecessor(current, older)
    kept, hurried = (None, before) if add else (before, None)
    gone = (*over, *orphans, *(each for each in older if each != kept))
    return Verdict(current, add, gone, orphans, before=kept, hurried=hurried)


def _came_after(each: Credential, current: Credential) -> bool:
    # what the name says counts before the clocks, of which Entra's copies have several
    return each.succeeds(current) or (each.start > current.start and not current.succeeds(each))


def decide_certificate(
    found: tuple[Credential, ...], wanted: Credential, now: int, terms: Terms, *, usable: bool
) -> Verdict:
    """Return what is to become of certificates; `wanted` is the plan's, `usable` tells whether it is one that is good now."""
    alive, over = _parted(found, now)
    current = next((each for each in alive if each.thumbprint == wanted.thumbprint), None)
    others = tuple(each for each in alive if each.is_ours and each != current)
    if current is None:
        return Verdict(None, add=usable, remove=over)
    newer = tuple(each for each in others if each.start > current.start)
    due = tuple(each for each in others if each not in newer) if now >= current.start + terms.overlap else ()
    return Verdict(current, add=False, remove=(*over, *due), newer=newer)


def in_service(found: tuple[Credential, ...], secret: str | None, now: int) -> Credential | None:
    """Return the credential that a stored secret belongs to, None where there is none that is good."""
    return _matching(_parted(found, now)[0], secret)


def _parted(found: tuple[Credential, ...], now: int) -> tuple[tuple[Credential, ...], tuple[Credential, ...]]:
    """Those that are good, and those of ours that have ended."""
    alive = tuple(each for each in found if not each.is_over(now))
    return alive, tuple(each for each in found if each.is_ours and each.is_over(now))


def _predecessor(current: Credential, older: tuple[Credential, ...]) -> Credential | None:
    """The one whose place the current one took, by its name; else the last before it."""
    named = current.name.partition(AFTER)[2]
    return next((each for each in older if named and each.key_id.startswith(named)), older[-1] if older else None)


def _matching(alive: tuple[Credential, ...], secret: str | None) -> Credential | None:
    """The newest that begins as the stored secret does, ours before others."""
    fitting = [each for each in alive if secret and each.hint and each.hint == secret[:HINT]]
    return max(fitting, key=lambda each: (each.is_ours, each.start), default=None)


def _without_service(alive: tuple[Credential, ...], over: tuple[Credential, ...], secret: str | None) -> Verdict:
    ours = tuple(each for each in alive if each.is_ours)
    # where the store was lost one of them is in service: the last that took another's place, else the first that was made
    kept = next((each for each in reversed(ours) if each.follows), ours[0] if ours else None)
    gone = tuple(each for each in ours if each != kept)
    return Verdict(None, add=True, remove=(*over, *gone), orphans=ours, lost=secret is not None)


def new_label(terms: Terms, place: str) -> str:
    """Return how a diff shows a secret that will be made."""
    return f"{NEW}for {format_duration(terms.validity)}, kept in {place}"


def name_of_new(run: str, before: Credential | None) -> str:
    """Return the name of a new secret: our mark, the run's own, and the one whose place it takes."""
    return f"{MARK} {run}" + (f"{AFTER}{before.key_id[:8]}" if before is not None else "")

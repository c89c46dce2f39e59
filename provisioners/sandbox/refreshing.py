"""When a refresh token comes, how long it is good for, and what its second use does: rules as data, judged by pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

Issue = Literal["always", "offline", "consent", "never"]
"""Whether every sign-in gets a refresh token, only one that asked for offline access, only one with `access_type=offline` for which the
person has just consented (Google), or none."""
Renewal = Literal["always", "same", "never"]
"""Whether a refresh brings a new refresh token, the same one again (Duende's ReUse), or none, so that the old one stays (Google)."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh token is for one use, `max_reuse` more, or any number within `grace` seconds after its first.

    Where a use beyond that is seen, the newest token of the family dies too if `ends_family`.
    """

    grace: int = 0
    max_reuse: int = 0
    ends_family: bool = True


@dataclass(frozen=True, slots=True)
class RefreshRules:
    """The rules for one kind of session of one application; seconds, None means no limit.

    `idle` and `maximum` are what the server keeps to; `advertised_idle` is what it writes into the token, None for no `exp` at all.
    """

    issue: Issue = "always"
    rotation: Rotation | None = None
    idle: int | None = None
    maximum: int | None = None
    advertised_idle: int | None = None
    access: int = 300
    renewal: Renewal = "always"
    interval: int = 0
    """Seconds that a refresh token must be old before a refresh brings a new one (PingFederate's rolling interval)."""
    most: int | None = None
    """How many families one person may have at one application: the oldest ends (Google: 100)."""


@dataclass(frozen=True, slots=True)
class Use:
    """How often a refresh token was used, and when first."""

    count: int
    first: int


@dataclass(frozen=True, slots=True)
class Family:
    """All tokens of one sign-in at one application. Times in seconds since 1970."""

    id: str
    login: str
    app: str
    person: str
    scopes: tuple[str, ...]
    offline: bool
    started: int
    last_used: int
    nonce: str = ""
    issued: bool = True
    """Whether its sign-in was one that gets a refresh token."""
    uses: Mapping[str, Use] = field(default_factory=dict)
    ended: str = ""
    """Why it is over, "" while it is not: reused, revoked or signed out."""


class Verdict(Enum):
    """What a refresh token is good for."""

    GOOD = "good"
    IDLE = "unused for too long"
    OVER = "its time is over"
    ENDED = "ended"
    REUSED = "used before"


def judge(family: Family, token: str, rules: RefreshRules, now: int) -> Verdict:
    """Return what the token of this family is good for now; changes nothing."""
    if family.ended:
        return Verdict.ENDED
    # the maximum before the idle time: it is over for good, whatever was used in between
    if rules.maximum is not None and now >= family.started + rules.maximum:
        return Verdict.OVER
    if rules.idle is not None and now >= family.last_used + rules.idle:
        return Verdict.IDLE
    used = family.uses.get(token)
    # a token that was issued before rotation was switched on has no uses yet, and falls under it from its next use on
    if rules.rotation is None or used is None or used.count <= rules.rotation.max_reuse:
        return Verdict.GOOD
    return Verdict.GOOD if now < used.first + rules.rotation.grace else Verdict.REUSED


def used(family: Family, token: str, rules: RefreshRules, now: int, *, replaced: bool = True) -> Family:
    """Return the family after a good use. Uses are counted only while rotation is on, and from the one that brought a new token."""
    counted = family.uses
    if rules.rotation is not None and replaced:
        before = family.uses.get(token, Use(0, now))
        counted = {**family.uses, token: replace(before, count=before.count + 1)}
    return replace(family, last_used=now, uses=counted)


def reused(family: Family, rules: RefreshRules) -> Family:
    """Return the family after a use too many was seen."""
    # the newest token dies with it: whoever holds it may be the thief, and nobody can tell
    ends = rules.rotation is not None and rules.rotation.ends_family
    return replace(family, ended="reused") if ends else family


def access_lifetime(family: Family, rules: RefreshRules, now: int) -> int:
    """Return the seconds of a new access token: it does not outlive the session's maximum."""
    return rules.access if rules.maximum is None else min(rules.access, family.started + rules.maximum - now)


def token_lifetime(family: Family, rules: RefreshRules, now: int) -> int | None:
    """Return the seconds that a new refresh token says it is good for; None where it says nothing."""
    # Keycloak leaves `exp` out of offline tokens while the realm has no maximum, and still ends them when idle
    if rules.advertised_idle is None:
        return None
    return (
        rules.advertised_idle
        if rules.maximum is None
        else min(rules.advertised_idle, family.started + rules.maximum - now)
    )


def is_issued(rules: RefreshRules, *, offline: bool, asked_offline: bool, consented: bool) -> bool:
    """Tell whether a sign-in gets a refresh token; `asked_offline` is `access_type=offline`, `consented` that the person was just asked."""
    if rules.issue == "consent":
        return asked_offline and consented
    return rules.issue == "always" or (rules.issue == "offline" and offline)


def is_renewed(rules: RefreshRules, issued: int, now: int) -> bool:
    """Tell whether a refresh brings a new token in place of one that was issued then."""
    return rules.renewal == "always" and now >= issued + rules.interval


def crowded_out(families: Iterable[Family], new: Family, rules: RefreshRules) -> tuple[Family, ...]:
    """Return the oldest families of the same person and application that must end to make room for a new one."""
    if rules.most is None:
        return ()
    alike = [each for each in families if (each.app, each.person) == (new.app, new.person) and not each.ended]
    ordered = sorted(alike, key=lambda each: each.started)
    return tuple(replace(each, ended="crowded out") for each in ordered[: max(0, len(ordered) + 1 - rules.most)])

"""When somebody is signed out: Coder's ways and an identity provider's lifetimes, played through second by second. Pure.

Facts (Coder, 2.1): a refresh happens at a request after the access token has ended, never in the background; Coder's own session key must be
valid as well, and is prolonged by use, at most once an hour. Times are seconds since the sign-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from .lifetimes import CODER_SESSION_DEFAULT, EARLY_REFRESH, LifetimeRules, smaller

HOUR = 3600
DAY = 24 * HOUR
PROLONGED = HOUR
"""Coder prolongs a session key at most this often."""
WORKDAY = 8 * HOUR
EVERY = 300
"""A request every five minutes: an open dashboard makes more."""
HORIZON = 400


class Reason(StrEnum):
    """What ends a sign-in."""

    SESSION = "Coder's session ended"
    IDLE = "the refresh token was unused for too long"
    MAXIMUM = "the sign-in reached its maximum"
    NO_REFRESH = "there is no refresh token, and the access token ended"


@dataclass(frozen=True, slots=True)
class SignOut:
    """From which second on, and why."""

    at: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides: the identity provider's lifetimes and Coder's session, in seconds."""

    tokens: LifetimeRules
    session: int = CODER_SESSION_DEFAULT

    @property
    def access(self) -> int:
        """The seconds of an access token; 0 where it is not known, so that every request refreshes."""
        return self.tokens.access or 0


@dataclass(frozen=True, slots=True)
class _Standing:
    """Somebody's sign-in at one moment."""

    access_ends: int
    refreshed: int = 0
    prolonged: int = 0


def signed_out(rules: Rules, moments: Iterable[int]) -> SignOut | None:
    """Return when somebody who signs in at 0 and makes a request at each of these moments is signed out; None: at none of them."""
    now = _Standing(_access_end(rules, 0))
    for moment in moments:
        found = _at(rules, now, moment)
        if isinstance(found, SignOut):
            return found
        now = found
    return None


def _at(rules: Rules, now: _Standing, moment: int) -> _Standing | SignOut:
    # the first of several ends counts, whether somebody was there to notice it or not; of two at once Coder looks at its own key first
    ends = sorted(_ends(rules, now), key=lambda end: end.at)
    if ends and moment >= ends[0].at:
        return ends[0]
    if moment >= now.access_ends:
        now = replace(now, access_ends=_access_end(rules, moment), refreshed=moment)
    return replace(now, prolonged=moment) if moment >= now.prolonged + PROLONGED else now


def _ends(rules: Rules, now: _Standing) -> Iterator[SignOut]:
    """Yield from which second on a request would be turned away, if none were made until then, and why."""
    tokens, ends = rules.tokens, now.access_ends
    yield SignOut(now.prolonged + rules.session, Reason.SESSION)
    if not tokens.issues:
        yield SignOut(ends, Reason.NO_REFRESH)
        return
    # until the access token ends nobody asks for a refresh; the maximum comes first, as it is over for good
    if tokens.maximum is not None:
        yield SignOut(max(ends, tokens.maximum), Reason.MAXIMUM)
    if tokens.idle is not None:
        yield SignOut(max(ends, now.refreshed + tokens.idle), Reason.IDLE)


def _access_end(rules: Rules, moment: int) -> int:
    """No access token outlives the maximum."""
    return smaller(moment + rules.access, rules.tokens.maximum) or 0


@dataclass(frozen=True, slots=True)
class Away:
    """How long an absence may be: below `safe` everybody stays signed in, from `sure` on nobody does. None: there is no such limit.

    In between it depends on when the last refresh was, and when Coder last prolonged its session.
    """

    safe: int | None
    sure: int | None


def bounds(rules: Rules) -> Away:
    """Return how long an absence may be, whatever was before it; a maximum counts from the sign-in and is not looked at here."""
    tokens = rules.tokens
    session = max(0, rules.session - PROLONGED), rules.session
    if not tokens.issues:
        return Away(0, smaller(rules.session, rules.access))
    if tokens.idle is None:
        return Away(*session)
    # the last refresh was up to an access token's life before the last request
    return Away(
        smaller(session[0], max(0, tokens.idle - rules.access)), smaller(session[1], max(tokens.idle, rules.access))
    )


@dataclass(frozen=True, slots=True)
class Scenario:
    """A way to use Coder: the moments of use, and where an absence begins and ends (0, 0: there is none)."""

    name: str
    moments: tuple[int, ...]
    left: int = 0
    back: int = 0

    @property
    def ends(self) -> int:
        """The last moment."""
        return self.moments[-1] if self.moments else 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario comes to; `out` None: signed in at its end."""

    scenario: Scenario
    out: SignOut | None


def workdays(first: int, last: int, every: int = EVERY) -> Iterator[int]:
    """Yield the moments of use on the working days from day `first` to day `last`; day 0 is a Monday, its 9:00 the moment 0."""
    for day in range(first, last + 1):
        if day % 7 < 5:  # noqa: PLR2004  # Monday to Friday
            yield from range(day * DAY, day * DAY + WORKDAY + 1, every)


def scenarios(horizon: int = HORIZON) -> tuple[Scenario, ...]:
    """Return what a forecast plays through: daily work for `horizon` days, and a week's work with an absence after it."""
    daily = Scenario("works daily", tuple(workdays(0, horizon)))
    return (
        daily,
        *(_away(name, weeks) for name, weeks in (("away a weekend", 0), ("away a fortnight", 2), ("away a month", 4))),
    )


def _away(name: str, weeks: int) -> Scenario:
    back = (7 + 7 * weeks) * DAY
    left = 4 * DAY + WORKDAY
    return Scenario(name, (*workdays(0, 4), *range(back, back + WORKDAY + 1, EVERY)), left, back)


def forecast(rules: Rules, horizon: int = HORIZON) -> tuple[Outcome, ...]:
    """Return what comes of each scenario."""
    return tuple(Outcome(scenario, signed_out(rules, scenario.moments)) for scenario in scenarios(horizon))


@dataclass(frozen=True, slots=True)
class Builds:
    """How refreshes meet workspace builds. `refreshes_always`: each build refreshes; `races`: two at once can sign somebody out."""

    early: int
    refreshes_always: bool
    races: bool


def builds(rules: Rules, *, early: bool) -> Builds:
    """Return what workspace builds do to tokens; `early` where Coder refreshes ten minutes before the end (2.31 and newer)."""
    ahead = EARLY_REFRESH if early else 0
    tokens = rules.tokens
    one_use = tokens.issues and tokens.rotates and tokens.reuses == 0 and tokens.grace == 0
    return Builds(ahead, rules.tokens.access is not None and rules.access <= ahead, one_use)

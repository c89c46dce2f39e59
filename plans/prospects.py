"""A forecast for one plan, as a value to render: what counts and where it comes from, what a user meets, what builds do."""

from __future__ import annotations

from dataclasses import dataclass

from .forecasting import Away, Builds, Outcome, Rules, bounds, builds, forecast
from .lifetimes import CODER_SESSION_DEFAULT, Lifetimes
from .model import Plan
from .versions import EARLY_REFRESH_SINCE


@dataclass(frozen=True, slots=True)
class Limit:
    """One lifetime: seconds (None: no limit, or not known where `known` is False) and where it comes from."""

    name: str
    seconds: int | None
    source: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Prospect:
    """Everything that a forecast says of one plan."""

    client: str
    where: str
    limits: tuple[Limit, ...]
    outcomes: tuple[Outcome, ...]
    away: Away
    builds: Builds
    known: bool = True
    assumed: bool = False
    """Whether nobody was asked, so that a limit beyond the plan's own may hold."""


def prospect(plan: Plan, where: str, lifetimes: Lifetimes, *, assumed: bool = False) -> Prospect:
    """Return the forecast; a version of Coder that is not stated counts as a new one."""
    session = plan.coder.session_duration or CODER_SESSION_DEFAULT
    rules = Rules(lifetimes.rules, session)
    early = plan.coder.version is None or plan.coder.version >= EARLY_REFRESH_SINCE
    return Prospect(
        plan.client.id,
        where,
        limits_of(plan, lifetimes, session, assumed=assumed),
        forecast(rules),
        bounds(rules),
        builds(rules, early=early),
        (lifetimes.rules.known or assumed) and lifetimes.rules.access is not None,
        assumed,
    )


def limits_of(plan: Plan, lifetimes: Lifetimes, session: int, *, assumed: bool) -> tuple[Limit, ...]:
    """Return every lifetime that decides, with its source."""
    tokens, sources = lifetimes.rules, lifetimes.sources
    known = tokens.known or assumed
    stated = plan.coder.session_duration is not None
    return (
        Limit("access token", tokens.access, sources.get("access", ""), tokens.access is not None),
        Limit("refresh token, unused", tokens.idle, sources.get("idle", ""), known),
        Limit("refresh token, in all", tokens.maximum, sources.get("maximum", ""), known),
        Limit(
            "Coder's session",
            session,
            "plan: coder.session_duration" if stated else "Coder's default, as the plan states none",
        ),
    )

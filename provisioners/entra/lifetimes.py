"""How long Entra's tokens last. Nobody can set it, but a callback under `spa` ends everything after 24 hours. Pure."""

from __future__ import annotations

from ...plans.lifetimes import LifetimeRules, Lifetimes
from ...plans.model import Plan
from ...plans.resources import Fields, Live
from .fields import SPA, client_address, members
from .settings import DAY
from .wants import desired

IDLE = 90 * DAY
"""A refresh token that is not used for so long is over (refresh-tokens)."""
SINGLE_PAGE = DAY
ACCESS = 75 * 60
"""The mean of 60 to 90 minutes, drawn anew for each token (configurable-token-lifetimes)."""


def effective(plan: Plan, application: Fields) -> LifetimeRules:
    """Return the lifetimes that count for the plan's application: whose callback is not Coder's is nobody's affair."""
    single = plan.coder.callback in members(application.get(SPA))
    return LifetimeRules(access=ACCESS, idle=IDLE, maximum=SINGLE_PAGE if single else None, rotates=False)


def lifetimes(plan: Plan, live: Live) -> Lifetimes:
    """Return the lifetimes that count once the plan is applied, each with where it comes from."""
    address = client_address(plan.client.id)
    fields, wants = live.get(address, {}), desired(plan, live).get(address, {})
    after = {**fields, **{name: want.settle(fields.get(name)) for name, want in wants.items()}}
    rules = effective(plan, after)
    return Lifetimes(
        rules,
        {
            "access": "Entra: 60 to 90 minutes, drawn anew for each token; nobody can set it",
            "idle": "Entra: 90 days without use; nobody can set it",
            "maximum": "no limit is set" if rules.maximum is None else "Entra: the callback is registered under `spa`",
            "rotation": "Entra: a used refresh token stays good",
        },
    )

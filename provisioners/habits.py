"""What verify, forecast and doctor must know of an identity provider beyond the standards. Each kind's package has one as `HABITS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..plans.diff import Change
from ..plans.lifetimes import Lifetimes
from ..plans.meanings import Meaning
from ..plans.model import Plan
from ..plans.resources import Address, Live


@dataclass(frozen=True, slots=True)
class Wishes:
    """What Coder asks this identity provider for, as far as a plan alone tells."""

    scopes: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)


def no_refusal(_address: str) -> None:
    """Say of every address that it tells no refusal."""


def _stated_id(plan: Plan, _live: Live) -> str:
    return plan.client.id


@dataclass(frozen=True, slots=True)
class Habits:
    """A vendor's ways; all functions are pure.

    `part` names which part of a sign-in (`plans.steps.PARTS`) a wrong field breaks, "" for none. `fixes` says how a part is mended in a plan.
    `with_redirects` returns the change after which these of our temporary redirect URIs are allowed and no others; a change of None: nothing
    to do. Without the function nobody but a person can register a redirect URI here.
    `silent` are scopes that this vendor's answers do not name although they were granted, `scope_names` what they may call a scope instead.
    `revokes_grant`: to revoke one token ends all that the person has at the client, Coder's own session as well.
    `refusal_at` returns error and description that the address of the vendor's own error page tells, None for an address that tells none.
    `client_id` returns the id that Coder shows, "" where the vendor draws it and neither plan nor live state tells it.
    """

    wishes: Callable[[Plan], Wishes]
    lifetimes: Callable[[Plan, Live], Lifetimes]
    part: Callable[[Address, str], str]
    with_redirects: Callable[[Plan, Live, frozenset[str]], Change | None] | None = None
    meanings: tuple[Meaning, ...] = ()
    hosts: frozenset[str] = frozenset()
    fixes: Mapping[str, str] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    scope_names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    revokes_grant: bool = False
    refusal_at: Callable[[str], tuple[str, str] | None] = no_refusal
    client_id: Callable[[Plan, Live], str] = _stated_id

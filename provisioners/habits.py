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


@dataclass(frozen=True, slots=True)
class Habits:
    """A vendor's ways; all functions are pure.

    `part` names which part of a sign-in (`plans.steps.PARTS`) a wrong field breaks, "" for none. `fixes` says how a part is mended in a plan.
    `silent` are scopes that this vendor's answers do not name although they were granted.
    `with_redirects` returns the change after which these of our temporary redirect URIs are allowed and no others; None: nothing to do.
    """

    wishes: Callable[[Plan], Wishes]
    lifetimes: Callable[[Plan, Live], Lifetimes]
    part: Callable[[Address, str], str]
    with_redirects: Callable[[Plan, Live, frozenset[str]], Change | None]
    meanings: tuple[Meaning, ...] = ()
    hosts: frozenset[str] = frozenset()
    fixes: Mapping[str, str] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()

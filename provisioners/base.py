"""What an identity provider's folder must bring: one object that reads, one that decides nothing by itself, and who opens it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from ..plans.coder_env import CoderEnv
from ..plans.diff import Change
from ..plans.findings import Finding
from ..plans.model import Plan
from ..plans.redaction import Redactor
from ..plans.references import SecretReference
from ..plans.resources import Desired, Live
from ..plans.sealed import Sealed
from ..plans.steps import Step
from .clock import Clock

if TYPE_CHECKING:
    from httpx import AsyncClient


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one change: the steps that were done, in the vendor's words, and a secret that is `shown` this once and never again."""

    done: tuple[str, ...] = ()
    shown: Sealed | None = None


class Provisioner(Protocol):
    """One target of one identity provider. Only `apply` and `confirm_rights` write."""

    async def preflight(self, plans: Sequence[Plan], *, writing: bool) -> tuple[Finding, ...]:
        """Return an error finding for each right that is missing, naming the role to grant. Signs in."""
        ...

    async def read(self, plans: Sequence[Plan], given: Awaitable[Live], *, writing: bool) -> Live:
        """Return what exists at the target, for all clients wanted there at once. Raises Refused where rights turn out to be missing.

        `given` is what the plans' references and stores hold; it is resolved meanwhile, may be awaited more than once, and need not be.
        """
        ...

    def desired(self, plan: Plan, live: Live, *, rotate: bool) -> Desired:
        """Return what the plan wants, field by field: at the target, and of the store that keeps the client's secret. Pure."""
        ...

    def arrange(self, changes: tuple[Change, ...], live: Live) -> tuple[Change, ...]:
        """Return the changes with their dependencies, split where the server demands an order. Pure."""
        ...

    def check(self, plan: Plan, live: Live, changes: tuple[Change, ...]) -> tuple[Finding, ...]:
        """Return the vendor's judgements about plan and live state. Pure."""
        ...

    async def confirm_rights(self, changes: tuple[Change, ...]) -> None:
        """Try first what only a write can show. Raises Refused naming the role; changes nothing."""
        ...

    async def apply(self, change: Change, live: Live) -> Outcome:
        """Make one change. Safe to repeat; raises a ProvisionError that says what was done."""
        ...

    def coder_env(self, plan: Plan, live: Live) -> CoderEnv:
        """Return the settings for Coder. Raises Failed where the client does not exist."""
        ...

    def adopt(self, plan: Plan, live: Live) -> Mapping[str, object]:
        """Return the smallest plan data for the live client of `plan`, so that planning it finds nothing."""
        ...

    async def confirm(self, plan: Plan, live: Live) -> tuple[Step, ...]:
        """Return the vendor's own evidence that refresh tokens are issued and sessions live. Only reads."""
        ...

    def offline_access(self, change: Change) -> tuple[bool, bool]:
        """Tell whether users get refresh tokens that last: before the change, and after it."""
        ...


def never() -> bool:
    """Tell that it is not so."""
    return False


def endless() -> float:
    """Return the time that a run without a deadline has."""
    return inf


def unheard(_said: object) -> None:
    """Hear nothing."""


Close = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provisioner is handed for one run: the HTTP client on our transport, secrets, time.

    `kept` is what the targets of one kind share during the run, such as a sign-in. `is_crowded` tells whether there are more targets
    than places in flight: then every request is waited for, where otherwise only round trips are.

    The last three are for a kind that asks something else than HTTP, whose transport does the same by itself: `defer` takes what is to be
    called when the run ends, `seconds_left` is the time until the run's deadline, `count` adds a request of some shape to those that are told.
    """

    http: AsyncClient
    fetch_json: Callable[[str], Awaitable[object]]
    resolve: Callable[[SecretReference, str], Awaitable[Sealed]]
    redactor: Redactor
    clock: Clock
    kept: dict[Hashable, Any] = field(default_factory=dict)
    is_crowded: Callable[[], bool] = never
    defer: Callable[[Close], None] = unheard
    seconds_left: Callable[[], float] = endless
    count: Callable[[str], None] = unheard


@dataclass(frozen=True, slots=True)
class HttpRules:
    """What the transport must know of a vendor: which writes may be sent twice, and how paths are counted."""

    repeatable: Callable[[str, str], bool]
    name_path: Callable[[str], str]

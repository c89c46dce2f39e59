"""A stranger's identity provider, written against the `Provisioner` protocol alone: tenants in memory, with faults to switch on.

Its clients have three fields: `lifetime`, `refresh` and `secret`. A tenant has one: `region`, shared by its clients.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from oidc_provision.plans.client_secret import secret_want, store_desired
from oidc_provision.plans.coder import base_env
from oidc_provision.plans.coder_env import CoderEnv
from oidc_provision.plans.diff import Action, Change
from oidc_provision.plans.errors import Failed, ProvisionError, Refused, RemoteFailure, SecretFailure
from oidc_provision.plans.findings import Finding, Rule, Severity
from oidc_provision.plans.lifetimes import LifetimeRules, Lifetimes
from oidc_provision.plans.load import Deployment, load
from oidc_provision.plans.model import Plan, PlanKind, ProviderSettings, SharedSettings
from oidc_provision.plans.resources import Address, Desired, Exactly, Fields, Live, Target, Want
from oidc_provision.plans.sealed import Sealed
from oidc_provision.plans.steps import PARTS, Step, ok
from oidc_provision.provisioners.base import HttpRules, Outcome, Surroundings, endless, unheard
from oidc_provision.provisioners.habits import Habits, Wishes

MISSING = Rule("stranger-missing-right", Severity.ERROR, "a right is missing", "Nothing can be written without it.")
ODD = Rule("stranger-odd", Severity.WARNING, "something is odd", "It was seen once.")


class StrangerSettings(ProviderSettings):
    type: Literal["stranger"] = Field(description="Which kind of identity provider this is.")
    tenant: str = Field(description="The tenant.")
    one_per_target = ()

    def target(self, near: str) -> Target:
        return Target("tenant", self.tenant)

    def issuer(self) -> str:
        return f"https://{self.tenant}.stranger.example"


class StrangerShared(SharedSettings):
    region: str | None = Field(default=None, description="Where the tenant lives.")


KIND = PlanKind(settings=StrangerSettings, shared=StrangerShared)
RULES = (MISSING, ODD)
EXAMPLE = Path(__file__).with_name("stranger.yaml")
ASKS: Mapping[str, str] = {"tenant": "Tenant"}
HTTP = HttpRules(repeatable=lambda _method, _path: False, name_path=lambda path: path)
HABITS = Habits(
    wishes=lambda _plan: Wishes(("openid", "offline_access")),
    lifetimes=lambda plan, _live: Lifetimes(LifetimeRules(access=plan.access_tokens.lifetime), {"access": "the plan"}),
    part=lambda _address, field: field if field in PARTS else "",
    with_redirects=lambda _plan, _live, _uris: None,
)


@dataclass
class Tenant:
    """What a tenant holds, what it was asked, and how it misbehaves."""

    clients: dict[str, dict[str, Any]] = field(default_factory=dict)
    region: str = "here"
    log: list[str] = field(default_factory=list)
    refused: str = ""
    unreachable: bool = False
    failing: frozenset[str] = frozenset()
    complaint: str = "was refused"
    deaf: frozenset[str] = frozenset()
    manual: frozenset[str] = frozenset()
    bugs: Mapping[str, BaseException] = field(default_factory=dict)
    """Exceptions that are none of ours, by the method that raises them, or the change as `apply coder`."""
    by_hand: bool = False
    """It has no API: a client is there when its plan's reference gives what a person downloaded."""
    fixed_secrets: bool = False
    """The secret of a client cannot be replaced."""
    before_write: Callable[[str], None] = field(default=lambda _name: None)
    shows_once: str = ""
    """A secret that it makes by itself and shows in the answer alone; "" for a tenant that takes ours."""
    closed: int = 0
    under_way: int = 0
    most_under_way: int = 0

    def stumble(self, where: str) -> None:
        if where in self.bugs:
            raise self.bugs[where]

    async def close(self) -> None:
        self.closed += 1
        self.stumble("close")

    @property
    def writes(self) -> list[str]:
        return [line for line in self.log if line.startswith(("create", "update", "set"))]


def client_address(plan: Plan) -> Address:
    return Address("client", plan.client.id)


class StrangerProvisioner:
    def __init__(
        self,
        name: str,
        tenant: Tenant,
        count: Callable[[str], None] = unheard,
        seconds_left: Callable[[], float] = endless,
    ) -> None:
        self._name = name
        self._tenant = tenant
        self._count = count
        self._seconds_left = seconds_left

    def _ask(self, kind: str) -> None:
        if self._seconds_left() <= 0:
            raise RemoteFailure("the run's deadline is over", where=self._name)
        self._count(kind)

    async def preflight(self, plans: Sequence[Plan], *, writing: bool) -> tuple[Finding, ...]:
        self._tenant.log.append("preflight")
        if not self._tenant.refused:
            return ()
        return (MISSING.finding(self._tenant.refused, fix="grant it", where=self._name),)

    async def read(self, plans: Sequence[Plan], given: Awaitable[Live], *, writing: bool) -> Live:
        self._ask("READ tenant")
        self._tenant.log.append("read")
        self._tenant.stumble("read")
        if self._tenant.unreachable:
            raise RemoteFailure("the tenant does not answer", where=self._name)
        found: dict[Address, Fields] = {Address("tenant", self._name): {"region": self._tenant.region}}
        if self._tenant.by_hand:
            downloaded = {a.name: fields["value"] for a, fields in (await given).items() if a.kind == "given"}
            return found | {
                Address("client", name): {"refresh": True, "secret": downloaded[name]} for name in downloaded
            }
        return found | {Address("client", name): dict(fields) for name, fields in self._tenant.clients.items()}

    def desired(self, plan: Plan, live: Live, *, rotate: bool) -> Desired:
        self._tenant.stumble("desired")
        if rotate and self._tenant.fixed_secrets:
            raise Refused("the secret cannot be replaced here", where=self._name, fix="make a new client")
        address = client_address(plan)
        wants: dict[str, Want] = {"refresh": Exactly(True), "secret": secret_want(plan, live, address, rotate=rotate)}
        if plan.access_tokens.stated("lifetime"):
            wants["lifetime"] = Exactly(plan.access_tokens.lifetime)
        region = plan.shared.region if isinstance(plan.shared, StrangerShared) else None
        shared: Desired = {} if region is None else {Address("tenant", self._name): {"region": Exactly(region)}}
        if self._tenant.shows_once:
            del wants["secret"]
            return {address: {**wants, "key": Exactly("ours")}, **shared}
        return {address: wants, **store_desired(plan, live, address, rotate=rotate), **shared}

    def arrange(self, changes: tuple[Change, ...], live: Live) -> tuple[Change, ...]:
        """Stores, then the tenant, then clients."""
        self._tenant.stumble("arrange")
        tenant = frozenset(change.key for change in changes if change.address.kind == "tenant")
        keys = {change.key for change in changes}

        def placed(change: Change) -> Change:
            if change.address.kind != "client":
                return change
            store = f"store/{change.address.name}"
            waits = tenant | (frozenset({store}) if store in keys else frozenset())
            manual = "open the console" if change.address.name in self._tenant.manual else ""
            return replace(change, depends_on=waits, manual=manual)

        return tuple(placed(change) for change in changes)

    def check(self, plan: Plan, live: Live, changes: tuple[Change, ...]) -> tuple[Finding, ...]:
        self._tenant.stumble("check")
        odd = live[Address("tenant", self._name)]["region"] == "nowhere"
        return (ODD.finding("the tenant is nowhere", where=self._name),) if odd else ()

    async def confirm_rights(self, changes: tuple[Change, ...]) -> None:
        self._tenant.log.append("confirm")
        self._tenant.stumble("confirm_rights")

    async def apply(self, change: Change, live: Live) -> Outcome:
        name = change.address.name
        self._ask(f"WRITE {change.address.kind}")
        self._tenant.before_write(name)
        self._tenant.under_way += 1
        self._tenant.most_under_way = max(self._tenant.most_under_way, self._tenant.under_way)
        for _ in range(5):  # a signal is heard some turns of the loop after it came
            await asyncio.sleep(0)
        self._tenant.under_way -= 1
        self._tenant.stumble(f"apply {name}")
        if name in self._tenant.failing:
            raise Failed(f"`{name}` {self._tenant.complaint}", where=self._name)
        self._write(change, name)
        shown = self._tenant.shows_once if any(edit.field == "key" for edit in change.edits) else ""
        return Outcome(("written",), Sealed(shown) if shown else None)

    def _write(self, change: Change, name: str) -> None:
        if change.address.kind == "tenant":
            self._tenant.log.append(f"set {name}")
            self._tenant.region = str(change.after["region"])
            return
        self._tenant.log.append(f"{'create' if change.action is Action.CREATE else 'update'} {name}")
        heard = {edit.field: edit.after for edit in change.edits if name not in self._tenant.deaf}
        self._tenant.clients.setdefault(name, {}).update(heard)

    def coder_env(self, plan: Plan, live: Live) -> CoderEnv:
        client = live.get(client_address(plan))
        if client is None:
            raise Failed(f"client `{plan.client.id}` does not exist")
        secret = client.get("secret")
        return base_env(
            plan, plan.identity_provider.issuer(), secret if isinstance(secret, Sealed) else None, ("openid",)
        )

    def adopt(self, plan: Plan, live: Live) -> Mapping[str, object]:
        return plan.normalised()

    async def confirm(self, plan: Plan, live: Live) -> tuple[Step, ...]:
        self._tenant.stumble("confirm")
        return (ok("stranger", "the tenant has tokens"),)

    def offline_access(self, change: Change) -> tuple[bool, bool]:
        return (change.before or {}).get("refresh") is True, change.after.get("refresh") is True


TENANTS: dict[str, Tenant] = {}


async def open_provisioner(deployment: Deployment, surroundings: Surroundings) -> StrangerProvisioner:
    name = deployment.target.name
    tenant = TENANTS.setdefault(name, Tenant())
    surroundings.defer(tenant.close)
    return StrangerProvisioner(name, tenant, surroundings.count, surroundings.seconds_left)


PLAN = """\
version: 1
coder: {{access_url: "https://{client}.example.com", version: "2.34"}}
identity_provider: {{type: stranger, tenant: {tenant}}}
client: {{id: {client}{secret}}}
access_tokens: {{lifetime: {lifetime}}}
"""


def deployment(
    client: str = "coder", tenant: str = "acme", *, lifetime: str = "1h", secret: str = "", more: str = ""
) -> Deployment:
    """One plan of a stranger's tenant, loaded as any plan is."""
    stated = f", secret: {secret}" if secret else ""
    text = PLAN.format(client=client, tenant=tenant, lifetime=lifetime, secret=stated) + more
    return load([(f"{tenant}-{client}.yaml", text.encode())], {"stranger": KIND})[0]


class MemoryVault:
    """Stores and references in memory; what is refused fails as a full disk would."""

    def __init__(
        self, kept: dict[str, str] | None = None, *, refuse: bool = False, log: list[str] | None = None
    ) -> None:
        self.kept = {} if kept is None else kept
        self.refuse = refuse
        self.log = [] if log is None else log
        self.guarded: list[Sealed] = []

    async def resolve(self, reference: object, near: str) -> Sealed:
        if str(reference) not in self.kept:
            raise SecretFailure(f"`{reference}` gives nothing")
        return Sealed(self.kept[str(reference)])

    def store(self, reference: object, near: str) -> MemoryStore:
        return MemoryStore(self, str(reference))

    def guard(self, value: Sealed, name: str) -> None:
        self.guarded.append(value)


@dataclass
class MemoryStore:
    vault: MemoryVault
    name: str

    async def read(self) -> Sealed | None:
        return Sealed(self.vault.kept[self.name]) if self.name in self.vault.kept else None

    async def write(self, value: Sealed) -> None:
        if self.vault.refuse:
            error: ProvisionError = Failed("the store is full", where=self.name)
            raise error
        self.vault.log.append(f"store {self.name}")
        self.vault.kept[self.name] = value.reveal()

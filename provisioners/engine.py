"""Plan, apply, env and import over any provisioner: the order of steps, the same for every identity provider.

look:   group by target -> preflight -> read once -> desired -> diff -> rules
apply:  rights that only a write shows -> changes in dependency order -> look again, which must find nothing
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..plans import coder_checks, rules
from ..plans.client_secret import VALUE
from ..plans.coder_env import CoderEnv
from ..plans.diff import Change, ChangeSet, Edit, diff
from ..plans.errors import Failed, ProvisionError, Refused
from ..plans.findings import Finding, refusal_of
from ..plans.load import Deployment
from ..plans.proposal import Proposal, View
from ..plans.resources import Address, Desired, Generated, Includes, Live, Target, Value, Want, Wants
from ..plans.sealed import Sealed
from ..plans.steps import Step
from .base import Outcome, Provisioner
from .execution import Listen, Result, Run, Status, confirm_order
from .given import Vault, given
from .surprises import telling, told

Open = Callable[[Deployment], Awaitable[Provisioner]]


@dataclass(frozen=True, slots=True)
class Report:
    """What an apply did: each change's end, the look after it, and why it stopped early."""

    results: tuple[Result, ...] = ()
    after: Proposal | None = None
    interrupted: bool = False
    errors: tuple[ProvisionError, ...] = ()

    @property
    def done(self) -> tuple[Result, ...]:
        """The changes that were made."""
        return tuple(result for result in self.results if result.status is Status.DONE)

    @property
    def unsettled(self) -> tuple[tuple[Target, Change], ...]:
        """What the look after the last change still found, for us to send."""
        return () if self.after is None else tuple((t, c) for t, c in self.after.changes if not c.manual)


class Engine:
    """One run over some deployments. `draw` makes a new secret; `listen` hears of every change that ended.

    `parallelism` is the most requests that are under way at once.
    """

    def __init__(
        self, open_provisioner: Open, vault: Vault, draw: Callable[[], str], listen: Listen, parallelism: int = 8
    ) -> None:
        self._open = open_provisioner
        self._vault = vault
        self._draw = draw
        self._listen = listen
        # enough to keep every place in flight taken, and no more: what a target answered is held until it is compared
        self._looks = asyncio.Semaphore(2 * parallelism)
        self._opened: dict[Target, Provisioner] = {}

    async def look(
        self, deployments: Sequence[Deployment], *, writing: bool, rotate: frozenset[str] = frozenset()
    ) -> Proposal:
        """Return what differs at every target. A target that cannot be looked at becomes a view with its error; the others go on."""
        _known_clients(deployments, rotate)
        groups = by_target(deployments)
        views = await asyncio.gather(
            *(self._view(target, group, writing=writing, rotate=rotate) for target, group in groups.items())
        )
        return Proposal(tuple(views), rotate)

    async def _view(
        self, target: Target, group: tuple[Deployment, ...], *, writing: bool, rotate: frozenset[str]
    ) -> View:
        try:
            provisioner = await self._provisioner(target, group[0])
            await self._confirm_readable(provisioner, group, writing=writing)
            async with self._looks:
                live = await self._read(provisioner, group, writing=writing)
            return self._decided(View(target, group, live), provisioner, rotate)
        # whatever it is: the other targets stand
        except Exception as error:  # noqa: BLE001  # told as a failure, with the exception as its cause
            return View(target, group, error=told(error, "the look"))

    @staticmethod
    def _decided(view: View, provisioner: Provisioner, rotate: frozenset[str]) -> View:
        group, live = view.deployments, view.live
        wanted = [provisioner.desired(d.plan, live, rotate=d.client_id in rotate) for d in group]
        desired = merged(wanted)
        changes = ChangeSet(provisioner.arrange(diff(desired, live).changes, live))
        # at the look: found while another target is written, it would end that as well
        confirm_order(changes)
        own = (tuple(concerning(changes, part)) for part in wanted)
        findings = tuple(f for d, part in zip(group, own, strict=True) for f in judged(provisioner, d, live, part))
        return replace(view, desired=desired, changes=changes, findings=unique(findings))

    async def _provisioner(self, target: Target, deployment: Deployment) -> Provisioner:
        # kept for the run: the look after the last change signs in no second time
        if target not in self._opened:
            self._opened[target] = await self._open(deployment)
        return self._opened[target]

    @staticmethod
    async def _confirm_readable(provisioner: Provisioner, group: tuple[Deployment, ...], *, writing: bool) -> None:
        # before anything is read: partial rights look like an empty target
        missing = await provisioner.preflight([deployment.plan for deployment in group], writing=writing)
        if missing:
            raise refusal_of(missing)

    async def _read(self, provisioner: Provisioner, group: tuple[Deployment, ...], *, writing: bool) -> Live:
        plans = [deployment.plan for deployment in group]
        # side by side: what a command must give is slow, and few kinds ask for it to read
        found = asyncio.ensure_future(given(self._vault, group))
        live, secrets = await asyncio.gather(provisioner.read(plans, found, writing=writing), found)
        # known to the redactor before a diff, an error or a trace can tell of it
        for address, fields in {**live, **secrets}.items():
            for value in fields.values():
                if isinstance(value, Sealed):
                    self._vault.guard(value, str(address))
        return {**live, **secrets}

    async def apply(self, proposal: Proposal, *, stop: asyncio.Event, parallelism: int = 8) -> Report:
        """Make the proposal's changes, then look again at what was changed. The caller has applied the brakes."""
        limit = asyncio.Semaphore(parallelism)
        busy = [view for view in proposal.views if view.changes.sendable]
        try:
            # of all targets before the first write: a right that is missing must not stop us halfway through a fleet
            await asyncio.gather(*(self._opened[view.target].confirm_rights(view.changes.sendable) for view in busy))
        except Exception as error:  # noqa: BLE001  # as in the look; nothing is written yet
            return Report(errors=(told(error, "the trial of rights"),))
        ended = await asyncio.gather(*(self._apply_view(view, stop=stop, limit=limit) for view in busy))
        results = tuple(result for view_results in ended for result in view_results)
        # no look afterwards: somebody wants us to end
        if stop.is_set():
            return Report(results, interrupted=True)
        after = await self._look_after(busy, results)
        return Report(results, after, errors=tuple(view.error for view in after.failed if view.error is not None))

    async def _apply_view(self, view: View, *, stop: asyncio.Event, limit: asyncio.Semaphore) -> tuple[Result, ...]:
        provisioner = self._opened[view.target]
        by_client = {deployment.client_id: deployment for deployment in view.deployments}

        async def perform(change: Change) -> Outcome:
            if change.address.kind == "store":
                return await self._write_store(by_client[change.address.name], change)
            outcome = await provisioner.apply(change, view.live)
            if outcome.shown is None:
                return outcome
            return await self._keep(by_client[change.address.name], change, outcome)

        changes = materialised(view.changes.sendable, self._drawn)
        return await Run(view.target, perform, stop=stop, limit=limit, listen=self._listen).all(changes)

    def _drawn(self) -> str:
        secret = self._draw()
        self._vault.guard(Sealed(secret), "a drawn secret")
        return secret

    async def _keep(self, deployment: Deployment, change: Change, outcome: Outcome) -> Outcome:
        """Put a secret that is shown this once where the plan keeps it, before anything else can happen."""
        wish, shown = deployment.plan.client.secret, outcome.shown
        if wish is None or wish.store is None or shown is None:
            msg = f"nobody keeps the secret of {change.address}"
            raise TypeError(msg)
        self._vault.guard(shown, str(change.address))
        try:
            await self._vault.store(wish.store, deployment.document.file).write(shown)
        except ProvisionError as error:
            problem = f"a secret of `{deployment.client_id}` was made and could not be kept: {error.message}"
            fix = "make room for it and run `apply` again: it makes a new one and removes this one, which nobody knows"
            raise Failed(problem, where=error.where, fix=fix) from error
        return replace(outcome, done=(*outcome.done, "stored"))

    async def _write_store(self, deployment: Deployment, change: Change) -> Outcome:
        wish, value = deployment.plan.client.secret, change.after[VALUE]
        if wish is None or wish.store is None or not isinstance(value, Sealed):
            msg = f"nothing to store for {change.address}"
            raise TypeError(msg)
        await self._vault.store(wish.store, deployment.document.file).write(value)
        return Outcome(("stored",))

    async def _look_after(self, views: Iterable[View], results: tuple[Result, ...]) -> Proposal:
        """Look again at the targets that were written to; what was not done there is no surprise and is left out."""
        again = await self.look([d for view in views for d in view.deployments], writing=False)
        undone = {(result.target, result.change.address) for result in results if result.status is not Status.DONE}
        tried = {(result.target, result.change.address) for result in results}

        def kept(view: View) -> View:
            changes = tuple(
                c
                for c in view.changes
                if c.manual or ((view.target, c.address) in tried and (view.target, c.address) not in undone)
            )
            return replace(view, changes=ChangeSet(changes))

        return replace(again, views=tuple(kept(view) for view in again.views))

    def coder_env(self, deployment: Deployment, live: Live) -> CoderEnv:
        """Return the settings for one deployment from a view's live state."""
        return self._opened[deployment.target].coder_env(deployment.plan, live)

    def adopt(self, deployment: Deployment, live: Live) -> Mapping[str, object]:
        """Return the smallest plan data for a deployment's live client."""
        return self._opened[deployment.target].adopt(deployment.plan, live)

    async def confirm(self, deployment: Deployment, live: Live) -> tuple[Step, ...]:
        """Return the vendor's own evidence about one deployment."""
        with telling("the vendor's own evidence"):
            return await self._opened[deployment.target].confirm(deployment.plan, live)

    async def make(self, deployment: Deployment, change: Change, live: Live) -> None:
        """Make one change at a deployment's target; the caller has decided it."""
        with telling(f"the change of `{change.address}`"):
            await self._opened[deployment.target].apply(change, live)

    def offline_access(self, target: Target, change: Change) -> tuple[bool, bool]:
        """Tell whether users get refresh tokens before and after a change, in the vendor's judgement."""
        return self._opened[target].offline_access(change)

    def is_offline_loss(self, view: View, change: Change) -> bool:
        """Tell whether a change takes refresh tokens away."""
        return self.offline_access(view.target, change) == (True, False)


def by_target(deployments: Iterable[Deployment]) -> dict[Target, tuple[Deployment, ...]]:
    """Return the deployments grouped by target, in the order of the targets."""
    groups: dict[Target, list[Deployment]] = {}
    for deployment in deployments:
        groups.setdefault(deployment.target, []).append(deployment)
    # sorted: the output must not hang on the order in which a shell names the files
    return {target: tuple(groups[target]) for target in sorted(groups)}


def concerning(changes: ChangeSet, desired: Desired) -> Iterator[Change]:
    """Return the changes of what one plan wants; `by_address` keeps a fleet's cost from growing with its square."""
    by_address = changes.by_address
    for address in desired:
        yield from by_address.get(address, ())


def merged(parts: Iterable[Desired]) -> Desired:
    """Return several plans' wants of one target as one; the same field wanted twice is wanted alike (checked when loading)."""
    whole: dict[Address, Wants] = {}
    for part in parts:
        for address, wants in part.items():
            whole[address] = {**whole.get(address, {}), **_joined(whole.get(address, {}), wants)}
    return whole


def _joined(earlier: Wants, wants: Wants) -> Wants:
    """Members that several plans want of one set add up."""
    return {name: _both(earlier.get(name), want) for name, want in wants.items()}


def _both(one: Want | None, other: Want) -> Want:
    if isinstance(one, Includes) and isinstance(other, Includes):
        return Includes(one.members | other.members, one.without | other.without)
    return other


def judged(
    provisioner: Provisioner, deployment: Deployment, live: Live, changes: tuple[Change, ...]
) -> tuple[Finding, ...]:
    """Return the findings about one plan, each with its place in the plan file."""
    found = provisioner.check(deployment.plan, live, changes)
    return (*offline_findings(deployment), *placed(deployment, found))


def offline_findings(deployment: Deployment) -> tuple[Finding, ...]:
    """Return what can be said of a plan without asking any server."""
    return placed(deployment, (*rules.check_plan(deployment.plan), *coder_checks.check_env(deployment.plan)))


def placed(deployment: Deployment, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with their lines in the plan file."""
    return tuple(finding.at(deployment.position(finding.path)) if finding.path else finding for finding in findings)


def unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings without repetitions: several plans of a realm meet the same fact about it."""
    # reversed twice: of equal ones the first stays, with its line and in its place
    return tuple({(f.code, f.where, f.problem): f for f in reversed(tuple(findings))}.values())[::-1]


def materialised(changes: Iterable[Change], draw: Callable[[], str]) -> tuple[Change, ...]:
    """Return the changes with every `Generated` drawn, the same value wherever the same key stands."""
    drawn: dict[str, Sealed] = {}

    def settle(value: Value) -> Value:
        if not isinstance(value, Generated):
            return value
        if value.key not in drawn:
            drawn[value.key] = Sealed(draw())
        return drawn[value.key]

    def settled(change: Change) -> Change:
        edits = tuple(Edit(edit.field, edit.before, settle(edit.after)) for edit in change.edits)
        return replace(change, edits=edits, after={name: settle(value) for name, value in change.after.items()})

    return tuple(settled(change) for change in changes)


def _known_clients(deployments: Iterable[Deployment], rotate: frozenset[str]) -> None:
    known = {deployment.client_id for deployment in deployments}
    for name in sorted(rotate - known):
        raise Refused(
            f"no plan has a client `{name}` to rotate the secret of", fix=f"one of: {', '.join(sorted(known))}"
        )

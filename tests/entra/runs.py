"""Plan and apply at a lab, and what was seen and said by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from tests.entra.lab import Lab

from oidc_provision.cli.render.errors import render_error
from oidc_provision.cli.render.text import render_text
from oidc_provision.plans.errors import ProvisionError
from oidc_provision.plans.load import Deployment, load
from oidc_provision.plans.proposal import Proposal, View
from oidc_provision.provisioners.engine import Engine, Report
from oidc_provision.provisioners.registry import PlanKinds


def deployments(where: Lab, plans: Sequence[Mapping[str, Any]] = ()) -> tuple[Deployment, ...]:
    each = plans or [where.plan]
    texts = [
        (f"plan-{number}.yaml", yaml.safe_dump(plan, sort_keys=False).encode()) for number, plan in enumerate(each)
    ]
    return load(texts, PlanKinds())


@dataclass(frozen=True)
class Run:
    """What was seen and done by one run."""

    proposal: Proposal
    report: Report = field(default_factory=Report)

    @property
    def view(self) -> View:
        """The only target."""
        (only,) = self.proposal.views
        return only

    @property
    def errors(self) -> list[ProvisionError]:
        results = [each.error for each in self.report.results if each.error is not None]
        return [*(view.error for view in self.proposal.failed if view.error), *results, *self.report.errors]

    @property
    def error(self) -> ProvisionError:
        """The only error; one that stops the look afterwards counts once."""
        (only,) = self.errors
        return only

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(each.code for each in self.proposal.findings)

    @property
    def is_settled(self) -> bool:
        """Whether everything was done and a new look found nothing to do."""
        return not self.errors and self.report.after is not None and not self.report.unsettled

    @property
    def words(self) -> str:
        """All that is shown to people, in all words."""
        return "\n".join([render_text(self.proposal), *(render_error(each) + repr(each) for each in self.errors)])


def run(
    where: Lab,
    plans: Sequence[Mapping[str, Any]] = (),
    *,
    writing: bool = False,
    rotate: Sequence[str] = (),
    between: Callable[[], object] = lambda: None,
) -> Run:
    """Look, and where `writing` apply what was found; `between` the two somebody else may do something."""

    async def whole() -> Run:
        # a sign-in and a pace belong to one run
        where.kept.clear()
        engine = Engine(where.open, where.vault, lambda: "drawn-canary", lambda _result: None)
        proposal = await engine.look(deployments(where, plans), writing=writing, rotate=frozenset(rotate))
        if not writing or proposal.failed or proposal.errors:
            return Run(proposal)
        between()
        return Run(proposal, await engine.apply(proposal, stop=asyncio.Event()))

    return asyncio.run(whole())


def planned(where: Lab, plans: Sequence[Mapping[str, Any]] = (), **more: Any) -> Run:
    return run(where, plans, **more)


def applied(where: Lab, plans: Sequence[Mapping[str, Any]] = (), **more: Any) -> Run:
    return run(where, plans, writing=True, **more)


def settled(where: Lab, plans: Sequence[Mapping[str, Any]] = (), **more: Any) -> Run:
    """Apply, which must do all; return what it did."""
    ran = applied(where, plans, **more)
    assert not ran.errors, ran.words
    assert ran.is_settled, ran.report.unsettled
    return ran

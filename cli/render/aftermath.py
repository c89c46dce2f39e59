"""What is left for people after an apply: who must sign in again, what must be restarted, what only a human can do."""

from __future__ import annotations

from collections.abc import Iterator

from ...plans.coder_env import CoderEnv
from ...plans.diff import Action, Change
from ...plans.errors import ProvisionError
from ...plans.load import Deployment
from ...plans.proposal import Proposal, View
from ...provisioners.engine import Engine, Report


def notes_after(engine: Engine, proposal: Proposal, report: Report, *, env_written: bool) -> Iterator[str]:
    """Return one line for each thing that is left to people."""
    done = {(result.target, result.change.key) for result in report.done}
    for view in proposal.views:
        for change in view.changes:
            if (view.target, change.key) in done:
                yield from _sign_in_again(engine, view, change)
    for change in left_for_people(proposal, report):
        yield f"! left for you: `{change.address}`: {change.manual}"
    restarts = list(_changed_settings(engine, proposal, report))
    for name in restarts:
        yield f"restart Coder with the settings of `{name}`: it reads them at its start only (`oidc-provision env` prints them)"
    if env_written and not restarts:
        yield "restart Coder: its settings file changed, and it reads it at its start only"


def left_for_people(proposal: Proposal, report: Report) -> tuple[Change, ...]:
    """Return the steps that only a human can do, as the last look at each target words them."""
    # by then what was made has the ids that a step may need, and a step that was done is no longer there
    seen_last = {} if report.after is None else {view.target: view for view in report.after.views if view.error is None}
    views = [seen_last.get(view.target, view) for view in proposal.views]
    return tuple(change for view in views for change in view.changes.by_hand)


def closing_line(proposal: Proposal, report: Report, requests: int) -> str:
    """Return what an apply came to, "" where there was nothing to do at all."""
    left = len(left_for_people(proposal, report))
    if report.results:
        beside = f", but {steps_for_people(left)}" if left else ""
        changes = f"{len(report.done)} changes, and a new look finds nothing left to change"
        return f"Applied: {changes}{beside}. {requests} requests."
    return f"Nothing to send, but {steps_for_people(left)}." if left else ""


def steps_for_people(count: int) -> str:
    """Return how many steps only a human can do, as words."""
    return "1 step is left for a human" if count == 1 else f"{count} steps are left for a human"


def _sign_in_again(engine: Engine, view: View, change: Change) -> Iterator[str]:
    before, after = engine.offline_access(view.target, change)
    name = change.address.name
    if change.address.kind == "client" and after and not before:
        yield f"users of `{name}` must sign in again: sessions from before hold no lasting refresh token"
        # we cannot know: there is no state file that remembers it
        if change.action is Action.CREATE:
            yield f"if `{name}` existed before and was deleted, the tokens it had given are dead"


def _changed_settings(engine: Engine, proposal: Proposal, report: Report) -> Iterator[str]:
    if report.after is None:
        return
    live_after = {view.target: view for view in report.after.views}
    for view in proposal.views:
        after = live_after.get(view.target)
        for deployment in view.deployments if after is not None else ():
            if after is not None and _env(engine, deployment, view) != _env(engine, deployment, after):
                yield deployment.client_id


def _env(engine: Engine, deployment: Deployment, view: View) -> CoderEnv | None:
    try:
        return engine.coder_env(deployment, view.live)
    # the client does not exist on this side: then its settings differ from any
    except ProvisionError:
        return None

"""The steps of `apply` around the engine: what was reviewed, brakes, approval, the run, the proof, the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..plans import saved as saved_plans
from ..plans.brakes import refusal
from ..plans.errors import AppliedInPart, Failed, Refused, Unsettled, UsageError
from ..plans.formats import merge
from ..plans.proposal import Proposal
from ..plans.saved import SavedPlan
from ..provisioners.engine import Report
from ..provisioners.execution import Status
from ..provisioners.files import confirm_writable, write_private
from ..provisioners.lock import lock_folder, locked
from ..provisioners.session import Session, open_session
from .exit_codes import DONE
from .options import Common
from .planning import Wish, look, say_traffic, show
from .render.aftermath import closing_line, left_for_people, notes_after, steps_for_people
from .render.errors import render_error, visible
from .render.text import Cost
from .running import Interruption, answered, load_deployments, run
from .sources import deployments_of, read_existing, saved_plan_at

if TYPE_CHECKING:
    from ..plans.load import Deployment

ROOM = 4096
"""Bytes that the settings of one deployment may take."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person at the keyboard, or the pipeline, has agreed to."""

    auto_approve: bool = False
    expect: str = ""
    force: str = ""


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The file that the settings are merged into, and its form."""

    path: str
    form: str


@dataclass(frozen=True, slots=True)
class Job:
    """Everything one apply was asked for."""

    common: Common
    wish: Wish
    consent: Consent
    env_file: EnvFile | None
    deployments: tuple[Deployment, ...]
    saved: SavedPlan | None = None


def apply(common: Common, wish: Wish, consent: Consent, env_file: EnvFile | None) -> int:
    """Apply plans or a saved plan; return the exit code."""
    saved = saved_plan_at(wish.paths)
    # before any request: a pipeline should not wait for servers to learn that it cannot ask (14.6)
    if saved is None and not consent.auto_approve and not common.console.is_interactive:
        raise UsageError("there is nobody here to ask for approval", fix="pass --auto-approve, or apply a saved plan")
    deployments = load_deployments(wish.paths, wish.shard) if saved is None else deployments_of(saved)
    if env_file is not None and len(deployments) != 1:
        raise UsageError(
            f"--env-file takes one deployment, these are {len(deployments)}", fix="apply them one by one, or use `env`"
        )
    addresses = wish.addresses if saved is None else wish.addresses | frozenset(saved.targets)
    job = Job(common, replace(wish, addresses=addresses), consent, env_file, deployments, saved)
    # before the first look: what two applies see must not change between look and write
    with locked((deployment.target for deployment in deployments), lock_folder()):
        return run(common.console, lambda interruption: _whole(job, interruption))


async def _whole(job: Job, interruption: Interruption) -> int:
    console = job.common.console
    with console.progress("applying") as progress:
        settings = job.common.session(progress, listen=lambda _: progress.step())
        async with open_session(settings) as session:
            # a rotation never comes from a saved plan: naming the client only lifts the brake there
            wish = job.wish if job.saved is None else replace(job.wish, rotate=frozenset())
            proposal, cost = await look(session, job.deployments, wish, writing=True)
            progress.hide()
            _show_reachable(job.common, proposal, cost)
            if not _may_start(job, session, replace(proposal, rotate=job.wish.rotate)):
                _write_env(job, session, proposal, Report())
                return DONE
            _confirm_env_file(job, proposal)
            await _approve(job, proposal)
            progress.expect(len(proposal.changes))
            with interruption.graceful():
                report = await session.engine.apply(
                    proposal, stop=interruption.stop, parallelism=job.common.parallelism
                )
            progress.hide()
            say_traffic(job.common, session)
            return _finish(job, session, proposal, report, interruption)


def _show_reachable(common: Common, proposal: Proposal, cost: Cost) -> None:
    """Print the plan of the targets that answered; what the others failed with is said at the end, once."""
    reached = replace(proposal, views=tuple(view for view in proposal.views if view.error is None))
    if reached.views:
        show(common, reached, cost, "text")


def _may_start(job: Job, session: Session, proposal: Proposal) -> bool:
    """Raise Refused where a brake holds; return False where nothing is to be done because it is done already."""
    # before the brakes: what is done already needs nobody's leave
    if job.saved is not None and saved_plans.is_applied(job.saved, proposal):
        left = len(left_for_people(proposal, Report()))
        beside = f"; {steps_for_people(left)}" if left else ""
        job.common.console.out(f"already applied: nothing of the saved plan is left to send{beside}")
        return False
    refused = refusal(proposal, session.engine.is_offline_loss, force=job.consent.force)
    if refused is not None:
        raise refused
    _as_reviewed(job, proposal)
    if job.consent.force:
        job.common.console.say(f"forced: {job.consent.force}")
    return True


def _as_reviewed(job: Job, proposal: Proposal) -> None:
    if job.saved is not None:
        moved = saved_plans.moved(job.saved, proposal)
        if moved or job.saved.digest != proposal.digest:
            otherwise = ("the changes are not those of the saved plan",)
            first, *more = moved or saved_plans.decided_otherwise(job.saved, proposal) or otherwise
            raise Refused(
                f"the live state moved since the plan was made: {first}",
                fix="look at it, and make the plan again",
                notes=tuple(more),
            )
    expected = job.consent.expect
    if expected and not (len(expected) >= 8 and proposal.digest.startswith(expected)):  # noqa: PLR2004  # 32 bits
        problem = f"the changes have digest {proposal.digest}, expected was {expected}"
        raise Refused(problem, fix="review the plan again and pass its digest (8 characters or more)")


def _confirm_env_file(job: Job, proposal: Proposal) -> None:
    """Raise Failed where the settings could not be written afterwards: a new secret must have a place before it exists."""
    if job.env_file is None or not proposal.pending:
        return
    existing = read_existing(job.env_file.path)
    confirm_writable(Path(job.env_file.path), len(existing.encode()) + ROOM)


async def _approve(job: Job, proposal: Proposal) -> None:
    if not proposal.pending or job.saved is not None or job.consent.auto_approve:
        return
    answer = await answered(job.common.console, "\nApply these changes? Only `yes` is accepted: ")
    if answer != "yes":
        raise Refused("not approved: nothing was written")


def _finish(job: Job, session: Session, proposal: Proposal, report: Report, interruption: Interruption) -> int:
    console = job.common.console
    for result in report.results:
        if result.status is not Status.DONE:
            reason = result.why if result.error is None else result.error.message
            console.warn(visible(f"{result.status.value}: `{result.change.address}` at {result.target}: {reason}"))
        else:
            console.say(visible(f"done: `{result.change.address}`: {', '.join(result.steps)}"))
    if report.interrupted:
        done, all_changes = len(report.done), len(report.results)
        console.warn(f"interrupted: {done} of {all_changes} changes were made; run `apply` again for the rest")
        return interruption.code
    _raise_unfinished(proposal, report)
    env_written = _write_env(job, session, proposal, report)
    for note in notes_after(session.engine, proposal, report, env_written=env_written):
        console.say(note)
    closing = closing_line(proposal, report, session.traffic.total)
    if closing:
        console.out(closing)
    return DONE


def _raise_unfinished(proposal: Proposal, report: Report) -> None:
    undone = [result for result in report.results if result.status is not Status.DONE]
    # what a write failed with comes first: the look after it often fails with the same, and says less
    errors = [
        *(r.error for r in undone if r.error),
        *(view.error for view in proposal.failed if view.error),
        *report.errors,
    ]
    if not errors and not undone:
        if report.unsettled:
            fields = [
                f"`{change.address}`: {', '.join(edit.field for edit in change.edits)}"
                for _, change in report.unsettled
            ]
            problem = f"written, but the next look still finds a difference: {fields[0]}"
            raise Unsettled(
                problem,
                fix="somebody else may be changing it, or the server does not take the value",
                notes=tuple(fields[1:]),
            )
        return
    # nothing was written, so the cause itself is the outcome
    if not report.done:
        raise errors[0] if errors else Failed("nothing was written")
    notes = [f"not done: `{r.change.address}` at {r.target}" for r in undone] + [
        f"{render_error(error).splitlines()[0]}{f' ({error.where})' if error.where else ''}" for error in errors
    ]
    raise AppliedInPart(
        f"{len(report.done)} changes were made, {len(undone)} were not",
        fix="correct the cause and run `apply` again",
        notes=tuple(notes),
    ) from (ExceptionGroup("the causes", errors) if errors else None)


def _write_env(job: Job, session: Session, proposal: Proposal, report: Report) -> bool:
    """Merge the settings into the file that was asked for; tell whether it changed."""
    if job.env_file is None:
        return False
    # where nothing was to change there was no look afterwards
    after = report.after if report.after is not None and report.after.views else proposal
    env = session.engine.coder_env(job.deployments[0], after.views[0].live)
    existing = read_existing(job.env_file.path)
    merged = merge(existing, env, job.env_file.form)
    if merged == existing:
        return False
    write_private(Path(job.env_file.path), merged.encode())
    job.common.console.say(f"wrote {job.env_file.path}")
    return True


def single(deployments: Sequence[Deployment], what: str) -> Deployment:
    """Return the only deployment. Raises UsageError where there are several."""
    if len(deployments) != 1:
        raise UsageError(f"{what} takes one deployment, these are {len(deployments)}", fix="name one plan file")
    return deployments[0]

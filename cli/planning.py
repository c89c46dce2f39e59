"""The steps of `plan` and `show` around the engine: load, look, render, save."""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..plans import saved
from ..plans.errors import UsageError
from ..plans.proposal import Proposal
from ..plans.rules import WEAK_SECRET
from ..provisioners.files import write_private
from ..provisioners.session import Session, open_session
from ..provisioners.surprises import Unforeseen
from .exit_codes import DONE, FAILED, PENDING, REFUSED
from .options import Common
from .render.json_plan import render_json
from .render.markdown import render_markdown
from .render.text import Cost, failure_text, render_text
from .running import Interruption, load_deployments, run

if TYPE_CHECKING:
    from ..plans.load import Deployment

RENDERINGS = {"text": render_text, "json": render_json, "markdown": render_markdown, "md": render_markdown}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command line asks to look at."""

    paths: Sequence[str] = ()
    shard: str = ""
    addresses: frozenset[str] = field(default_factory=frozenset)
    rotate: frozenset[str] = field(default_factory=frozenset)


def plan(common: Common, wish: Wish, *, saved_to: str, form: str, outputs: str, detailed: bool) -> int:
    """Look at every target, print and save what was found; return the exit code."""
    if saved_to and wish.rotate:
        raise UsageError(
            "a saved plan cannot hold a rotation: applied twice it would rotate twice",
            fix="ask for it at apply: --rotate-secret CLIENT",
        )
    files = named_outputs(outputs, RENDERINGS)
    deployments = load_deployments(wish.paths, wish.shard)

    async def work(_: Interruption) -> int:
        with common.console.progress("looking") as progress:
            async with open_session(common.session(progress)) as session:
                proposal, cost = await look(session, deployments, wish, writing=False)
            say_traffic(common, session)
        show(common, proposal, cost, form, files)
        # a plan of what could be seen would be applied as if it were the whole
        if saved_to and not proposal.failed:
            write_private(Path(saved_to), saved.dump(proposal, wish.addresses).encode())
            common.console.say(f"saved to {saved_to}")
        return exit_code(proposal, detailed=detailed)

    return run(common.console, work)


async def look(
    session: Session, deployments: Sequence[Deployment], wish: Wish, *, writing: bool
) -> tuple[Proposal, Cost]:
    """Look at the targets of some deployments; return the proposal and what it cost."""
    began = time.monotonic()
    proposal = (await session.engine.look(deployments, writing=writing, rotate=wish.rotate)).only(wish.addresses)
    weak = (
        WEAK_SECRET.finding(f"`{name}` cannot be kept out of output: {why}", fix="choose a long random secret")
        for name, why in session.references.weak.items()
    )
    return replace(proposal, notes=tuple(weak)), Cost(session.traffic.total, time.monotonic() - began)


def say_traffic(common: Common, session: Session) -> None:
    """With -v, say how many requests of each shape were made."""
    if common.console.verbosity:
        for shape, count in sorted(session.traffic.counts.items()):
            common.console.say(f"{count:6} {shape}")


def show(common: Common, proposal: Proposal, cost: Cost, form: str, files: Iterable[tuple[str, str]] = ()) -> None:
    """Print the proposal in one form and write it to files in others."""
    console = common.console
    text = form == "text"
    console.out(
        render_text(proposal, cost, console.style, failures=False) if text else RENDERINGS[form](proposal, cost)
    )
    for view in proposal.failed:
        # of what was foreseen the message says it all
        if common.debug and isinstance(view.error, Unforeseen):
            console.say("".join(traceback.format_exception(view.error)))
        console.warn(failure_text(view))
    for name, path in files:
        write_private(Path(path), console.clean(RENDERINGS[name](proposal, cost)).encode())


def named_outputs(outputs: str, forms: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of `--output md=F,json=F`. Raises UsageError for a form that is none of `forms`."""
    pairs = []
    for part in filter(None, outputs.split(",")):
        name, equals, path = part.partition("=")
        if name not in forms or not equals or not path:
            raise UsageError(f"`--output {part}` is not FORM=FILE", fix=f"FORM is one of {', '.join(forms)}")
        pairs.append((name, path))
    return tuple(pairs)


def exit_code(proposal: Proposal, *, detailed: bool) -> int:
    """Return the exit code of a look: refused before failed before pending."""
    # in this order: 4 wins over 2, also with --detailed-exitcode (design 9)
    if proposal.errors or proposal.refused:
        return REFUSED
    if proposal.failed:
        return FAILED
    return PENDING if detailed and proposal.pending else DONE

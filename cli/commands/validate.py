"""`validate`: what can be said of plan files without asking any server."""

from __future__ import annotations

import click

from ..console import Console
from ..exit_codes import DONE, REFUSED
from ..options import paths_argument, talk_options


@click.command("validate")
@paths_argument
@talk_options
def command(console: Console, paths: tuple[str, ...]) -> int:
    """Check plan files: syntax, names, values, and what contradicts itself. Asks no server."""
    from ...plans.proposal import Proposal, View  # noqa: PLC0415  # pydantic, which --help must not load
    from ...provisioners.engine import offline_findings  # noqa: PLC0415  # as above
    from ..render.text import findings_text  # noqa: PLC0415  # as above
    from ..running import load_deployments  # noqa: PLC0415  # as above

    deployments = load_deployments(paths)
    views = tuple(View(d.target, (d,), findings=offline_findings(d)) for d in deployments)
    proposal = Proposal(views)
    if proposal.findings:
        console.say(findings_text(proposal, console.style))
    count = len(deployments)
    console.out(
        f"{count} {'plan is' if count == 1 else 'plans are'} valid"
        if not proposal.errors
        else f"{len(proposal.errors)} error findings"
    )
    return REFUSED if proposal.errors else DONE

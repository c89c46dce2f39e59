"""The steps of `forecast`: look, ask the vendor which lifetimes count, play the scenarios through, draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..plans.prospects import Prospect, prospect
from ..provisioners import registry
from ..provisioners.files import write_private
from ..provisioners.session import open_session
from .exit_codes import DONE
from .options import Common
from .planning import Wish, look, named_outputs, say_traffic
from .render.forecast import Rendering, as_json, as_markdown, as_text
from .render.forecast_svg import as_svg
from .running import Interruption, load_deployments, run

if TYPE_CHECKING:
    from ..plans.load import Deployment
    from ..plans.resources import Live

RENDERINGS: Mapping[str, Rendering] = MappingProxyType(
    {"text": as_text, "json": as_json, "markdown": as_markdown, "md": as_markdown, "svg": as_svg}
)


def forecast(common: Common, paths: Sequence[str], *, offline: bool, form: str, outputs: str) -> int:
    """Print when users are signed out, for each plan; return the exit code."""
    files = named_outputs(outputs, RENDERINGS)
    deployments = load_deployments(paths)

    async def work(_: Interruption) -> int:
        if offline:
            found = [_prospect(deployment, {}, assumed=True) for deployment in deployments]
        else:
            found = await _looked(common, deployments)
        _deliver(common, found, form, files)
        return DONE

    return run(common.console, work)


async def _looked(common: Common, deployments: Sequence[Deployment]) -> list[Prospect]:
    with common.console.progress("looking") as progress:
        async with open_session(common.session(progress)) as session:
            proposal, _ = await look(session, deployments, Wish(), writing=False)
        say_traffic(common, session)
    for view in proposal.failed:
        if view.error is not None:
            raise view.error
    return [_prospect(deployment, view.live) for view in proposal.views for deployment in view.deployments]


def _prospect(deployment: Deployment, live: Live, *, assumed: bool = False) -> Prospect:
    habits = registry.load(deployment.plan.identity_provider.type).HABITS
    return prospect(deployment.plan, str(deployment.target), habits.lifetimes(deployment.plan, live), assumed=assumed)


def _deliver(common: Common, found: Sequence[Prospect], form: str, files: Sequence[tuple[str, str]]) -> None:
    console = common.console
    console.out(RENDERINGS[form](found, console.style))
    for name, path in files:
        write_private(Path(path), console.clean(RENDERINGS[name](found)).encode())

"""The steps of `import` around the engine: a plan with the sign-in alone, one look, the smallest plan for what is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plans.errors import Failed, UsageError
from ..plans.load import load
from ..plans.proposal import View
from ..provisioners.files import write_private
from ..provisioners.registry import PlanKinds
from ..provisioners.session import Session, open_session
from .exit_codes import DONE
from .first_plan import as_yaml, provider_settings
from .options import DEFAULT_PLAN, Common
from .running import Interruption, run

if TYPE_CHECKING:
    from ..plans.load import Deployment


@dataclass(frozen=True, slots=True)
class Adoption:
    """Which client to write a plan for, and where it lives."""

    kind: str
    settings: tuple[str, ...]
    client_id: str
    access_url: str
    coder_version: str = ""
    output: str = ""


def adopt(common: Common, adoption: Adoption) -> int:
    """Write the plan of an existing client; return the exit code."""
    name = adoption.output or DEFAULT_PLAN
    deployment = _deployment(adoption_data(adoption), name)

    async def work(_: Interruption) -> int:
        async with open_session(common.session()) as session:
            view = await _look(session, deployment)
            data = session.engine.adopt(deployment, view.live)
            text = as_yaml(data)
            # the proof: what was written is loaded and compared as any plan is
            left = (await _look(session, _deployment(data, name))).changes
        _deliver(common, text, adoption.output)
        for change in left:
            fields = ", ".join(edit.field for edit in change.edits)
            common.console.say(f"note: apply would still change `{change.address}`: {fields}")
        return DONE

    return run(common.console, work)


def adoption_data(adoption: Adoption) -> dict[str, Any]:
    """Return the plan data with which to look: the client's name and the way to it."""
    try:
        provider = provider_settings(adoption.kind, adoption.settings)
    except ValueError as error:
        raise UsageError(
            f"`--set {error}` is not KEY=VALUE", fix="such as --set url=https://sso.example.com"
        ) from error
    coder = {"access_url": adoption.access_url} | (
        {"version": adoption.coder_version} if adoption.coder_version else {}
    )
    return {"version": 1, "coder": coder, "identity_provider": provider, "client": {"id": adoption.client_id}}


def _deployment(data: Any, name: str) -> Deployment:  # noqa: ANN401  # plan data as the vendor's folder gives it
    return load([(name, as_yaml(data).encode())], PlanKinds())[0]


async def _look(session: Session, deployment: Deployment) -> View:
    view = (await session.engine.look([deployment], writing=False)).views[0]
    if view.error is not None:
        raise view.error
    client = next((address for address in view.desired if address.kind == "client"), None)
    if client is None or client not in view.live:
        raise Failed(
            f"client `{deployment.client_id}` does not exist",
            where=str(view.target),
            fix="check its id; `init` starts a new plan",
        )
    return view


def _deliver(common: Common, text: str, output: str) -> None:
    if not output:
        common.console.out(text)
        return
    # never over a plan that people may have edited
    if Path(output).exists():
        raise UsageError("the file exists already", where=output, fix="name another one, or move it away")
    write_private(Path(output), text.encode())
    common.console.say(f"wrote {output}")

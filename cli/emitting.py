"""The steps of `env` around the engine: look, render one sink, write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..plans.formats import FormatOptions, named
from ..provisioners.files import write_private
from ..provisioners.session import open_session
from .applying import single
from .exit_codes import DONE
from .options import Common
from .planning import Wish, look
from .render.aftermath import steps_for_people
from .running import Interruption, load_deployments, run


@dataclass(frozen=True, slots=True)
class Emission:
    """What the settings are written for, and where to."""

    form: str
    output: str = ""
    show_secrets: bool = False
    secret_name: str = ""


def emit(common: Common, paths: Sequence[str], emission: Emission) -> int:
    """Print or write the settings of one deployment; return the exit code."""
    deployment = single(load_deployments(paths), "`env`")

    async def work(_: Interruption) -> int:
        async with open_session(common.session()) as session:
            proposal, _cost = await look(session, [deployment], Wish(), writing=False)
            view = proposal.views[0]
            if view.error is not None:
                raise view.error
            env = session.engine.coder_env(deployment, view.live)
        # a file of 0600 may hold it; a screen or a pipe only when asked for (14.5)
        shown = emission.show_secrets or bool(emission.output)
        options = FormatOptions(show_secrets=shown, kubernetes_secret=emission.secret_name)
        for note in proposal.notes:
            common.console.warn(f"warning: {note.problem} [{note.code}]")
        text = named(emission.form).render(env, options)
        _deliver(common, text, emission, holds_secret=any(entry.is_secret for entry in env.entries))
        if view.changes.sendable:
            common.console.say("note: the live client is not as the plan wants it; run `oidc-provision plan`")
        if view.changes.by_hand:
            common.console.say(
                f"note: {steps_for_people(len(view.changes.by_hand))}; `oidc-provision plan` says what to do"
            )
        return DONE

    return run(common.console, work)


def _deliver(common: Common, text: str, emission: Emission, *, holds_secret: bool) -> None:
    if emission.output:
        write_private(Path(emission.output), text.encode())
        common.console.say(f"wrote {emission.output}")
        return
    common.console.out(text, with_secrets=emission.show_secrets)
    if holds_secret and not emission.show_secrets:
        common.console.say("note: the client secret was left out; --show-secrets prints it, --output FILE writes it")

"""The steps of `demo`: a sandbox, a folder that is thrown away, and this command line called as a person would call it."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plans.durations import format_duration
from ..plans.errors import Failed
from ..plans.model import CALLBACK_PATH
from .console import Console
from .exit_codes import DONE, PENDING
from .group import PROGRAM, group
from .sandboxing import open_sandbox

if TYPE_CHECKING:
    from ..provisioners.sandbox.emulation import Story
    from ..provisioners.sandbox.visitor import Visitor

PLAN = "oidc-provision.yaml"
NEXT = """
What to try next
  oidc-provision sandbox                  keep such a server running, and play with it
  oidc-provision init                     write a plan for your own identity provider
  oidc-provision import                   or the plan of a client that exists already
  oidc-provision plan                     only reads: see what would change
"""


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody signed in, with the newest refresh token."""

    visitor: Visitor
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is told, and the folder that it happens in."""

    console: Console
    folder: Path

    def tell(self, text: str) -> None:
        """Say what comes next."""
        self.console.out("\n" + self.console.style(f"# {text}", "bold"))

    def call(self, *args: str, expected: int = DONE) -> None:
        """Call a command of ours on the plan, and show it as it would be typed. Raises Failed where it ends otherwise."""
        self.console.out(self.console.style(f"$ {PROGRAM} {' '.join(args)}", "dim"))
        color = ["--color", "always" if self.console.color else "never"]
        verb, *rest = args
        talk = StringIO()
        with redirect_stderr(talk):
            code = group.main([verb, *rest, *color, str(self.folder / PLAN)], PROGRAM, standalone_mode=False, obj={})
        if code != expected:
            raise Failed(f"`{PROGRAM} {' '.join(args)}` ended with {code}, not {expected}", notes=(talk.getvalue(),))


def demonstrate(console: Console, kind: str) -> int:
    """Tell the story; return 0 where all of it came true. Raises Failed where it did not."""
    began = time.monotonic()
    sandbox = open_sandbox(kind)
    with sandbox, _stage(console) as stage:
        story = sandbox.emulations[kind].story(sandbox.at(kind))
        _write(stage.folder, story)
        stage.tell(f"An emulated identity provider listens at {sandbox.at(kind)}. This is the plan for it:")
        console.out(story.plan)
        _provision(stage)
        _repair(stage, story, _sign_in(stage, story))
    console.out(NEXT + f"\nAll of this took {time.monotonic() - began:.1f} s and left nothing behind.")
    return DONE


@contextmanager
def _stage(console: Console) -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="oidc-provision-demo-"))
    try:
        yield Stage(console, folder)
    finally:
        shutil.rmtree(folder)


def _write(folder: Path, story: Story) -> None:
    from ..provisioners.files import make_private_folder, write_private  # noqa: PLC0415  # as the verbs do

    for name, text in {PLAN: story.plan, **story.files}.items():
        make_private_folder((folder / name).parent)
        write_private(folder / name, text.encode())


def _provision(stage: Stage) -> None:
    stage.tell("What would change? `plan` only reads.")
    stage.call("plan")
    stage.tell("Make it so. Afterwards it looks again: nothing may be left to change.")
    stage.call("apply", "--auto-approve")
    stage.tell("So the next plan is empty.")
    stage.call("plan", "--detailed-exitcode")
    stage.tell("These are the settings for Coder that match.")
    stage.call("env")


def _sign_in(stage: Stage, story: Story) -> Signed:
    from ..provisioners.sandbox.serving import random_id  # noqa: PLC0415  # the extra, which is there by now
    from ..provisioners.sandbox.visitor import Visitor  # noqa: PLC0415  # as above

    stage.tell(
        f"Does it work? `{story.username}` signs in with these settings, through the form, as from Coder's page."
    )
    visitor = Visitor(_settings(stage), f"https://coder.example.com{CALLBACK_PATH}", random_id)
    first = visitor.sign_in(story.username, story.password)
    stage.console.out(f"signed in: {_told(first)}")
    second = visitor.refresh(_refresh_token(first))
    stage.console.out(f"refreshed: {_told(second)}")
    return Signed(visitor, _refresh_token(second))


def _settings(stage: Stage) -> dict[str, str]:
    path = stage.folder / "coder.json"
    code = group.main(
        ["env", "--format", "json", "--output", str(path), "--quiet", str(stage.folder / PLAN)],
        PROGRAM,
        standalone_mode=False,
        obj={},
    )
    if code != DONE:
        raise Failed(f"`{PROGRAM} env` ended with {code}")
    settings: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return settings


def _refresh_token(tokens: dict[str, Any]) -> str:
    token = tokens.get("refresh_token")
    if not isinstance(token, str):
        raise Failed("the sign-in brought no refresh token")
    return token


def _told(tokens: dict[str, Any]) -> str:
    lifetime = format_duration(int(tokens["expires_in"]))
    return f"an access token for {lifetime}, a refresh token, scopes {', '.join(tokens['scope'].split())}"


def _repair(stage: Stage, story: Story, signed: Signed) -> None:
    stage.tell(f"Now somebody slips: {story.drift()}. Every user is about to be signed out:")
    try:
        signed.visitor.refresh(signed.refresh_token)
    except Failed as failed:
        stage.console.out(f"refresh: {failed.message}")
    else:
        raise Failed("the refresh still works after the slip")
    stage.tell("The nightly plan finds it,")
    stage.call("plan", "--detailed-exitcode", expected=PENDING)
    stage.tell("and `apply` repairs it:")
    stage.call("apply", "--auto-approve")
    stage.console.out(f"refreshed: {_told(signed.visitor.refresh(signed.refresh_token))}")

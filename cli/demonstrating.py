"""The steps of `demo`: a sandbox, a folder that is thrown away, and this command line called as a person would call it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from ..plans.errors import Failed
from .console import Console
from .exit_codes import DONE, FAILED, PENDING
from .group import PROGRAM, group
from .sandboxing import open_sandbox

if TYPE_CHECKING:
    from ..provisioners.sandbox.emulation import Story

PLAN = "oidc-provision.yaml"
PASSWORD = "secrets/person.txt"  # noqa: S105  # a file's name
NEXT = """
What to try next
  oidc-provision sandbox                  keep such a server running, and play with it
  oidc-provision init                     write a plan for your own identity provider
  oidc-provision import                   or the plan of a client that exists already
  oidc-provision plan                     only reads: see what would change
"""


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
        # as somebody would type it who stands in the folder
        typed = " ".join(args).replace(f"{self.folder}/", "")
        self.console.out(self.console.style(f"$ {PROGRAM} {typed}", "dim"))
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
        _prove(stage, story)
        _repair(stage, story)
        stage.tell("And when will users be signed out? This only reads.")
        stage.call("forecast")
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

    for name, text in {PLAN: story.plan, PASSWORD: story.password, **story.files}.items():
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


def _prove(stage: Stage, story: Story) -> None:
    stage.tell(
        f"Does it work? `{story.username}` signs in as from Coder's page, and the refresh token is put to the test."
    )
    stage.call("verify", *_login(stage, story), "--probe-reuse")


def _login(stage: Stage, story: Story) -> tuple[str, ...]:
    return ("--login", "--username", story.username, "--password", f"file:{stage.folder / PASSWORD}", "--no-coder")


def _repair(stage: Stage, story: Story) -> None:
    stage.tell(
        f"Now somebody slips: {story.drift()}. Users are about to be signed out. What is wrong, and what only follows?"
    )
    stage.call("verify", *_login(stage, story), expected=FAILED)
    stage.tell("The nightly plan finds it too,")
    stage.call("plan", "--detailed-exitcode", expected=PENDING)
    stage.tell("and `apply` repairs it:")
    stage.call("apply", "--auto-approve")
    stage.call("verify", *_login(stage, story))

"""The steps of `sandbox`: open it, say how to connect, wait for a signal."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..plans.errors import UsageError
from .console import Console
from .exit_codes import DONE, INTERRUPTED
from .running import Interruption, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..provisioners.sandbox.serving import Sandbox


@contextmanager
def naming_the_extra() -> Iterator[None]:
    """Raise UsageError that names the extra where a library of the sandbox is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("oidc_provision"):
            raise
        fix = "pip install 'oidc-provision[sandbox]'"
        raise UsageError(f"the sandbox needs `{error.name}`", fix=fix) from None


def open_sandbox(*kinds: str, port: int = 0, state: str = "") -> Sandbox:
    """Return a sandbox that has not been started. Raises UsageError where the extra is missing."""
    with naming_the_extra():
        from ..provisioners.sandbox.serving import Sandbox  # noqa: PLC0415  # an extra, and a web server

        return Sandbox(kinds, port=port, state=Path(state) if state else None)


def run_sandbox(console: Console, port: int, state: str) -> int:
    """Serve until a signal comes; Ctrl-C is its regular end."""
    sandbox = open_sandbox(port=port, state=state)

    async def work(interruption: Interruption) -> int:
        with sandbox:
            console.out("\n".join(_welcome(sandbox, state)))
            with interruption.graceful():
                await interruption.stop.wait()
        return DONE if interruption.code == INTERRUPTED else interruption.code

    return run(console, work)


def _welcome(sandbox: Sandbox, state: str) -> list[str]:
    lines = [line for kind, each in sandbox.emulations.items() for line in each.welcome(sandbox.at(kind))]
    return [
        *lines,
        f'move its clock:  curl -d \'{{"advance": "31d"}}\' {sandbox.url}/sandbox/clock',
        f'switch a fault:  curl -d \'[{{"path": "/token$", "status": 503}}]\' {sandbox.url}/sandbox/faults',
        f"kept in {state}" if state else "kept in memory: it is gone at the end",
        "for trying out only: anybody on this machine can reach it. Ctrl-C ends it.",
    ]

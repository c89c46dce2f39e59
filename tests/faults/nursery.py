"""A process that has everything imported and forks a command for each line it reads, so that hundreds can be killed in a minute.

Run as a script. In: a JSON object a line. Out: the command's process id, then how it ended (negative: the signal) and its file operations.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Any

FILE_EVENTS = frozenset(
    {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.link", "os.truncate"}
)
WRAPPED = ("write", "fsync", "ftruncate")
STANDARD = 2


class Steps:
    """Counts file operations under a folder, and ends the process, as `kill -9` does, before number `last` (0: never)."""

    def __init__(self, folder: str, last: int, notes: int) -> None:
        self._folder = folder
        self._last = last
        self._notes = notes
        self._count = 0

    def step(self, name: str) -> None:
        self._count += 1
        if self._count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        NOTE(self._notes, f"{name}\n".encode())

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event in FILE_EVENTS and self._is_ours(event, args[0]):
            self.step(event)

    def _is_ours(self, event: str, place: object) -> bool:
        if isinstance(place, int):
            return event != "open"
        path = os.fsdecode(place) if isinstance(place, (str, bytes, os.PathLike)) else ""
        return not path.startswith("/") or path.startswith(self._folder)

    def wrapped(self, name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(descriptor: int, *args: Any) -> Any:
            if descriptor > STANDARD:
                self.step(f"os.{name}")
            return real(descriptor, *args)

        return call


NOTE = os.write


def command(order: dict[str, Any], notes: int) -> None:
    """Become the command; never returns."""
    os.environ.update(order["env"])
    tempfile.tempdir = None
    said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.close(said)
    os.chdir(order["cwd"])
    steps = Steps(order["cwd"], order["step"], notes)
    for name in WRAPPED:
        setattr(os, name, steps.wrapped(name))
    sys.addaudithook(steps.hear)
    from oidc_provision.cli.main import run

    code = run(order["args"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    sys.path[:0] = sys.argv[1:]
    import oidc_provision.cli.commands.apply
    import oidc_provision.provisioners.keycloak.single_flight
    import oidc_provision.provisioners.transport  # noqa: F401  # what every command would import anew

    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            command(json.loads(line), write)
        os.close(write)
        print(child, flush=True)
        with os.fdopen(read) as notes:
            steps = notes.read().split()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps({"status": status, "steps": steps}), flush=True)


if __name__ == "__main__":
    main()

"""Commands in processes of their own that a test talks to while they run, with a stranger's identity provider installed."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from tests import stranger
from tests.command import ROOT

PROGRAM = [sys.executable, "-c", "from oidc_provision.cli.main import main; main()"]
# as from a shell: under `nohup` the tests themselves are deaf to it, and what they start would be too
HEARING = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
PLAN = """\
version: 1
coder: {{access_url: "https://coder.example.com", version: "2.34"}}
identity_provider:
  type: keycloak
  url: http://127.0.0.1:{port}
  realm: engineering
  admin: {{client_id: oidc-provision, client_secret: env:KEYCLOAK_ADMIN_SECRET}}
client: {{id: coder}}
"""


def started(*args: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command without a terminal."""
    whole = {**os.environ, "PYTHONPATH": str(ROOT / ".src"), **(env or {})}
    streams = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    command = [*PROGRAM[:-1], HEARING + PROGRAM[-1], *map(str, args)]
    return subprocess.Popen(command, cwd=cwd, env=whole, stdin=subprocess.DEVNULL, text=True, **streams)


def stranger_installed(folder: Path) -> dict[str, str]:
    """Install the stranger's kind for child processes, write a plan for it, and return the environment."""
    distribution = folder / "site" / "stranger-1.0.dist-info"
    distribution.mkdir(parents=True)
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (distribution / "entry_points.txt").write_text(
        "[oidc_provision.provisioners]\nstranger = tests.cli.slow_stranger\n"
    )
    (folder / "plan.yaml").write_text(stranger.PLAN.format(client="coder", tenant="acme", lifetime="1h", secret=""))
    path = os.pathsep.join(map(str, (ROOT / ".src", ROOT, folder / "site")))
    return {"PYTHONPATH": path, "TMPDIR": str(folder)}


class Terminal:
    """A command on a terminal: what it shows is read until some words stand there."""

    def __init__(self, *args: str | Path, cwd: Path, env: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        whole = {**os.environ, "PYTHONPATH": str(ROOT / ".src"), "TERM": "xterm", **env}
        self.child = subprocess.Popen(
            [*PROGRAM, *map(str, args)], cwd=cwd, env=whole, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.shown = ""

    def until(self, words: str) -> None:
        """Read until the words are shown. Raises AssertionError with all that was shown where they never are."""
        end = time.monotonic() + 60
        while words not in self.shown:
            assert time.monotonic() < end and self._read(), self.shown

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], 60)
        try:
            new = os.read(self._ours, 4096) if ready else b""
        except OSError:  # Linux says so when the other end is closed
            new = b""
        self.shown += new.decode()
        return bool(new)

    def type(self, line: str) -> None:
        os.write(self._ours, line.encode() + b"\n")

    def type_end(self) -> None:
        """Type Ctrl-D on an empty line."""
        os.write(self._ours, b"\x04")

    def ended(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        os.close(self._ours)
        return self.child.wait(timeout=60)

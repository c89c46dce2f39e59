"""The command line as a test runs it: in a process of its own, as a person would, or in this one where speed counts."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


def oidc_provision(
    *args: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, stdin: str = ""
) -> Ran:
    """Run the installed command in a process of its own, without a terminal."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".src"), **(env or {})}
    command = [sys.executable, "-c", "from oidc_provision.cli.main import main; main()", *map(str, args)]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=110,
    )
    return Ran(done.returncode, done.stdout, done.stderr)

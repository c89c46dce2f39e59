"""A command's wall time, CPU time and requests, as a whole process."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COUNT = re.compile(r"^ +(\d+) (?:GET|POST|PUT|DELETE) ", re.MULTILINE)
TOTAL = re.compile(r"(\d+) requests")


@dataclass(frozen=True)
class Measured:
    """Seconds of wall and CPU; requests as the command itself counts them, 0 where it does not."""

    wall: float
    cpu: float
    requests: int


def measured(
    command: Sequence[str | Path], cwd: Path, env: dict[str, str] | None = None, codes: tuple[int, ...] = (0,)
) -> Measured:
    """Run a command once. Raises RuntimeError with its output where it ends otherwise than expected."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in codes:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    totals = TOTAL.findall(done.stdout)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(wall, cpu, int(totals[-1]) if totals else 0)

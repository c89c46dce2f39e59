"""A command's wall time, CPU time, memory and requests, as a whole process."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

COUNT = re.compile(r"^ +(\d+) (?:GET|POST|PUT|DELETE) ", re.MULTILINE)
TOTAL = re.compile(r"(\d+) requests")


@dataclass(frozen=True)
class Measured:
    """Seconds of wall and CPU; requests as the command itself counts them, 0 where it does not; the most memory, in MiB."""

    wall: float
    cpu: float
    requests: int
    memory: float = 0.0


def written(stream: IO[str]) -> str:
    """Everything that was written to a temporary file."""
    stream.seek(0)
    return stream.read()


def measured(
    command: Sequence[str | Path | int], cwd: Path, env: dict[str, str] | None = None, codes: tuple[int, ...] = (0,)
) -> Measured:
    """Run a command once. Raises RuntimeError with its output where it ends otherwise than expected."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        began = time.perf_counter()
        child = subprocess.Popen(
            list(map(str, command)),
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        # not RUSAGE_CHILDREN: its memory is that of the largest child there ever was
        _, status, usage = os.wait4(child.pid, 0)
        wall, child.returncode = time.perf_counter() - began, os.waitstatus_to_exitcode(status)
        said, talk = written(out), written(err)
    if child.returncode not in codes:
        raise RuntimeError(said[-2000:] + talk[-2000:])
    totals = TOTAL.findall(said)
    return Measured(wall, usage.ru_utime + usage.ru_stime, int(totals[-1]) if totals else 0, usage.ru_maxrss / 1024)

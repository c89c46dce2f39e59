"""The results of a run as text that can be kept: the machine without its name, versions, load, figures. Nothing is measured here."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from .many import Figure

FILE = Path(__file__).with_name("RESULTS.md")
DEPENDENCIES = ("click", "httpx", "httpcore", "anyio", "pydantic", "PyYAML", "python-keycloak", "msgraph-sdk")
HEAD = """\
# Results of the last recorded run

Written by `python -m tests.bench --record`. A Keycloak that only counts (`counting.py`) answers on loopback from a process of its own;
the figures are those of the whole command, imports included, as the kernel counts them. Nothing here is asserted: the counts are asserted
by `test_fleet_requests.py`, times depend on the machine and its load.

"""


def load() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]


def machine() -> str:
    """Return what the figures were measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def versions() -> str:
    """Return the versions of the dependencies that take part."""
    return ", ".join(f"{name} {version(name)}" for name in DEPENDENCIES)


def markdown(figures: Iterable[Figure], before: float, after: float) -> str:
    """Return the whole page; the loads are those of one minute, before and after."""
    facts = (
        f"- machine: {machine()}\n- load: {before:.1f} before, {after:.1f} after\n"
        f"- versions: {versions()}\n- bytecode: cached, as an installed package has it\n\n"
    )
    rows = [f"| {figure.what.strip()} | {figure.came} | {figure.most or '-'} |\n" for figure in figures]
    return HEAD + facts + "| figure | came out | at most |\n|---|---|---|\n" + "".join(rows)

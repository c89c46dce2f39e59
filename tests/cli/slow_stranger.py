"""The stranger's kind for child processes; where the environment names a pipe, its first write waits until the pipe is closed."""

from __future__ import annotations

import os
from pathlib import Path

from tests import stranger
from tests.stranger import ASKS, EXAMPLE, HTTP, KIND, RULES, open_provisioner

__all__ = ["ASKS", "EXAMPLE", "HTTP", "KIND", "RULES", "open_provisioner"]


def _stand_still(_name: str) -> None:
    Path(os.environ["STRANGER_STANDS_STILL"]).read_text()


if "STRANGER_STANDS_STILL" in os.environ:
    stranger.TENANTS["acme"] = stranger.Tenant(before_write=_stand_still)

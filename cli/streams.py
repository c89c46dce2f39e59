"""What to do with a standard stream that nobody reads any more. Imports nothing that `--help` would have to wait for."""

from __future__ import annotations

import os


def silence(descriptor: int) -> None:
    """Send a stream nowhere; what it still holds would fail once more when Python ends, with exit code 120 instead of ours."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)

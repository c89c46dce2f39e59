"""One Entra tenant on loopback and in memory: Microsoft Graph v1.0 below `/graph/v1.0`, and sign-in below `/TENANT`.

Nobody has held it to a real tenant. What Microsoft's documents do not tell is marked [memory] where it stands. Not here: `$batch`, delta
queries, `$search`, `$expand`, guests of other tenants, and what sign-in frequency does (it waits for the next interactive sign-in).
"""

from __future__ import annotations

from collections.abc import Callable

from ...sandbox.clock import MovableClock
from .emulation import EntraEmulation


def emulate(clock: MovableClock, draw: Callable[[], str]) -> EntraEmulation:
    """Return a new tenant `contoso.onmicrosoft.com` with an application for this tool, which holds rights of its own."""
    return EntraEmulation(clock, draw)


__all__ = ["emulate"]

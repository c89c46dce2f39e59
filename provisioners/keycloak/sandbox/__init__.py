"""Keycloak 26.7.3 as this project needs it, on loopback and in memory: its admin endpoints and its tokens, with its own quirks.

What is not asked of a Keycloak by this project is not here: SAML, flows, themes, identity brokering, fine-grained permissions.
"""

from __future__ import annotations

from collections.abc import Callable

from ...sandbox.clock import MovableClock
from .emulation import KeycloakEmulation


def emulate(clock: MovableClock, draw: Callable[[], str]) -> KeycloakEmulation:
    """Return a new server with realm master, whose administrator is `admin` with password `admin`."""
    return KeycloakEmulation(clock, draw)


__all__ = ["emulate"]

"""The shared provider on loopback with a plain issuer, and a browser for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from tests.servers import FakeClock

from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.plain import PlainEmulation, PlainState
from oidc_provision.provisioners.sandbox.refreshing import RefreshRules
from oidc_provision.provisioners.sandbox.tenant import App, Person

BASE = "http://issuer.example.com"
CALLBACK = "https://app.example.com/callback"
ALL_FLOWS = frozenset({"code", "refresh_token", "password", "client_credentials"})
APP = App("id-of-app", "app", "The App", "the secret of the app", redirect_uris=(CALLBACK,), flows=ALL_FLOWS)
ALWAYS = RefreshRules()
ANNA = Person("id-of-anna", "anna", {"email": "anna@example.com"})


def draw() -> str:
    return secrets.token_urlsafe(24)


@contextmanager
def issuer(rules: RefreshRules = ALWAYS, app: App = APP) -> Iterator[tuple[Starlette, PlainEmulation, MovableClock]]:
    """An issuer whose clock stands still until it is moved."""
    clock = MovableClock(FakeClock())
    other = App("id-of-other", "other", secret="another secret", redirect_uris=(CALLBACK,))
    state = PlainState((app, other), (ANNA,), {"anna": "pw"}, rules)
    emulation = PlainEmulation(state, clock, draw)
    yield Starlette(routes=emulation.routes), emulation, clock

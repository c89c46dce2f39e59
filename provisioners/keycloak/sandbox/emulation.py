"""The emulated server put together: its state, its paths, and the story that a demonstration tells with it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.routing import BaseRoute

from ...sandbox.answers import base_of
from ...sandbox.clock import MovableClock
from ...sandbox.emulated import Emulated
from ...sandbox.emulation import Story
from ...sandbox.provider import OpenIdProvider
from . import story
from .admin import Administration
from .building import new_server
from .clients import Making
from .openid import ENDPOINTS, KeycloakTenant
from .state import Server

_SECRET_LENGTH = 86


class KeycloakEmulation(Emulated[Server]):
    """A Keycloak server. `draw` returns a new random id."""

    def __init__(self, clock: MovableClock, draw: Callable[[], str]) -> None:
        self._clock = clock
        self._draw = draw
        super().__init__(Server, new_server("", draw, clock.seconds()))

    @property
    def routes(self) -> list[BaseRoute]:
        """The admin API, and an issuer for every realm."""
        provider = OpenIdProvider(self._tenant, self._clock, self._draw, ENDPOINTS)
        admin = Administration(self._box, lambda: self._signer, self._clock, self.making)
        return [*admin.routes(), *provider.routes("/realms/{realm}")]

    def making(self) -> Making:
        """Return what new things are made of, now."""
        return Making(self._draw, self._secret, self._clock.seconds())

    def _secret(self) -> str:
        return "".join(self._draw().replace("-", "") for _ in range(3))[:_SECRET_LENGTH]

    def _tenant(self, request: Request) -> KeycloakTenant:
        return KeycloakTenant(self._box, str(request.path_params["realm"]), base_of(request), self._signer)

    def welcome(self, url: str) -> tuple[str, ...]:
        """Return how to connect."""
        return (
            f"Keycloak 26 at {url}",
            "  administrator of realm `master`: admin, password admin",
            f"  in a plan: identity_provider: {{type: keycloak, url: {url}, realm: ...}}",
        )

    def story(self, url: str) -> Story:
        """Make the realm of the demonstration and return what it needs."""
        return story.prepared(self._box, self.making(), url)

"""The emulated tenant put together: its state, its paths, and the switches for what Entra does only at times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from ...sandbox.clock import MovableClock
from ...sandbox.emulated import Emulated
from ...sandbox.emulation import Story
from . import story
from .building import PERSON, TOOL_APP, TOOL_SECRET, new_directory
from .call import GRAPH
from .graph import Graph
from .signing_in import SigningIn
from .state import Directory, Switches

SWITCHES = "/sandbox/switches"


class EntraEmulation(Emulated[Directory]):
    """One tenant. `draw` returns a new random id."""

    def __init__(self, clock: MovableClock, draw: Callable[[], str]) -> None:
        self._clock = clock
        self._draw = draw
        super().__init__(Directory, new_directory(draw, clock.now()))

    @property
    def routes(self) -> list[BaseRoute]:
        """Graph, the switches, and sign-in below the tenant's names."""
        parts = (self._box, lambda: self._signer, self._clock, self._draw)
        switches = Route(SWITCHES, self._switched, methods=["GET", "POST"])
        return [*Graph(*parts).routes(), switches, *SigningIn(*parts).routes()]

    async def _switched(self, request: Request) -> Response:
        """GET tells the switches, POST {"lag": 5} sets some of them."""
        if request.method == "POST":
            try:
                switches = _set(self._box.value.switches, await request.json())
            except (ValueError, TypeError, AttributeError):
                return JSONResponse({"error": f"send some of {', '.join(asdict(Switches()))}"}, 400)
            self._box.put(replace(self._box.value, switches=switches))
        return JSONResponse(asdict(self._box.value.switches))

    def welcome(self, url: str) -> tuple[str, ...]:
        """Return how to connect."""
        tenant = self._box.value.tenant
        return (
            f"Entra ID at {url}, Microsoft Graph at {url}{GRAPH}",
            f"  tenant {tenant}, issuer {url}/{tenant}/v2.0",
            f"  the tool's application {TOOL_APP}, secret {TOOL_SECRET}",
            f"  somebody who signs in: {PERSON.username}, password {PERSON.password}",
        )

    def story(self, url: str) -> Story:
        """Return what the demonstration needs; the tenant is ready for it."""
        return story.prepared(self._box, url)


def _set(switches: Switches, sent: dict[str, object]) -> Switches:
    for name, value in sent.items():
        wanted = type(asdict(switches).get(name))
        if isinstance(value, bool) != (wanted is bool) or not isinstance(value, bool | float | int):
            raise TypeError(name)
    return replace(switches, **sent)  # type: ignore[arg-type]  # looked at above

"""How a person signs in for `verify --login`: through the form by ourselves, in a browser that comes back to loopback, or by a pasted address."""

from __future__ import annotations

import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..plans.errors import ProvisionError, Refused, UsageError
from ..plans.redirects import LOOPBACK, TEMPORARY_PATH, loopback_redirect
from ..provisioners import registry
from ..provisioners.lock import lock_folder, locked
from ..provisioners.oidc.asking import Question
from ..provisioners.oidc.forms import FormDriver, Person
from ..provisioners.oidc.listener import Listener, listening
from ..provisioners.oidc.verifying import Meet
from .running import Interruption, answered

if TYPE_CHECKING:
    from ..plans.diff import Change
    from ..plans.load import Deployment
    from ..plans.proposal import View
    from ..provisioners.habits import Habits
    from ..provisioners.session import Session
    from .console import Console


BY_HAND = loopback_redirect(8765, "/callback")
"""Not the temporary one, which is ours to take away."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What a person's sign-in is begun with."""

    console: Console
    wait: float
    opens_browser: bool

    def by_form(self, driver: FormDriver, person: Person) -> Meet:
        """Type user name and password ourselves."""

        async def meet(question: Question, address: str) -> str:
            return await driver.sign_in(address, question.request.redirect_uri, person)

        return meet

    def by_browser(self, listener: Listener) -> Meet:
        """Open a browser, and wait for it to come back to loopback."""

        async def meet(_question: Question, address: str) -> str:
            self._open(address)
            return await listener.callback(self.wait)

        return meet

    def by_paste(self) -> Meet:
        """Ask for the address that the browser ends at: Coder's callback, which refuses a sign-in that it did not begin."""

        async def meet(_question: Question, address: str) -> str:
            if not self.console.is_interactive:
                fix = "use --username and --password, or --temporary-redirect with a browser on this machine"
                raise UsageError("there is nobody here to paste the address that comes back", fix=fix)
            self._open(address)
            self.console.say("Coder will refuse what comes back, as it did not ask: that is right.")
            return await answered(self.console, "Paste the whole address that the browser ends at: ")

        return meet

    def _open(self, address: str) -> None:
        opened = self.opens_browser and webbrowser.open(address)
        words = "Your browser was opened at" if opened else "Open this address in a browser"
        # as a warning: without it nobody can go on, also under --quiet
        self.console.warn(f"{words}:\n{address}")


@asynccontextmanager
async def coming_back(redirect_uri: str) -> AsyncIterator[Listener | None]:
    """Listen where a redirect URI on loopback points; None for any other."""
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"`{redirect_uri[:200]}` is no redirect URI: {str(error).lower()}") from None
    if parts.scheme != "http" or parts.hostname != LOOPBACK or not port:
        yield None
        return
    async with listening(port, parts.path or "/") as listener:
        yield listener


@dataclass(frozen=True, slots=True)
class Doorway:
    """Lets a redirect URI on loopback in for a while, and out again whatever happens."""

    session: Session
    deployment: Deployment
    view: View
    habits: Habits
    interruption: Interruption

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Listener]:
        """Allow a listener's address at the identity provider until the end of the block."""
        with locked([self.deployment.target], lock_folder()):
            async with listening(0, TEMPORARY_PATH) as listener:
                try:
                    await self._allow(frozenset({listener.address}))
                    yield listener
                finally:
                    await self._allow(frozenset())

    async def clear(self) -> bool:
        """Take away what a run that was killed has left; return whether there was anything."""
        if self._change(self.view, frozenset()) is None:
            return False
        try:
            with locked([self.deployment.target], lock_folder()):
                await self._allow(frozenset())
        except Refused:
            # another verify is at work here, and it is its own
            return False
        return True

    async def _allow(self, uris: frozenset[str]) -> None:
        """Read again and write: the set is replaced whole, and somebody may have changed it meanwhile."""
        with self.interruption.graceful():
            proposal = await self.session.engine.look([self.deployment], writing=False)
            view = proposal.views[0]
            if view.error is not None:
                raise view.error
            change = self._change(view, uris)
            if change is not None:
                await self.session.engine.make(self.deployment, change, view.live)

    def _change(self, view: View, uris: frozenset[str]) -> Change | None:
        change = self.habits.with_redirects
        return None if change is None else change(self.deployment.plan, view.live, uris)


def refuse_without_redirects(deployment: Deployment) -> None:
    """Raise UsageError where nobody but a person can register a redirect URI: the sign-in would be waited for in vain."""
    plan = deployment.plan
    kind = plan.identity_provider.type
    if registry.load(kind).HABITS.with_redirects is not None:
        return
    raise UsageError(
        f"--temporary-redirect cannot be had at `{kind}`: only a person can register a redirect URI there",
        where=str(deployment.position(("identity_provider", "type"))),
        fix=f"leave it out and paste the address that comes back; or register {BY_HAND} by hand and run "
        f"`verify --login --issuer {plan.identity_provider.issuer()} --client-id ID --redirect-uri {BY_HAND}`",
    )


def explained(error: ProvisionError) -> str:
    """Return an error in one line."""
    return f"{error.message}{f' ({error.where})' if error.where else ''}"

"""The confirmation steps in order, without a user or with one. What an earlier failure makes pointless is not tried."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joserfc.jwk import KeySet

from ...plans.errors import ProvisionError
from ...plans.redaction import Redactor
from ...plans.steps import Step, failed, not_reached, ok
from ..clock import Clock
from .asking import Question, begin
from .discovery import Discovered, discover, is_safe, problems
from .id_tokens import read_keys
from .probes import CREDENTIALS, DOOR, Prober
from .signing_in import SignIn, untried
from .subject import Subject
from .tokens import TokenEndpoint

if TYPE_CHECKING:
    from httpx import AsyncClient

DISCOVERY = ("discovery", "the issuer's document is right")
Meet = Callable[[Question, str], Awaitable[str]]
"""Has a person sign in at an address for a question; returns the callback address that came back."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a verification is handed. `draw` gives random text that is safe in a URL."""

    http: AsyncClient
    fetch_json: Callable[[str], Awaitable[object]]
    redactor: Redactor
    clock: Clock
    draw: Callable[[], str]


class Verifier:
    """Verifies one application at one issuer."""

    def __init__(self, subject: Subject, around: Surroundings) -> None:
        self._subject = subject
        self._around = around
        self._found: Discovered | None = None

    async def discovery(self) -> Step:
        """Fetch the issuer's document and judge it; nothing is sent to an address that it should not name."""
        try:
            found = await discover(self._around.fetch_json, self._subject.issuer)
        except ProvisionError as error:
            fix = error.fix or "check the issuer's address, and that it is reachable from here"
            return failed(*DISCOVERY, error.message, error.where, fix=fix, breaks=["issuer"])
        if is_safe(found, self._subject.hosts):
            self._found = found
        wrong = tuple(problems(found, self._subject.issuer, self._subject.hosts))
        if wrong:
            fix = "correct the identity provider's public address; Coder compares issuers to the letter"
            return failed(*DISCOVERY, "; ".join(wrong), f"issuer `{found.issuer}`", fix=fix, breaks=["issuer"])
        return ok(*DISCOVERY, f"issuer `{found.issuer}`", *_hints(found, self._subject.request.scopes))

    async def probes(self) -> tuple[Step, ...]:
        """Show the client's credentials and ask for a code, without a user."""
        found, subject = self._found, self._subject
        if found is None:
            return tuple(not_reached(*step, breaks=["issuer"]) for step in (CREDENTIALS, DOOR))
        prober = Prober(self._around.http, self._around.draw, subject.tables, subject.refusal_at)
        return (
            await prober.credentials(self._tokens(found), subject.who, subject.request),
            await prober.door(found.endpoint("authorization_endpoint"), subject.request),
        )

    async def sign_in(self, meet: Meet, *, probe_reuse: bool = False, watch: float = 0.0) -> tuple[Step, ...]:
        """Have a person sign in, and look into everything that comes of it."""
        found = self._found
        if found is None:
            return tuple(untried(["issuer"]))
        signing_in = self._signing_in(found)
        return await signing_in.steps(lambda: self._met(found, meet), probe_reuse=probe_reuse, watch=watch)

    def _signing_in(self, found: Discovered) -> SignIn:
        async def keys() -> KeySet:
            return read_keys(await self._around.fetch_json(found.endpoint("jwks_uri")))

        return SignIn(self._subject, found, self._tokens(found), keys, self._around.clock)

    async def _met(self, found: Discovered, meet: Meet) -> tuple[Question, str]:
        question = begin(self._subject.request, self._around.draw)
        return question, await meet(question, question.address(found.endpoint("authorization_endpoint")))

    def _tokens(self, found: Discovered) -> TokenEndpoint:
        return TokenEndpoint(self._around.http, found.endpoint("token_endpoint"), self._around.redactor)


def _hints(found: Discovered, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the document says of scopes and grants: hints only, as it speaks of the server and not of the client."""
    scopes, grants = found.listed("scopes_supported"), found.listed("grant_types_supported")
    hints = []
    # where nobody asks for it, that it is missing may be as it must: some refuse it
    if scopes and "offline_access" in asked and "offline_access" not in scopes:
        hints.append("offline_access is not among its scopes (a hint only)")
    if grants and "refresh_token" not in grants:
        hints.append("refresh_token is not among its grants (a hint only)")
    return tuple(hints)

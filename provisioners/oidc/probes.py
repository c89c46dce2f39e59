"""Questions that need no user: are client id and secret accepted, are redirect URI and scopes? Each answer is decided by what OAuth says.

`invalid_grant` for a nonsense code means that the client was recognised; a public client would be recognised with any secret, so where the
server may be lenient a deliberately wrong secret is shown as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...plans.errors import Failed, ProvisionError, RemoteFailure
from ...plans.meanings import Meaning, meaning_of
from ...plans.sealed import Sealed
from ...plans.steps import Step, failed, ok, unclear
from ..habits import no_refusal
from ..transport import ACCEPT_REDIRECT
from .asking import Question, Request, Returned, begin
from .discovery import host_of
from .tokens import Answer, Credentials, TokenEndpoint

if TYPE_CHECKING:
    from httpx import AsyncClient

CREDENTIALS = ("credentials", "the client id and secret are accepted")
DOOR = ("authorize", "redirect URI, scopes and flow are accepted")
ACCEPTED = frozenset({"invalid_grant"})
REFUSED = frozenset({"invalid_client", "unauthorized_client"})
SIGNED_OUT = frozenset({"login_required", "interaction_required", "consent_required", "account_selection_required"})
_PAGE = 200
_ERRORS = 400
_BROKEN = 500


@dataclass(frozen=True, slots=True)
class Prober:
    """What the probes share. `draw` gives random text, `tables` are the vendor's refusals, `refusal_at` reads its error page's address."""

    http: AsyncClient
    draw: Callable[[], str]
    tables: Iterable[Meaning] = ()
    refusal_at: Callable[[str], tuple[str, str] | None] = no_refusal

    async def credentials(self, tokens: TokenEndpoint, who: Credentials, request: Request) -> Step:
        """Show id and secret with a code that nobody issued."""
        try:
            answer = await self._shown(tokens, who, request)
            if answer.error in ACCEPTED and who.secret is not None:
                return await self._controlled(tokens, who, request, answer)
        except RemoteFailure as failure:
            return failed(*CREDENTIALS, failure.message, failure.where, fix=failure.fix, breaks=["issuer"])
        return self._judged(answer, who)

    async def _shown(self, tokens: TokenEndpoint, who: Credentials, request: Request) -> Answer:
        form = {"grant_type": "authorization_code", "code": self.draw(), "redirect_uri": request.redirect_uri}
        form |= {"code_verifier": self.draw() + self.draw() + self.draw()} if request.pkce else {}
        # as Coder's library does: the header first, the form where that is refused
        answer = await tokens.ask(who, in_header=True, **form)
        return (
            answer
            if answer.error not in REFUSED or who.secret is None
            else await tokens.ask(who, in_header=False, **form)
        )

    async def _controlled(self, tokens: TokenEndpoint, who: Credentials, request: Request, answer: Answer) -> Step:
        wrong = await self._shown(tokens, Credentials(who.client_id, Sealed(self.draw())), request)
        evidence = f"a nonsense code is answered {answer.said}"
        if wrong.error in ACCEPTED:
            problem = "any secret is accepted: the client is public, and its secret proves nothing"
            return failed(*CREDENTIALS, problem, evidence, fix="make the client confidential", breaks=["client"])
        return ok(*CREDENTIALS, evidence, f"with a wrong secret it is {wrong.said}")

    def _judged(self, answer: Answer, who: Credentials) -> Step:
        evidence = f"a nonsense code is answered {answer.said}"
        meaning = meaning_of(answer.error, answer.description, self.tables)
        if answer.error in ACCEPTED:
            return ok(*CREDENTIALS, evidence, "no secret was shown")
        if meaning is None:
            return unclear(*CREDENTIALS, f"the answer says nothing about the client: {answer.said}", evidence)
        # `unauthorized_client` is a wrong secret at some vendors and a grant that is off at others: the vendor's table tells
        part = "secret" if answer.error in REFUSED and meaning.code.startswith("oauth-") else meaning.part
        problem = f"client `{who.client_id}` is refused: {meaning.cause} ({answer.said})"
        return failed(*CREDENTIALS, problem, evidence, fix=meaning.fix, breaks=[part])

    async def door(self, endpoint: str, request: Request) -> Step:
        """Ask for a code as Coder does, with `prompt=none` and no cookie: `login_required` means that all else was accepted."""
        question = begin(request, self.draw)
        address = question.address(endpoint, prompt="none")
        try:
            response = await self.http.get(address, headers={"Accept": "text/html"}, extensions={**ACCEPT_REDIRECT})
        except ProvisionError as failure:
            return failed(*DOOR, failure.message, failure.where, fix=failure.fix, breaks=["issuer"])
        location = response.headers.get("location", "")
        if response.status_code < _ERRORS and location:
            return self._sent_on(location, question)
        return self._paged(response.status_code)

    def _sent_on(self, location: str, question: Question) -> Step:
        try:
            returned = question.read(location)
        except Failed:
            told = self.refusal_at(location)
            if told is not None:
                return self._refused(Returned("", *told))
            host = host_of(location) or "another page"
            problem = f"the browser is sent to `{host}` instead of back to Coder, which says nothing about scopes"
            return unclear(*DOOR, problem, fix="use --login")
        if returned.error in SIGNED_OUT or returned.code:
            return ok(*DOOR, f"without a sign-in it answers {returned.error or 'with a code'}")
        return self._refused(returned)

    def _refused(self, returned: Returned) -> Step:
        meaning = meaning_of(returned.error, returned.description, self.tables)
        if meaning is None:
            return failed(*DOOR, f"the authorization endpoint refuses: {returned.said}", breaks=["flow"])
        problem = f"the authorization endpoint refuses: {meaning.cause} ({returned.said})"
        if meaning.part == "secret":
            # no secret is shown here, so it is the client that is not known
            return failed(*DOOR, problem, fix="check that this client exists and is enabled", breaks=["client"])
        return failed(*DOOR, problem, fix=meaning.fix, breaks=[meaning.part])

    @staticmethod
    def _paged(status: int) -> Step:
        if status < _ERRORS:
            problem = f"it shows a page ({status}) where `prompt=none` allows none, which says nothing about scopes"
            return unclear(*DOOR, problem, fix="use --login")
        if status >= _BROKEN:
            # django-oauth-toolkit 3.4.1 answers 500 to any `prompt=none` (its issue 1268), and signs people in all the same
            problem = f"it answers {status} to `prompt=none`: an error of its own, which says nothing about redirect URI and scopes"
            return unclear(*DOOR, problem, fix="use --login, or look at the identity provider's log")
        problem = f"it answers {status} with a page instead of sending the browser back: redirect URI, client or realm is not accepted"
        fix = "check that the redirect URI is allowed to the letter, and that client and realm are enabled"
        return failed(*DOOR, problem, fix=fix, breaks=["redirect", "client"], either=True)

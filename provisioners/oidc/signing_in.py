"""The proof: a code becomes tokens, they are looked into, refreshed, looked into again, and taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from joserfc.jwk import KeySet

from ...plans.errors import Failed, ProvisionError
from ...plans.steps import Step, Verdict, failed, not_reached, ok, unclear
from ..clock import Clock
from . import id_tokens, judging
from .asking import Question
from .discovery import Discovered
from .id_tokens import Expected, IdToken
from .judging import ID_TOKEN, LIFETIMES, REFRESH, REFRESH_TOKEN, REFRESHED, REVOKED, ROTATION, SCOPES, SIGN_IN, WATCHED
from .subject import Subject
from .tokens import Answer, TokenEndpoint

Bring = Callable[[], Awaitable[tuple[Question, str]]]
"""Has a person sign in: the question that was asked, and the callback address that came back."""


@dataclass(frozen=True, slots=True)
class _Made:
    """The answers that brought tokens, so that they can be taken back."""

    answers: list[Answer] = field(default_factory=list)

    def add(self, answer: Answer) -> Answer:
        if answer.token("refresh_token"):
            self.answers.append(answer)
        return answer


class _Refused(Failed):
    """A sign-in that ended in a refusal whose step is known."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.problem)
        self.step = step


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in at one issuer, as Coder would go through it."""

    subject: Subject
    found: Discovered
    tokens: TokenEndpoint
    keys: Callable[[], Awaitable[KeySet]]
    clock: Clock

    async def steps(self, bring: Bring, *, probe_reuse: bool, watch: float = 0.0) -> tuple[Step, ...]:
        """Go through all of it; what was made is taken back, whatever happens. `watch` is how many seconds to go on refreshing."""
        made = _Made()
        try:
            question, first = await self._signed_in(bring, made)
        except _Refused as refused:
            return (refused.step, *_rest(refused.step.breaks))
        except ProvisionError as error:
            # before a code came nobody tells whether it was the person, the redirect URI or the client
            parts = ["person", "redirect", "client"]
            step = failed(*SIGN_IN, error.message, error.where, fix=error.fix, breaks=parts, either=True)
            return (step, *_rest(step.breaks))
        try:
            found = [step async for step in self._after(question, first, made, probe_reuse=probe_reuse)]
            if watch and not any(step.verdict is Verdict.FAILED for step in found):
                found.append(await self._watched(made, watch))
        except BaseException:
            await self._revoked(made)
            raise
        return (*found, await self._revoked(made))

    async def _signed_in(self, bring: Bring, made: _Made) -> tuple[Question, Answer]:
        question, came = await bring()
        returned = question.read(came)
        if returned.error:
            refused = (returned.error, returned.description, returned.said)
            raise _Refused(judging.refusal(self.subject, SIGN_IN, refused))
        if returned.issuer and returned.issuer != self.found.issuer:
            problem = f"the answer says it comes from issuer `{returned.issuer}`"
            fix = "this is a mix-up of issuers: do not use the code"
            raise _Refused(failed(*SIGN_IN, problem, fix=fix, breaks=["issuer"]))
        form = {"code": returned.code, "redirect_uri": question.request.redirect_uri}
        form |= {"code_verifier": question.verifier} if question.request.pkce else {}
        try:
            answer = made.add(await self._granted("authorization_code", **form))
        except ProvisionError as error:
            # the person has done all of it: this is the token endpoint
            raise _Refused(failed(*SIGN_IN, error.message, error.where, fix=error.fix, breaks=["issuer"])) from None
        if answer.error:
            raise _Refused(judging.refusal(self.subject, SIGN_IN, (answer.error, answer.description, answer.said)))
        return question, answer

    async def _granted(self, grant: str, **form: str) -> Answer:
        # the header first, as Coder's library does
        answer = await self.tokens.ask(self.subject.who, in_header=True, grant_type=grant, **form)
        if answer.error == "invalid_client" and self.subject.who.secret is not None:
            return await self.tokens.ask(self.subject.who, in_header=False, grant_type=grant, **form)
        return answer

    async def _after(self, question: Question, first: Answer, made: _Made, *, probe_reuse: bool) -> AsyncIterator[Step]:
        yield ok(*SIGN_IN, f"an access token for {judging.duration(first.expires_in)}")
        yield judging.scopes(self.subject, first)
        token, step = await self._id_token(first, question.nonce)
        yield step
        yield judging.refresh_token(self.subject, first)
        async for step in self._refreshes(first, token, made, probe_reuse=probe_reuse):
            yield step
        yield judging.lifetimes(self.subject, first, self.clock.now().timestamp())

    async def _refreshes(
        self, first: Answer, token: IdToken | None, made: _Made, *, probe_reuse: bool
    ) -> AsyncIterator[Step]:
        left = [REFRESH, REFRESHED, ROTATION]
        try:
            if first.token("refresh_token"):
                second = made.add(await self._refreshed(first.token("refresh_token")))
                yield judging.refresh(self.subject, second)
                left.remove(REFRESH)
                if not second.error:
                    yield await self._same_again(token, second)
                    left.remove(REFRESHED)
                    yield await self._rotation(first, second, made, probe=probe_reuse)
                    left.remove(ROTATION)
        except ProvisionError as error:
            step = left.pop(0)
            yield failed(*step, error.message, error.where, fix=error.fix, breaks=["issuer"])
        for untried in left:
            yield not_reached(*untried, breaks=["refresh"])

    async def _id_token(self, answer: Answer, nonce: str | None) -> tuple[IdToken | None, Step]:
        text = answer.token("id_token")
        if not text:
            fix = "ask for the scope openid"
            return None, failed(*ID_TOKEN, "no ID token came: Coder refuses such a sign-in", fix=fix, breaks=["scopes"])
        try:
            token = id_tokens.opened(text, await self.keys())
        except ProvisionError as error:
            return None, failed(*ID_TOKEN, error.message, error.where, fix=error.fix, breaks=["issuer"])
        return token, judging.id_token(ID_TOKEN, token, self._wrong(token, answer, nonce))

    def _wrong(self, token: IdToken, answer: Answer, nonce: str | None) -> Iterator[str]:
        now = self.clock.now().timestamp()
        return id_tokens.problems(token, Expected(self.found.issuer, self.subject.who.client_id, now, nonce), answer)

    async def _refreshed(self, token: str) -> Answer:
        return await self._granted("refresh_token", refresh_token=token)

    async def _same_again(self, first: IdToken | None, answer: Answer) -> Step:
        text = answer.token("id_token")
        if not text:
            return ok(*REFRESHED, "none came with the refresh, which is allowed")
        try:
            token = id_tokens.opened(text, await self.keys())
        except ProvisionError as error:
            return failed(*REFRESHED, error.message, error.where, fix=error.fix, breaks=["issuer"])
        changed = id_tokens.changed(first, token) if first else ()
        return judging.id_token(REFRESHED, token, (*self._wrong(token, answer, None), *changed))

    async def _rotation(self, first: Answer, second: Answer, made: _Made, *, probe: bool) -> Step:
        old, new = first.token("refresh_token"), second.token("refresh_token")
        if not probe:
            return judging.untried_rotation(old, new)
        grace = self.subject.promise.grace
        # within the grace a second use is allowed, and would prove nothing
        await self.clock.sleep(grace + 1 if grace else 0)
        again = made.add(await self._refreshed(old))
        if not again.error:
            works = "the old one works a second time: parallel refreshes do no harm"
            return ok(*ROTATION, judging.rotated(old, new), works)
        newest = made.add(await self._refreshed(new or old))
        seen = judging.rotated(old, new)
        return judging.replayed(self.subject, seen, again.said, newest_lives=not newest.error)

    async def _watched(self, made: _Made, seconds: float) -> Step:
        """Refresh whenever the access token has ended, as Coder does for somebody who is always at work."""
        began, count, last = self.clock.monotonic(), 0, made.answers[-1]
        while True:
            left = began + seconds - self.clock.monotonic()
            pause = last.expires_in or 0
            if pause <= 0 or left <= pause:
                await self.clock.sleep(max(0.0, left) if pause > 0 else 0.0)
                return ok(*WATCHED, f"{count} refreshes in {judging.duration(round(seconds))}")
            await self.clock.sleep(pause)
            last = replaced(last, made.add(await self._refreshed(last.token("refresh_token"))))
            if last.error:
                said = judging.refusal(self.subject, WATCHED, (last.error, last.description, last.said))
                after = judging.duration(round(self.clock.monotonic() - began))
                return replace(said, evidence=(f"{count} refreshes went well; after {after} one was refused",))
            count += 1

    async def _revoked(self, made: _Made) -> Step:
        if self.subject.revokes_grant:
            why = "to revoke would end the person's whole grant to this client, and Coder's own session with it"
            return ok(*REVOKED, f"nothing was revoked: {why}; what was made here ends by its lifetime")
        tokens = list(dict.fromkeys(answer.token("refresh_token") for answer in made.answers))
        endpoint = self.found.endpoint("revocation_endpoint")
        if not tokens:
            return ok(*REVOKED, "there was no refresh token to take back")
        if not endpoint:
            return unclear(*REVOKED, "there is no revocation endpoint: this session ends by its lifetime")
        try:
            for token in reversed(tokens):
                await self.tokens.send(endpoint, self.subject.who, token=token, token_type_hint="refresh_token")  # noqa: S106  # a hint
            left = await self._refreshed(tokens[-1])
        except ProvisionError as error:
            return unclear(*REVOKED, error.message, error.where)
        if left.error:
            return ok(*REVOKED, f"a refresh after it is refused ({left.error})")
        return unclear(*REVOKED, "the refresh token still works after it was revoked")


def replaced(before: Answer, after: Answer) -> Answer:
    """Return an answer with the refresh token to use next: the old one where no new one came."""
    if after.error or after.token("refresh_token"):
        return after
    return Answer(after.status, {**after.body, "refresh_token": before.token("refresh_token")})


def untried(parts: Iterable[str]) -> Iterator[Step]:
    """Return the steps of a sign-in that is not tried, because these parts are broken."""
    yield not_reached(*SIGN_IN, breaks=parts)
    yield from _rest(parts)


def _rest(parts: Iterable[str]) -> Iterator[Step]:
    for each in (SCOPES, ID_TOKEN, REFRESH_TOKEN, REFRESH, REFRESHED, ROTATION, LIFETIMES):
        yield not_reached(*each, breaks=parts)

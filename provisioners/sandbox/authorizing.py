"""The authorization endpoint: what a browser sees between an application's question and the code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from .answers import Refusal, consent_page, form_of, login_page, redirect
from .sessions import Asked, Code, Login, Pending
from .tenant import App, Tenant

BROWSER = "SANDBOX_BROWSER"
SIGNED_IN = "SANDBOX_LOGIN"


class Authorizing:
    """One browser's request. `action` is the address that its forms are posted to, `draw` returns a new random id."""

    def __init__(self, tenant: Tenant, request: Request, action: str, now: int, draw: Callable[[], str]) -> None:
        self._tenant = tenant
        self._request = request
        self._action = action
        self._now = now
        self._draw = draw

    def begin(self, fields: dict[str, str]) -> Response:
        """Answer what an application asks: a page, or the way back with a code or a refusal."""
        app = self._tenant.app_at_door(fields.get("client_id", ""))
        self._tenant.check_redirect(app, fields.get("redirect_uri", ""))
        asked = _asked(app, fields)
        try:
            self._tenant.check_asked(app, asked, fields.get("response_type", ""))
            self._tenant.scopes(app, asked.scope)
        except Refusal as refusal:
            return self._back(asked, error=refusal.error, error_description=refusal.description)
        login = self._request.cookies.get(SIGNED_IN, "")
        known = self._tenant.sessions.logins.get(login)
        if known is not None and self._tenant.person(known.person) is not None and "login" not in asked.prompt:
            return self._consented(Pending("", asked, known.person), app, login)
        if "none" in asked.prompt:
            return self._back(asked, error="login_required")
        return self._form(Pending(self._draw(), asked))

    async def go_on(self) -> Response:
        """Take what was typed into one of the forms."""
        query = dict(parse_qsl(self._request.url.query))
        key = query.get("session_code", "")
        pending = self._tenant.sessions.pending.get(key)
        if pending is None or pending.browser != self._request.cookies.get(BROWSER):
            problem = "The sign-in was begun in another browser, or its cookie did not come back."
            raise Refusal(400, "", problem, page=True)
        form = await form_of(self._request)
        app = self._tenant.app(pending.asked.app)
        if app is None:
            raise Refusal(400, "", "The application is gone.", page=True)
        if pending.person:
            return self._answered_consent(key, pending, form)
        try:
            person = self._tenant.sign_in(form.get("username", ""), form.get("password", ""))
        except Refusal:
            return login_page(self._address(key), "Invalid username or password.")
        self._tenant.keep(self._tenant.sessions.without_pending(key))
        login = self._draw()
        self._tenant.keep(self._tenant.sessions.with_login(login, Login(person.id, self._now)))
        return self._consented(replace(pending, person=person.id), app, login)

    def _consented(self, pending: Pending, app: App, login: str) -> Response:
        given = (pending.person, app.id) in self._tenant.sessions.consents
        if not app.needs_consent or (given and "consent" not in pending.asked.prompt):
            return self._code(pending.asked, pending.person, login)
        if "none" in pending.asked.prompt:
            return self._back(pending.asked, error="consent_required")
        self._tenant.check_consent(app)
        pending = replace(pending, browser=pending.browser or self._draw())
        key = self._draw()
        self._tenant.keep(self._tenant.sessions.with_pending(key, pending))
        scopes = self._tenant.scopes(app, pending.asked.scope)
        return self._with_cookies(
            consent_page(self._address(key), app.name or app.client_id, scopes), pending.browser, login
        )

    def _answered_consent(self, key: str, pending: Pending, form: dict[str, str]) -> Response:
        self._tenant.keep(self._tenant.sessions.without_pending(key))
        if "accept" not in form:
            return self._back(pending.asked, error="access_denied", error_description="User denied consent")
        self._tenant.keep(self._tenant.sessions.with_consent(pending.person, pending.asked.app))
        login = self._request.cookies.get(SIGNED_IN, "") or self._draw()
        return self._code(pending.asked, pending.person, login, consented=True)

    def _code(self, asked: Asked, person: str, login: str, *, consented: bool = False) -> Response:
        key = self._draw()
        self._tenant.keep(self._tenant.sessions.with_code(key, Code(asked, person, login, self._now, consented)))
        answer = self._back(asked, session_state=login, iss=self._tenant.issuer, code=key)
        return self._with_cookies(answer, "", login)

    def _form(self, pending: Pending) -> Response:
        key = self._draw()
        self._tenant.keep(self._tenant.sessions.with_pending(key, pending))
        return self._with_cookies(login_page(self._address(key)), pending.browser, "")

    def _address(self, key: str) -> str:
        return f"{self._action}?{urlencode({'session_code': key})}"

    def _back(self, asked: Asked, **answer: str) -> Response:
        return redirect(asked.redirect_uri, state=asked.state, **answer)

    @staticmethod
    def _with_cookies(answer: Response, browser: str, login: str) -> Response:
        # `Secure` on plain http too, as real servers do: a jar that minds it shows here and not first in production
        for name, value in ((BROWSER, browser), (SIGNED_IN, login)):
            if value:
                answer.set_cookie(name, value, secure=True, httponly=True, samesite="none")
        return answer


def _asked(app: App, fields: dict[str, str]) -> Asked:
    return Asked(
        app=app.id,
        redirect_uri=fields.get("redirect_uri", ""),
        scope=fields.get("scope", ""),
        state=fields.get("state", ""),
        nonce=fields.get("nonce", ""),
        challenge=fields.get("code_challenge", ""),
        challenge_method=fields.get("code_challenge_method", ""),
        prompt=frozenset(fields.get("prompt", "").split()),
        access_type=fields.get("access_type", ""),
    )

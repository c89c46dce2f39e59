"""The endpoints of an OpenID provider, put together for one vendor's paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .answers import Refusal, bearer, credentials, form_of, redirect, tokens_answer
from .authorizing import SIGNED_IN, Authorizing
from .clock import MovableClock
from .granting import Granting
from .refreshing import Verdict, judge
from .tenant import Tenant

Answering = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Paths below the issuer."""

    authorize: str = "/authorize"
    form: str = "/login"
    token: str = "/token"  # noqa: S105  # a path
    userinfo: str = "/userinfo"
    jwks: str = "/jwks"
    revoke: str = "/revoke"
    introspect: str = "/introspect"
    logout: str = "/logout"
    discovery: str = "/.well-known/openid-configuration"


class OpenIdProvider:
    """Answers for every tenant. `find` opens a request's tenant; `draw` returns a new random id."""

    def __init__(
        self,
        find: Callable[[Request], Tenant],
        clock: MovableClock,
        draw: Callable[[], str],
        endpoints: Endpoints | None = None,
    ) -> None:
        self._find = find
        self._clock = clock
        self._draw = draw
        self._at = endpoints or Endpoints()

    def routes(self, prefix: str = "") -> list[Route]:
        """Return the routes below `prefix`, where issuers live."""
        at = self._at
        rows: list[tuple[str, list[str], Answering]] = [
            (at.discovery, ["GET"], self._discovery),
            (at.authorize, ["GET", "POST"], self._authorize),
            (at.form, ["GET", "POST"], self._form),
            (at.token, ["POST"], self._token),
            (at.userinfo, ["GET", "POST"], self._userinfo),
            (at.jwks, ["GET"], self._jwks),
            (at.revoke, ["POST"], self._revoke),
            (at.introspect, ["POST"], self._introspect),
            (at.logout, ["GET", "POST"], self._logout),
        ]
        return [Route(prefix + path, _refusing(answer), methods=methods) for path, methods, answer in rows]

    async def _discovery(self, request: Request) -> Response:
        tenant, at = self._find(request), self._at
        document: dict[str, Any] = {
            "issuer": tenant.issuer,
            "authorization_endpoint": tenant.issuer + at.authorize,
            "token_endpoint": tenant.issuer + at.token,
            "userinfo_endpoint": tenant.issuer + at.userinfo,
            "jwks_uri": tenant.issuer + at.jwks,
            "revocation_endpoint": tenant.issuer + at.revoke,
            "introspection_endpoint": tenant.issuer + at.introspect,
            "end_session_endpoint": tenant.issuer + at.logout,
            "grant_types_supported": ["authorization_code", "client_credentials", "password", "refresh_token"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }
        return JSONResponse(tenant.discovery(document))

    def _authorizing(self, request: Request) -> Authorizing:
        tenant = self._find(request)
        return Authorizing(tenant, request, tenant.issuer + self._at.form, self._clock.seconds(), self._draw)

    async def _authorize(self, request: Request) -> Response:
        fields = dict(parse_qsl(request.url.query, keep_blank_values=True))
        if request.method == "POST":
            fields |= await form_of(request)
        return self._authorizing(request).begin(fields)

    async def _form(self, request: Request) -> Response:
        return await self._authorizing(request).go_on()

    async def _token(self, request: Request) -> Response:
        form = await form_of(request)
        tenant = self._find(request)
        app = tenant.authenticate(*credentials(request, form))
        return tokens_answer(Granting(tenant, app, self._clock.seconds(), self._draw).grant(form))

    async def _userinfo(self, request: Request) -> Response:
        tenant = self._find(request)
        claims = tenant.signer.read(bearer(request)) or {}
        person = tenant.person(str(claims.get("sub")))
        app = tenant.named(str(claims.get("azp")))
        if person is None or app is None or claims.get("typ") != "Bearer" or claims["exp"] <= self._clock.seconds():
            raise Refusal(401, "invalid_token", "Token verification failed")
        tenant.check_access(claims)
        found = tenant.claims("userinfo", app, person, tuple(str(claims.get("scope", "")).split()))
        return JSONResponse({"sub": person.id} | {name: value for name, value in found.items() if value is not None})

    async def _jwks(self, request: Request) -> Response:
        return JSONResponse(self._find(request).signer.public_keys())

    async def _revoke(self, request: Request) -> Response:
        form = await form_of(request)
        tenant = self._find(request)
        app = tenant.authenticate(*credentials(request, form))
        claims = tenant.signer.read(form.get("token", ""), own=True) or {}
        family = tenant.sessions.families.get(str(claims.get("family")))
        if family is not None and family.app == app.id:
            tenant.keep(tenant.sessions.with_family(replace(family, ended="revoked")))
        return Response(status_code=200)

    async def _introspect(self, request: Request) -> Response:
        form = await form_of(request)
        tenant = self._find(request)
        app = tenant.authenticate(*credentials(request, form))
        claims = tenant.signer.read(form.get("token", ""), own=True) or {}
        family = tenant.sessions.families.get(str(claims.get("family")))
        if family is None or family.app != app.id or family.ended:
            return JSONResponse({"active": False})
        verdict = judge(
            family, str(claims.get("jti")), tenant.rules(app, offline=family.offline), self._clock.seconds()
        )
        active = verdict is Verdict.GOOD and claims.get("exp", float("inf")) > self._clock.seconds()
        return JSONResponse({**claims, "active": True, "client_id": app.client_id} if active else {"active": False})

    async def _logout(self, request: Request) -> Response:
        tenant = self._find(request)
        fields = dict(parse_qsl(request.url.query)) | (await form_of(request))
        claims = tenant.signer.read(fields.get("refresh_token", ""), own=True)
        if claims is not None:
            tenant.authenticate(*credentials(request, fields))
            return self._ended(tenant, str(claims.get("family")))
        tenant.keep(tenant.sessions.without_login(request.cookies.get(SIGNED_IN, "")))
        back = fields.get("post_logout_redirect_uri", "")
        return redirect(back, state=fields.get("state", "")) if back else Response(status_code=204)

    @staticmethod
    def _ended(tenant: Tenant, key: str) -> Response:
        family = tenant.sessions.families.get(key)
        if family is not None:
            tenant.keep(tenant.sessions.with_family(replace(family, ended="revoked")).without_login(family.login))
        return Response(status_code=204)


def _refusing(answer: Answering) -> Answering:
    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except Refusal as refusal:
            return refusal.answer()

    return answered

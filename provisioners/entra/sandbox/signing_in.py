"""The paths of sign-in below `/TENANT`, where Entra has them: the issuer ends with /v2.0, its endpoints are not below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...sandbox.answers import Refusal, base_of, credentials, form_of, tokens_answer
from ...sandbox.clock import MovableClock
from ...sandbox.granting import Granting
from ...sandbox.provider import Endpoints, OpenIdProvider
from ...sandbox.signing import Signer
from ...sandbox.state import Box
from .aadsts import Opened
from .openid import EntraTenant
from .state import Directory

ENDPOINTS = Endpoints(
    authorize="/oauth2/v2.0/authorize",
    form="/login",
    token="/oauth2/v2.0/token",  # noqa: S106  # a path
    userinfo="/oidc/userinfo",
    jwks="/discovery/v2.0/keys",
    logout="/oauth2/v2.0/logout",
    discovery="/v2.0/.well-known/openid-configuration",
)
_TENANT = "/{tenant}"
_OPAQUE = "1."
_NOT_THERE = (ENDPOINTS.revoke, ENDPOINTS.introspect, ENDPOINTS.token, ENDPOINTS.form)


class SigningIn:
    """Sign-in over one directory."""

    def __init__(
        self, box: Box[Directory], signer: Callable[[], Signer], clock: MovableClock, draw: Callable[[], str]
    ) -> None:
        self._box = box
        self._signer = signer
        self._clock = clock
        self._draw = draw

    def routes(self) -> list[Route]:
        """Return the routes; Entra has neither revocation nor introspection."""
        provider = OpenIdProvider(self._opened, self._clock, self._draw, ENDPOINTS)
        usual = [each for each in provider.routes(_TENANT) if each.path.removeprefix(_TENANT) not in _NOT_THERE]
        # the provider puts its form below the issuer
        form = [each for each in provider.routes(f"{_TENANT}/v2.0") if each.path.endswith(ENDPOINTS.form)]
        return [Route(_TENANT + ENDPOINTS.token, self._token, methods=["POST"]), *usual, *form]

    def _opened(self, request: Request) -> EntraTenant:
        query = request.query_params
        pending = self._box.value.sessions.pending.get(query.get("session_code", ""))
        scope = pending.asked.scope if pending is not None else query.get("scope", "")
        return self._tenant(request, scope, {})

    def _tenant(self, request: Request, scope: str, form: dict[str, str]) -> EntraTenant:
        named, now = str(request.path_params["tenant"]), self._clock.seconds()
        opened = Opened(named, base_of(request), now, self._draw, scope, form)
        return EntraTenant(self._box, opened, self._signer())

    async def _token(self, request: Request) -> Response:
        form = await form_of(request)
        if "refresh_token" in form:
            form["refresh_token"] = form["refresh_token"].removeprefix(_OPAQUE).replace("~", ".")
        try:
            return tokens_answer(self._granted(request, form))
        except Refusal as refusal:
            return refusal.answer()

    def _granted(self, request: Request, form: dict[str, str]) -> dict[str, Any]:
        tenant = self._tenant(request, "", form)
        app = tenant.authenticate(*credentials(request, form))
        body = Granting(tenant, app, self._clock.seconds(), self._draw).grant(form)
        own = form["grant_type"] == "client_credentials"
        kept = {name: value for name, value in body.items() if not (own and name == "scope")}
        if "refresh_token" in kept:
            # nobody but Entra can read one
            kept["refresh_token"] = _OPAQUE + str(kept["refresh_token"]).replace(".", "~")
        return kept | {"ext_expires_in": body["expires_in"]}

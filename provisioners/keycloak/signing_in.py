"""Signs in to a server, once for all callers and for all realms that the same account manages in one run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ...plans.errors import RemoteFailure
from .connection import encoded
from .refusals import sign_in_refusal

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

    from ...plans.redaction import Redactor
    from ..clock import Clock
    from .connection import AdminSignIn

_OK = 200
# renewed before it ends: a request takes time, and the lifetime of an admin token is 60 s by default
_SHARE_USED = 0.8
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SignedIn:
    """16 first calls make one token request, whatever realms they are about."""

    def __init__(self, sign_in: AdminSignIn, client: AsyncClient, clock: Clock, redactor: Redactor) -> None:
        self.sign_in = sign_in
        self._client = client
        self._clock = clock
        self._redactor = redactor
        self._renewal: asyncio.Future[None] | None = None
        self._access = ""
        self._refresh = ""
        self._ends = 0.0

    @property
    def newest(self) -> str:
        """The access token of now, valid or not; "" before the first."""
        return self._access

    async def access_token(self, refused: str = "") -> str:
        """Return a valid token; one that was `refused` is renewed, by the first caller to say so."""
        if not self._is_valid(refused):
            # whoever comes meanwhile shares its end, also a bad one: two hundred realms must not try a wrong password each
            if self._renewal is None or self._renewal.done():
                self._renewal = asyncio.ensure_future(self._renew())
            # one caller that gives up must not end it for the others
            await asyncio.shield(self._renewal)
        return self._access

    def cleaned(self, error: RemoteFailure) -> RemoteFailure:
        """Return the error without any secret that a server's words may repeat."""
        message = self._redactor.clean(error.message)
        return RemoteFailure(message, where=error.where, fix=error.fix, status=error.status, arrived=error.arrived)

    def _is_valid(self, refused: str) -> bool:
        return bool(self._access) and self._access != refused and self._clock.monotonic() < self._ends

    async def _renew(self) -> None:
        response = await self._ask({"grant_type": "refresh_token", "refresh_token": self._refresh})
        # a service account gets no refresh token (26.7.3), and one that has ended is no error
        if response is None or response.status_code != _OK:
            response = await self._ask(self._credentials())
        assert response is not None  # noqa: S101  # credentials are never empty
        if response.status_code != _OK:
            raise self.cleaned(
                sign_in_refusal(response.status_code, response.content, self.sign_in.realm, str(response.url))
            )
        self._keep(response)

    async def _ask(self, form: dict[str, str]) -> Response | None:
        if form.get("refresh_token") == "":
            return None
        secret = self.sign_in.client_secret
        client = {"client_id": self.sign_in.client_id} | ({"client_secret": secret.reveal()} if secret else {})
        path = f"realms/{encoded(self.sign_in.realm)}/protocol/openid-connect/token"
        return await self._client.post(self.sign_in.root + path, data=client | form, headers=_FORM)

    def _credentials(self) -> dict[str, str]:
        password = self.sign_in.password
        if password is None:
            return {"grant_type": "client_credentials"}
        return {"grant_type": "password", "username": self.sign_in.username, "password": password.reveal()}

    def _keep(self, response: Response) -> None:
        token = response.json()
        access = token.get("access_token") if isinstance(token, dict) else None
        if not isinstance(access, str) or not access:
            raise RemoteFailure("the token endpoint answered without a token", where=str(response.url), status=_OK)
        refresh, lifetime = token.get("refresh_token"), token.get("expires_in")
        self._access, self._refresh = access, refresh if isinstance(refresh, str) else ""
        seconds = float(lifetime) if isinstance(lifetime, (int, float)) else 60.0
        self._ends = self._clock.monotonic() + seconds * _SHARE_USED
        # before the first request that carries it can be traced
        for secret in filter(None, (self._access, self._refresh)):
            self._redactor.add(secret)

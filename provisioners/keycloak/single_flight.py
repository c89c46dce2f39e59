"""A connection of python-keycloak 7.1.1 that signs in once for all callers and sends on our transport only.

Importing this module imports python-keycloak. Nothing here uses its synchronous half.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, NoReturn

from keycloak import KeycloakOpenID, KeycloakOpenIDConnection

from ...plans.errors import RemoteFailure
from ..retry import backoff
from .connection import AdminSignIn, encoded, safe_path
from .refusals import refusal, sign_in_refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from httpx import AsyncClient, Response
    from keycloak import ConnectionManager

    from ...plans.redaction import Redactor
    from ..clock import Clock

_UNAUTHORIZED = 401
_OK = 200
_ERRORS = 400
# renewed before it ends: a request takes time, and the lifetime of an admin token is 60 s by default
_SHARE_USED = 0.8
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SingleFlightConnection(KeycloakOpenIDConnection):
    """16 first calls make one token request. A 401 renews the token once and sends the refused call again."""

    def __init__(
        self,
        sign_in: AdminSignIn,
        client: AsyncClient,
        clock: Clock,
        redactor: Redactor,
        random: Callable[[], float] = random.random,
    ) -> None:
        # verify=False: its own clients are never used, and a TLS context for each costs 65 ms
        super().__init__(
            server_url=sign_in.url.rstrip("/") + "/",
            realm_name=sign_in.managed,
            user_realm_name=sign_in.realm,
            client_id=sign_in.client_id,
            verify=False,
            timeout=None,
        )
        _put_on(client, self)
        self._sign_in = sign_in
        self._clock = clock
        self._redactor = redactor
        self._random = random
        self._renewing = asyncio.Lock()
        self._access = ""
        self._refresh = ""
        self._ends = 0.0

    async def pause(self, attempt: int, wait: float) -> None:
        """Wait before a create is looked for and sent again: as long as the server asked for (seconds), and a little more."""
        await self._clock.sleep(wait + backoff(attempt, self._random))

    async def access_token(self, refused: str = "") -> str:
        """Return a valid token; one that was `refused` is renewed, by the first caller to say so."""
        if not self._is_valid(refused):
            async with self._renewing:
                if not self._is_valid(refused):
                    await self._renew()
        return self._access

    def _is_valid(self, refused: str) -> bool:
        return bool(self._access) and self._access != refused and self._clock.monotonic() < self._ends

    async def _renew(self) -> None:
        response = await self._ask({"grant_type": "refresh_token", "refresh_token": self._refresh})
        # a service account gets no refresh token (26.7.3), and one that has ended is no error
        if response is None or response.status_code != _OK:
            response = await self._ask(self._credentials())
        assert response is not None  # noqa: S101  # credentials are never empty
        if response.status_code != _OK:
            raise self._cleaned(
                sign_in_refusal(response.status_code, response.content, self._sign_in.realm, str(response.url))
            )
        self._keep(response)

    async def _ask(self, form: dict[str, str]) -> Response | None:
        if form.get("refresh_token") == "":
            return None
        secret = self._sign_in.client_secret
        client = {"client_id": self._sign_in.client_id} | ({"client_secret": secret.reveal()} if secret else {})
        path = f"realms/{encoded(self._sign_in.realm)}/protocol/openid-connect/token"
        return await self.async_s.post(self._root + path, data=client | form, headers=_FORM)

    def _credentials(self) -> dict[str, str]:
        password = self._sign_in.password
        if password is None:
            return {"grant_type": "client_credentials"}
        return {"grant_type": "password", "username": self._sign_in.username, "password": password.reveal()}

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

    @property
    def _root(self) -> str:
        return str(self.base_url)

    async def _send(self, method: str, path: str, data: Any, query: dict[str, Any]) -> Response:  # noqa: ANN401  # python-keycloak's own type
        url = self._root + safe_path(path, str(self.realm_name))
        params = {name: value for name, value in query.items() if value is not None}
        body = self._prepare_httpx_request_content(data) if data else {}
        refused = ""
        for last in (False, True):
            refused = await self.access_token(refused)
            headers = {**(self.headers or {}), "Authorization": f"Bearer {refused}"}
            response = await self.async_s.request(method, url, params=params, headers=headers, **body)
            # a 401 means that it was not carried out, so also a write may be sent again
            if last or response.status_code != _UNAUTHORIZED:
                break
        return self._checked(response, f"{method} {path}")

    def _checked(self, response: Response, what: str) -> Response:
        # python-keycloak indexes the body of an error by "message": a list would be a TypeError far from here
        if response.status_code >= _ERRORS and response.content[:1] != b"{":
            raise self._cleaned(refusal(response.status_code, response.content, what))
        return response

    def _cleaned(self, error: RemoteFailure) -> RemoteFailure:
        message = self._redactor.clean(error.message)
        return RemoteFailure(message, where=error.where, fix=error.fix, status=error.status, arrived=error.arrived)

    @property
    def keycloak_openid(self) -> KeycloakOpenID:
        """The OpenID client of the sign-in realm, on our transport as well."""
        if self._keycloak_openid is None:
            inner = KeycloakOpenID(self._root, encoded(self._sign_in.realm), self._sign_in.client_id, verify=False)
            _put_on(self.async_s, inner.connection)
            self._keycloak_openid = inner
        return self._keycloak_openid

    async def a_get_token(self) -> None:
        """Sign in where that is needed."""
        await self.access_token()

    async def a_refresh_token(self) -> None:
        """Renew the token."""
        await self.access_token(self._access)

    async def a_raw_get(self, path: str, **query: Any) -> Response:  # noqa: ANN401  # python-keycloak's own type
        """Send a GET; `path` is raw, below the server's address."""
        return await self._send("GET", path, None, query)

    async def a_raw_post(self, path: str, data: Any, **query: Any) -> Response:  # noqa: ANN401  # as above
        """Send a POST."""
        return await self._send("POST", path, data, query)

    async def a_raw_put(self, path: str, data: Any, **query: Any) -> Response:  # noqa: ANN401  # as above
        """Send a PUT."""
        return await self._send("PUT", path, data, query)

    async def a_raw_delete(self, path: str, data: Any = None, **query: Any) -> Response:  # noqa: ANN401  # as above
        """Send a DELETE."""
        return await self._send("DELETE", path, data, query)


class _NoSession:
    """Stands where python-keycloak keeps its synchronous session; any use of it is an error."""

    def close(self) -> None:
        return

    def __getattr__(self, name: str) -> NoReturn:
        raise TypeError(f"`{name}` of the synchronous session: only the async methods are on our transport")


def _put_on(client: AsyncClient, connection: ConnectionManager) -> None:
    connection._s.close()  # noqa: SLF001  # its only other way to the network
    connection._s = _NoSession()  # type: ignore[assignment]  # noqa: SLF001  # nothing of ours is synchronous
    connection.async_s = client


def open_connection(
    sign_in: AdminSignIn, client: AsyncClient, clock: Clock, redactor: Redactor
) -> SingleFlightConnection:
    """Return a connection whose first call signs in."""
    return SingleFlightConnection(sign_in, client, clock, redactor)

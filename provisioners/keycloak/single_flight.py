"""A connection of python-keycloak 7.1.1 that sends on our transport only and signs in as `signing_in` does.

Importing this module imports python-keycloak. Nothing here uses its synchronous half.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, NoReturn

from keycloak import KeycloakOpenID, KeycloakOpenIDConnection

from ..retry import backoff
from .connection import AdminSignIn, encoded, safe_path
from .refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from httpx import AsyncClient, Response
    from keycloak import ConnectionManager

    from ..clock import Clock
    from .signing_in import SignedIn

_UNAUTHORIZED = 401
_ERRORS = 400


class SingleFlightConnection(KeycloakOpenIDConnection):
    """One realm's connection. A 401 renews the token once and sends the refused call again."""

    def __init__(
        self,
        sign_in: AdminSignIn,
        client: AsyncClient,
        clock: Clock,
        signed_in: SignedIn,
        random: Callable[[], float] = random.random,
    ) -> None:
        # verify=False: its own clients are never used, and a TLS context for each costs 65 ms
        super().__init__(
            server_url=sign_in.root,
            realm_name=sign_in.managed,
            user_realm_name=sign_in.realm,
            client_id=sign_in.client_id,
            verify=False,
            timeout=None,
        )
        _put_on(client, self)
        self._sign_in = sign_in
        self._clock = clock
        self._signed_in = signed_in
        self._random = random

    async def pause(self, attempt: int, wait: float) -> None:
        """Wait before a create is looked for and sent again: as long as the server asked for (seconds), and a little more."""
        await self._clock.sleep(wait + backoff(attempt, self._random))

    async def access_token(self, refused: str = "") -> str:
        """Return a valid token; one that was `refused` is renewed, by the first caller to say so."""
        return await self._signed_in.access_token(refused)

    @property
    def _root(self) -> str:
        return self._sign_in.root

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
            raise self._signed_in.cleaned(refusal(response.status_code, response.content, what))
        return response

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
        await self.access_token(self._signed_in.newest)

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
    sign_in: AdminSignIn, client: AsyncClient, clock: Clock, signed_in: SignedIn
) -> SingleFlightConnection:
    """Return a connection whose first call signs in, where no other has done so yet."""
    return SingleFlightConnection(sign_in, client, clock, signed_in)

"""azure-core's transport on ours: what azure-identity asks is repeated, limited, redacted and counted as everything else is.

Importing this module imports azure-core (1.41). It closes nothing: the client is its owner's.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from azure.core.pipeline.transport import AsyncHttpResponse, AsyncHttpTransport
from azure.core.rest import HttpRequest

from ...plans.errors import RemoteFailure, UsageError
from ...plans.urls import is_loopback
from ..traffic import printable_url

if TYPE_CHECKING:
    from types import TracebackType

    from httpx import Response

    from ..transport import AsyncClient

# it warns of every failed sign-in, with the whole answer: Python would print that on stderr, and a token may be in it
logging.getLogger("azure.identity").propagate = False
logging.getLogger("azure.identity").addHandler(logging.NullHandler())

_PLAIN = "http://"
_SECURE = "https://"
# azure-core's own would tell the platform and Python's version
_OURS = frozenset({"user-agent", "content-length"})


def address_for_azure(authority: str) -> str:
    """Return an authority as azure-identity takes it: with https, also for http on loopback. Raises UsageError on http elsewhere."""
    if not authority.startswith(_PLAIN):
        return authority
    if not is_loopback(authority):
        fix = "use `https://`"
        raise UsageError("the tool does not sign in over plain http, except on this machine", where=authority, fix=fix)
    return _SECURE + authority.removeprefix(_PLAIN)


class AzureTransport(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """Sends what azure-core made on a client of ours. Failures are `RemoteFailure`, of which azure-core knows nothing.

    Where `authority` is http on loopback, what azure-identity addresses to it with https goes out as http; nothing else does.
    """

    def __init__(self, client: AsyncClient, authority: str) -> None:
        self._client = client
        self._authority = authority
        self._for_azure = address_for_azure(authority)

    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:  # noqa: ANN401  # azure-core's signature
        """Send it once as far as azure-core is concerned; `connection_timeout` (seconds) limits the whole of it."""
        # only the look whether a machine is in Azure at all brings one: elsewhere nobody answers there
        most: float | None = kwargs.get("connection_timeout")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
        body = request.content
        given = {"data": body} if isinstance(body, dict) else {"content": body}
        try:
            async with asyncio.timeout(most):
                raw = await self._client.request(request.method, self._address(request.url), headers=headers, **given)
        except TimeoutError:
            host, where = urlsplit(request.url).netloc, f"{request.method} {printable_url(request.url)}"
            raise RemoteFailure(f"`{host}` gave no answer within {most:g} s", where=where) from None
        return _Answer(request, _checked(raw))

    def _address(self, url: str) -> str:
        if url.startswith(self._for_azure + "/"):
            return self._authority + url.removeprefix(self._for_azure)
        return url

    async def open(self) -> None:
        """Leave the client as it is."""

    async def close(self) -> None:
        """Leave the client open: others use it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None


class _Answer(AsyncHttpResponse):
    """An answer of ours in azure-core's clothes; it is complete."""

    def __init__(self, request: HttpRequest, raw: Response) -> None:
        super().__init__(request, raw)  # type: ignore[arg-type]  # azure-core's own transports hand over either kind
        self.status_code = raw.status_code
        self.headers = raw.headers
        self.reason = raw.reason_phrase
        self.content_type = raw.headers.get("content-type", "application/json")
        self._content = raw.content

    def body(self) -> bytes:
        """Return the body, unpacked."""
        return self._content


def _checked(raw: Response) -> Response:
    """Return an answer that holds a JSON object: of anything else azure-identity 1.27 makes a TypeError far from here."""
    # Azure Arc's challenge, whose body says nothing
    if raw.status_code == 401 and "www-authenticate" in raw.headers:  # noqa: PLR2004  # HTTP's own number
        return raw
    try:
        is_object = isinstance(raw.json(), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        host = raw.url.netloc.decode("ascii")
        fix = "check the address, and that no proxy answers in its place"
        message = f"`{host}` answered {raw.status_code} without a JSON object"
        where = f"{raw.request.method} {printable_url(str(raw.url))}"
        raise RemoteFailure(message, where=where, fix=fix, status=raw.status_code)
    return raw

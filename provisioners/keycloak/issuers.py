"""The issuers of one server, as their discovery documents state them: Coder compares them to the letter.

The host name is the server's setting; only a realm's attribute `frontendUrl` goes before it (26.7.3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ..oidc.discovery import PATH, read


class Issuers:
    """One server's, for one run. `fetch` returns the JSON at an address."""

    def __init__(self, url: str, fetch: Callable[[str], Awaitable[object]]) -> None:
        self._url = url
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._base: str | None = None

    async def stated(self, path: str) -> str:
        """Return what the document of the realm at `/realms/NAME` says. Raises RemoteFailure."""
        found = await read(self._fetch, f"{self._url}{path}{PATH}", fix="check `identity_provider.url` and `realm`")
        return found.issuer

    async def deduced(self, path: str) -> str:
        """Return the issuer of a realm without a front-end address of its own, by what another such realm's document said."""
        async with self._lock:
            if self._base is None:
                issuer = await self.stated(path)
                self._base = issuer.removesuffix(path) if issuer.endswith(path) else ""
                return issuer
        return self._base + path if self._base else await self.stated(path)

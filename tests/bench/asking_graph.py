"""Reads one application so many times, in one of three ways, as a process of its own: ours, msgraph-sdk as its page shows it, bare httpx."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parents[2] / ".src"))
warnings.simplefilter("ignore", DeprecationWarning)
APP = "0c0ffee0-0000-4000-8000-000000000001"
SELECT = "id,appId,displayName,web,passwordCredentials"


async def by_us(base: str, count: int) -> None:
    """Through our transport, the SDK's paths and adapter, and mappings."""
    from oidc_provision.provisioners.entra.api import Api
    from oidc_provision.provisioners.entra.graph import Graph
    from oidc_provision.provisioners.entra.patience import Pace
    from oidc_provision.provisioners.transport import TransportSettings, open_client

    settings = TransportSettings()

    async def token(_refused: str) -> str:
        return "x"

    async with open_client(settings) as client:
        api = Api(Graph(base, client, token), base, Pace(settings.clock))
        for _ in range(count):
            await api.application(APP)


async def by_sdk(base: str, count: int) -> None:
    """As msgraph-sdk is meant to be used: its models."""
    import httpx
    from kiota_abstractions.authentication import AnonymousAuthenticationProvider
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_service_client import GraphServiceClient

    async with httpx.AsyncClient(trust_env=False) as client:
        adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=client)
        adapter.base_url = base
        graph = GraphServiceClient(request_adapter=adapter)
        for _ in range(count):
            await graph.applications_with_app_id(APP).get()


async def by_httpx(base: str, count: int) -> None:
    """Nothing but the HTTP client."""
    import httpx

    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(count):
            answer = await client.get(f"{base}/applications(appId='{APP}')", params={"$select": SELECT})
            answer.json()


WAYS: dict[str, Callable[[str, int], Awaitable[Any]]] = {"ours": by_us, "msgraph-sdk": by_sdk, "httpx": by_httpx}

if __name__ == "__main__":
    way, address, times = sys.argv[1:]
    asyncio.run(WAYS[way](address, int(times)))  # type: ignore[arg-type]  # all three are coroutines

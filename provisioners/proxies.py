"""Which proxy stands between us and a host: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. netrc is not used."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass_environment  # type: ignore[attr-defined]  # not in typeshed

if TYPE_CHECKING:
    from collections.abc import Mapping


def proxies_of_environment() -> Mapping[str, str]:
    """Return scheme -> proxy URL, `no` -> the hosts without one, as the environment or the system says."""
    return dict(getproxies())


def proxy_for(scheme: str, host: str, port: int | None, proxies: Mapping[str, str]) -> str:
    """Return the proxy's URL, or nothing. This machine itself is never behind one, as in Go's tools."""
    chosen = proxies.get(scheme) or proxies.get("all") or ""
    if not chosen or _is_this_machine(host):
        return ""
    if proxy_bypass_environment(f"{host}:{port}" if port else host, dict(proxies)):
        return ""
    return chosen if "://" in chosen else f"http://{chosen}"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

"""The discovery document: fetched, and judged before anything is sent to where it points."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ...plans.errors import RemoteFailure
from ...plans.urls import is_loopback

PATH = "/.well-known/openid-configuration"
ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "end_session_endpoint",
)
NEEDED = ENDPOINTS[:3]
METADATA_NAMES = frozenset({"metadata.google.internal", "metadata", "instance-data"})
METADATA_ADDRESSES = frozenset({"100.100.100.200", "fd00:ec2::254", "192.0.0.192"})


@dataclass(frozen=True, slots=True)
class Discovered:
    """What an issuer says of itself. `document` is as it came."""

    issuer: str
    document: Mapping[str, Any]

    def endpoint(self, name: str) -> str:
        """Return an endpoint's address, "" where there is none."""
        value = self.document.get(name)
        return value if isinstance(value, str) else ""

    def listed(self, name: str) -> tuple[str, ...]:
        """Return a list of names, () where there is none."""
        value = self.document.get(name)
        return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


async def discover(fetch_json: Callable[[str], Awaitable[object]], issuer: str) -> Discovered:
    """Return the issuer's document. Raises RemoteFailure where there is none."""
    host, fix = host_of(issuer), "check the issuer's address"
    if not host or is_metadata(host):
        why = (
            "points at a cloud's metadata service: nothing is sent there" if host else "is no address that can be asked"
        )
        raise RemoteFailure(f"the issuer {why}", where=ascii(issuer[:200])[1:-1], fix=fix, arrived=False)
    address = issuer.rstrip("/") + PATH
    return await read(fetch_json, address, fix=fix, problem="this is no discovery document: it states no issuer")


async def read(
    fetch_json: Callable[[str], Awaitable[object]],
    address: str,
    *,
    fix: str,
    problem: str = "the discovery document states no issuer",
) -> Discovered:
    """Return the document at an address that a plan gives. Raises RemoteFailure with `problem` where it states no issuer."""
    document = await fetch_json(address)
    if not isinstance(document, Mapping) or not isinstance(document.get("issuer"), str):
        raise RemoteFailure(problem, where=address, fix=fix)
    return Discovered(str(document["issuer"]), document)


def problems(found: Discovered, asked: str, hosts: frozenset[str]) -> Iterator[str]:
    """Return what is wrong with a document: `asked` is the issuer that Coder is given, `hosts` others that are the vendor's own."""
    if found.issuer != asked:
        yield f"the document says issuer `{found.issuer}`, Coder is given `{asked}`: they must be equal to the letter"
    for name in NEEDED:
        if not found.endpoint(name):
            yield f"`{name}` is missing"
    own = host_of(found.issuer)
    for name in ENDPOINTS:
        address = found.endpoint(name)
        if address:
            yield from (f"`{name}` {problem}" for problem in _address_problems(address, own, hosts))


def is_safe(found: Discovered, hosts: frozenset[str]) -> bool:
    """Tell whether credentials may be sent where a document points."""
    own = host_of(found.issuer)
    needed = [found.endpoint(name) for name in NEEDED]
    return all(needed) and not any(
        list(_address_problems(address, own, hosts)) for name in ENDPOINTS if (address := found.endpoint(name))
    )


def _address_problems(address: str, own: str, hosts: frozenset[str]) -> Iterator[str]:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:
        yield "is no address"
        return
    if parts.scheme != "https" and not is_loopback(address):
        yield f"is {parts.scheme or 'no'}, not https: `{address}`"
    if is_metadata(host):
        yield f"points at a cloud's metadata service, `{host}`: nothing is sent there"
    elif host != own.lower() and host not in hosts:
        yield f"is at another host, `{host}`"
    if parts.username or parts.password:
        yield "holds a user name or password"


def is_metadata(host: str) -> bool:
    """Tell whether a host is where a cloud keeps its machines' credentials; such an address is never asked."""
    name = host.lower().rstrip(".")
    address = _ip_address(name)
    if address is None:
        return name in METADATA_NAMES
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_link_local or str(mapped) in METADATA_ADDRESSES


def _ip_address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        # 2852039166 and 0xa9.0xfe.0xa9.0xfe are addresses too, for whoever opens the socket
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except OSError:
        return None


def host_of(address: str) -> str:
    """Return the host of an address, "" where it has none."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""

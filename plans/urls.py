"""URLs in plans: what can never be right is refused here; what is only unwise is a finding made elsewhere."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .checks import Invalid, check_line

_PORTS: Final = {"http": 80, "https": 443}
_LARGEST_PORT: Final = 65_535
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*")
# What nearly all plans say and nothing below would refuse; the checks one by one take ten times as long.
_ORDINARY: Final = re.compile(r"https?://[a-z0-9][a-z0-9-]{0,40}(?:\.[a-z0-9][a-z0-9-]{0,40}){0,4}(?:/[A-Za-z0-9_-]+)*")
_FORM: Final = "write it like `https://host.example.com`"
_REFUSED: Final = (
    ("\\", "holds a backslash"),
    ("@", "holds a user name or an `@`"),
    ("*", "holds a wildcard"),
    ("#", "holds a fragment"),
    ("?", "holds a query"),
)


def read_url(value: object) -> str:
    """Return an absolute http or https URL without user, query, fragment, wildcard and trailing slash."""
    url = check_line(value)
    if _ORDINARY.fullmatch(url):
        return url
    if not url.isascii() or " " in url:
        raise Invalid(
            "holds a space or a character that is not ASCII",
            "write a foreign host name in its `xn--` form, a path percent-encoded",
        )
    for mark, problem in _REFUSED:
        if mark in url:
            raise Invalid(problem, _FORM)
    parts = _split(url)
    _check_host(parts)
    if re.search(r"/\.{1,2}(?:/|$)|//", parts.path):
        raise Invalid("has a path with an empty, `.` or `..` part")
    # the callback's path is appended to it, and redirect URIs are compared to the letter
    return url.rstrip("/")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid("has no valid host and port", _FORM) from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Invalid("is no http or https URL", _FORM)
    if port == 0 or parts.netloc.endswith(":"):
        raise Invalid(f"has no port between 1 and {_LARGEST_PORT}", _FORM)
    return parts


def _check_host(parts: SplitResult) -> None:
    host = parts.hostname or ""
    if host.endswith("."):
        raise Invalid("has a host name that ends with a dot, which providers do not match", "leave the dot out")
    if ":" in host:
        return  # urlsplit has refused what is no IPv6 address
    if not _HOST.fullmatch(host):
        raise Invalid("has no valid host name", _FORM)


def origin(url: str) -> str:
    """Return scheme, host and port as browsers compare them: lower case, without the default port."""
    if _ORDINARY.fullmatch(url):
        return "/".join(url.split("/", 3)[:3])
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


@lru_cache(maxsize=1024)
def canonical(url: str) -> str:
    """Return the one spelling of a URL that `read_url` let through, to tell two servers apart."""
    return origin(url) + urlsplit(url).path.rstrip("/")


def is_loopback(url: str) -> bool:
    """Return whether the URL stays on this machine: `localhost`, a name under it, or a loopback address."""
    host = ""
    try:
        host = urlsplit(url).hostname or ""
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

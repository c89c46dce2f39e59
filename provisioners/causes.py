"""Why no answer came, in plain words: from an exception and what caused it to a sentence that begins with the host."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .tls import explain_tls

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAR = "check the address, the network and the proxy settings"
_REPLIES_BADLY = "check that the address and port are those of the identity provider and no proxy stands between"
_BY_ERRNO = {
    errno.ECONNREFUSED: ("refused the connection", "check the port, and that the server runs"),
    errno.ECONNRESET: (
        "reset the connection",
        "try again; a proxy, or a wish for a client certificate, may be behind it",
    ),
    errno.EPIPE: ("closed the connection early", "try again; a proxy or firewall may be cutting it"),
    errno.EHOSTUNREACH: ("cannot be reached: no route to the host", _FAR),
    errno.ENETUNREACH: ("cannot be reached: no route to its network", _FAR),
    errno.ETIMEDOUT: ("does not answer", _FAR),
    errno.EMFILE: ("could not be asked: this process may open no more files", "raise `ulimit -n`"),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """`words` follow the host's name; `lasting` = another try would end the same way."""

    words: str
    fix: str = ""
    lasting: bool = False


def cause_of(error: BaseException) -> Cause:
    """Return the first cause in the chain that says something, else the error's own words."""
    for each in _chain(error):
        known = _known(each)
        if known is not None:
            return known
    return _by_name(type(error).__name__, str(error))


def timed_out(seconds: float) -> Cause:
    """Return the cause for a deadline of ours."""
    return Cause(f"gave no complete answer within {seconds:g} s", _FAR)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        # anyio tries all addresses of a name and groups the refusals
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error.__context__


def _known(error: BaseException) -> Cause | None:
    if isinstance(error, ssl.SSLError):
        return Cause(*explain_tls(error))
    if isinstance(error, socket.gaierror):
        return Cause("is not known to DNS", "check the spelling of the host name and this machine's DNS")
    # httpx raises it for a SOCKS proxy whose library is not installed
    if isinstance(error, ImportError):
        return Cause("is behind a SOCKS proxy", "install `socksio`, or set an http proxy", lasting=True)
    if isinstance(error, OSError) and error.errno in _BY_ERRNO:
        return Cause(*_BY_ERRNO[error.errno])
    return None


def _by_name(name: str, text: str) -> Cause:
    if name == "ConnectTimeout":
        return Cause("did not accept a connection in time", _FAR)
    if name == "ProxyError":
        return Cause(f"is behind a proxy that refused: {text}", "check the proxy and its credentials", lasting=True)
    if name == "LocalProtocolError":
        return Cause("was not asked: the request is not valid HTTP", "check the settings for line breaks", lasting=True)
    if name == "UnsupportedProtocol":
        return Cause("was not asked: only http and https are spoken", lasting=True)
    if name == "RemoteProtocolError":
        return Cause(f"broke the HTTP protocol ({text[:120].strip('. ').lower()})", _REPLIES_BADLY)
    return Cause("closed the connection before the answer was complete", "try again")

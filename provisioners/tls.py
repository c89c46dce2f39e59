"""Trust: which certificates are believed, what we show of our own, and what a failed handshake means in plain words."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..plans.errors import UsageError

if TYPE_CHECKING:
    from ..plans.sealed import Sealed

_PRIVATE_CA = "give the certificate authority's PEM file with `--ca-file`"
_SELF_SIGNED = ("shows a self-signed certificate", _PRIVATE_CA)
_UNKNOWN = ("shows a certificate of an authority that is not trusted here", _PRIVATE_CA)
_WEAK = ("shows a certificate with a key or signature too weak to trust", "have it issued again with SHA-256")
# OpenSSL's X509_V_ERR_* numbers, x509_vfy.h of 3.x
_VERIFY_CODES = {
    2: _UNKNOWN,
    9: ("shows a certificate that is not valid yet", "check this machine's clock, then the certificate"),
    10: ("shows an expired certificate", "renew it on the server; check this machine's clock"),
    18: _SELF_SIGNED,
    19: _SELF_SIGNED,
    20: _UNKNOWN,
    21: _UNKNOWN,
    26: ("shows a certificate that is not meant for servers", "issue one with the extended key usage `serverAuth`"),
    62: ("shows a certificate for another host name", "use the name in the certificate, or have this name added to it"),
    64: (
        "shows a certificate for another address",
        "use the name in the certificate, or have this address added to it",
    ),
    66: _WEAK,
    67: _WEAK,
    68: _WEAK,
}
_WANTS_OURS = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "HANDSHAKE_FAILURE", "UNKNOWN_CA")
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")
_TOO_OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE")


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Paths of PEM files; none of them = the system's trust and no certificate of our own."""

    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    key_password: Sealed | None = None


class Trust:
    """The one context of a run, made when the first https request needs it: reading the store costs 65 ms. Raises `UsageError`."""

    def __init__(self, settings: TlsSettings) -> None:
        self._settings = settings
        # a file that is of no use is the caller's mistake, and told before any server is asked
        if settings != TlsSettings():
            _ = self.context

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The context of every https connection of this run."""
        chosen = self._settings
        return tls_context(chosen.ca_file, chosen.client_cert, chosen.client_key, chosen.key_password)

    @cached_property
    def nothing(self) -> ssl.SSLContext:
        """A context without any trusted certificate, for plain http: free of cost, and it fails closed."""
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def tls_context(
    ca_file: str = "", client_cert: str = "", client_key: str = "", key_password: Sealed | None = None
) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and up: the system's store and `ca_file`; raise `UsageError` on a bad file."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if _system_store_is_empty():
        import certifi  # noqa: PLC0415  # only bare containers have no store of their own

        context.load_verify_locations(cafile=certifi.where())
    if ca_file:
        _trust(context, ca_file)
    if client_cert:
        _present(context, client_cert, client_key, key_password)
    elif client_key:
        raise UsageError("a client key without its certificate", where=client_key, fix="name the certificate as well")
    return context


def _system_store_is_empty() -> bool:
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath) if paths.capath else None
    return not paths.cafile and not (folder and folder.is_dir() and any(folder.iterdir()))


def _trust(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError:
        fix = "give a PEM file that begins with `-----BEGIN CERTIFICATE-----`"
        raise UsageError("`--ca-file` holds no certificate in PEM form", where=ca_file, fix=fix) from None
    except OSError as error:
        raise UsageError(f"cannot read `--ca-file`: {_reason(error)}", where=ca_file) from None


def _present(context: ssl.SSLContext, certificate: str, key: str, password: Sealed | None) -> None:
    for path in filter(None, (certificate, key)):
        _must_be_readable(path)
    opener = _Opener(password)
    try:
        context.load_cert_chain(certificate, key or None, opener)
    except (ssl.SSLError, ValueError) as error:
        raise _bad_pair(str(error), certificate, key or certificate, asked=opener.asked) from None


class _Opener:
    """Gives the key's password to OpenSSL, which otherwise asks on the terminal: a pipeline would hang."""

    def __init__(self, password: Sealed | None) -> None:
        self._password = password
        self.asked = False

    def __call__(self) -> str:
        self.asked = True
        if not self._password:
            fix = "give its password as a secret reference, or a key without one"
            raise UsageError("the client key is encrypted", fix=fix)
        return self._password.reveal()


def _must_be_readable(path: str) -> None:
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise UsageError(f"cannot read the client certificate or key: {_reason(error)}", where=path) from None


def _bad_pair(error: str, certificate: str, key: str, *, asked: bool) -> UsageError:
    if "KEY_VALUES_MISMATCH" in error:
        return UsageError("the client key belongs to another certificate", where=key)
    # OpenSSL says "PEM lib" for a wrong password and for a file without PEM alike
    if asked:
        return UsageError("the client key does not open with this password", where=key)
    fix = "give PEM files that begin with `-----BEGIN CERTIFICATE-----` and `-----BEGIN PRIVATE KEY-----`"
    return UsageError("no client certificate and key in PEM form", where=certificate, fix=fix)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def explain_tls(error: ssl.SSLError) -> tuple[str, str, bool]:
    """Return what the server did, to follow its name, the fix, and whether another try would end the same way."""
    if isinstance(error, ssl.SSLCertVerificationError):
        fallback = (f"shows a certificate that is not trusted ({error.verify_message})", _PRIVATE_CA)
        return (*_VERIFY_CODES.get(error.verify_code, fallback), True)
    reason = error.reason or ""
    if any(word in reason for word in _TOO_OLD):
        return "speaks no TLS version from 1.2 on", "turn TLS 1.2 or 1.3 on at the server", True
    if any(word in reason for word in _WANTS_OURS):
        return "refused our TLS handshake", "if it asks for a client certificate, give a valid one", True
    if reason in _NO_TLS:
        return "does not speak TLS on this port", "check the port, or use `http://`", True
    words = reason.lower().replace("_", " ") or "no reason given"
    return f"broke off TLS ({words})", "check the port, and that the server speaks TLS 1.2 or 1.3", False

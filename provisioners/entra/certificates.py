"""A certificate that Coder proves itself with: what it says, and whether Coder could use its key. Pure but for the parsing."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .credentials import MARK, Credential

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

PKCS1 = "-----BEGIN RSA PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class Facts:
    """A certificate: DER in base64, SHA-1 thumbprint in upper-case hexadecimal, validity in seconds since 1970. `problem` where it is none."""

    der: str = ""
    thumbprint: str = ""
    start: int = 0
    end: int = 0
    public: bytes = b""
    problem: str = ""

    @property
    def credential(self) -> Credential:
        """The certificate as it will be listed once it is registered."""
        return Credential("", f"{MARK} certificate", "", self.start, self.end, self.thumbprint)


@lru_cache(maxsize=64)
def facts_of(pem: str) -> Facts:
    """Return what a certificate in PEM says."""
    # 25 ms and only where a plan has one
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415

    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        key = found.public_key()
    except ValueError:
        return Facts(problem="is no certificate in PEM")
    if not isinstance(key, RSAPublicKey):
        # Coder signs its assertions with RS256 alone
        return Facts(problem="has no RSA key, and Coder signs with RSA only")
    return _facts(found)


def _facts(found: Certificate) -> Facts:
    from cryptography.hazmat.primitives.hashes import SHA1  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return Facts(
        der=base64.b64encode(found.public_bytes(Encoding.DER)).decode(),
        # the thumbprint that Entra names certificates by; nothing is protected with it
        thumbprint=found.fingerprint(SHA1()).hex().upper(),  # noqa: S303
        start=int(found.not_valid_before_utc.timestamp()),
        end=int(found.not_valid_after_utc.timestamp()),
        public=found.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


@lru_cache(maxsize=64)
def _public_of(pem: str) -> bytes | None:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        return None
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_problem(pem: str, certificate: Facts) -> tuple[str, str]:
    """Return what keeps Coder from using a private key, and the fix; "" where nothing does."""
    if PKCS1 not in pem:
        # Go's PKCS#1 parser refuses a PKCS#8 key, which current openssl writes by default
        return "is not in PKCS#1 form (`BEGIN RSA PRIVATE KEY`), the only one that Coder reads", (
            "openssl rsa -traditional -in OLD -out NEW"
        )
    public = _public_of(pem)
    if public is None:
        return (
            "cannot be read: it is broken or has a passphrase",
            "store it without a passphrase, readable by Coder alone",
        )
    if certificate.public and public != certificate.public:
        return "is not the key of the certificate", "give the two that belong together"
    return "", ""

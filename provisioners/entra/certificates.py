"""A certificate that Coder proves itself with: what it says, and whether Coder could use its key. Pure but for the parsing."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .credentials import MARK, Credential

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

PKCS1 = "RSA PRIVATE KEY"
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
CONVERT = "run `openssl rsa -traditional -in OLD -out NEW`, and keep NEW readable by Coder alone"


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

    def problem_at(self, now: int) -> str:
        """Return what keeps it from being of use at a time, "" where nothing does."""
        if self.problem:
            return self.problem
        return "has ended" if self.end <= now else "is not good yet" if self.start > now else ""


@lru_cache(maxsize=64)
def facts_of(pem: str) -> Facts:
    """Return what a certificate in PEM says."""
    # 25 ms and only where a plan has one
    from cryptography import x509  # noqa: PLC0415
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415

    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        key = found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return Facts(problem="is no certificate in PEM")
    if not isinstance(key, RSAPublicKey):
        # Coder signs its assertions with RS256 alone
        return Facts(problem="has no RSA key, and Coder signs with RSA only")
    return _facts(found, key)


def _facts(found: Certificate, key: RSAPublicKey) -> Facts:
    from cryptography.hazmat.primitives.hashes import SHA1  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    return Facts(
        der=base64.b64encode(found.public_bytes(Encoding.DER)).decode(),
        # the thumbprint that Entra names certificates by; nothing is protected with it
        thumbprint=found.fingerprint(SHA1()).hex().upper(),  # noqa: S303
        start=int(found.not_valid_before_utc.timestamp()),
        end=int(found.not_valid_after_utc.timestamp()),
        public=_spelled(key),
    )


def _spelled(key: RSAPublicKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private(pem: str) -> PrivateKeyTypes | None:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        return load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def key_problem(pem: str, certificate: Facts) -> tuple[str, str]:
    """Return what keeps Coder from using a private key, and the fix; "" where nothing does."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415

    key = _private(pem)
    if key is None:
        return "cannot be read: it is broken or has a passphrase", CONVERT
    if not isinstance(key, RSAPrivateKey):
        return "is no RSA key, and Coder signs with RSA only", "make a certificate with an RSA key"
    if _BLOCK.findall(pem)[:1] != [PKCS1]:
        # Coder takes the first block of the file, and Go's PKCS#1 parser refuses a PKCS#8 key, which current openssl writes by default
        return (
            "does not begin with a key in PKCS#1 form (`BEGIN RSA PRIVATE KEY`), the only one that Coder reads",
            CONVERT,
        )
    if certificate.public and _spelled(key.public_key()) != certificate.public:
        return "is not the key of the certificate", "give the two that belong together"
    return "", ""

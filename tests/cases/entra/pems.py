"""Certificates and private keys that the cases' plans name. The same in every run, so that a case can state a thumbprint."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

# primes of two keys that protect nothing
_FIRST = (
    0xf1b42e45d1a34a179c9219920f5c98dab2d35e5f8253a21da68a9323b7c0535f04c62b9069189664c1df2118641855c4fd22718e3e298e2adcdbc89785a28e7b,
    0xe597f310c58f278f78c7b4557e679283994ca7fa8186e5c1fdeec1319d5bc162b8cadc9cd3c2d280f439d6fb096f81fb05b092b87943e42f00ca5df659c4e03f,
)
_SECOND = (
    0xe7676818ddf6c9331f3d50272f3e52e3e1b5da7e596db605cce393f245cd84c6d3efaa89e0c72bba38a13db1a9abc96f0d63a08c097c16b70aa5b5d436c0ff4f,
    0xce38a69dfa173d0dd65eab2e0f3f581668921e6414f0fa5172b6c592d11fc2436a4a8249a3552315bee0143aae99778ac398cd45f0182f6a607e65bb7f54356f,
)
PKCS1, PKCS8 = PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8


def _key(primes: tuple[int, int]) -> rsa.RSAPrivateKey:
    (p, q), e = primes, 65537
    d = rsa.rsa_recover_private_exponent(e, p, q)
    one, other, inverse = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, one, other, inverse, rsa.RSAPublicNumbers(e, p * q)).private_key()


FIRST, SECOND, CURVE = _key(_FIRST), _key(_SECOND), ec.derive_private_key(4711, ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "coder.example.com")])


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, start: str, end: str) -> str:
    """Return a certificate of a key as PEM; signed with the first RSA key, whose signatures do not vary."""
    named = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).serial_number(4711)
    since, until = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end))
    built = named.public_key(key.public_key()).not_valid_before(since).not_valid_after(until)
    return built.sign(FIRST, SHA256()).public_bytes(Encoding.PEM).decode()


def private(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: PrivateFormat, passphrase: bytes = b"") -> str:
    """Return a private key as PEM."""
    locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, locked).decode()


GOOD = certificate(FIRST, "2025-12-01", "2026-12-01")
BEHIND = {
    "file:good.crt": GOOD,
    "file:next.crt": certificate(SECOND, "2025-12-15", "2026-12-15"),
    "file:ending.crt": certificate(FIRST, "2025-01-15", "2026-01-15"),
    "file:over.crt": certificate(FIRST, "2024-12-31", "2025-12-31"),
    "file:early.crt": certificate(FIRST, "2026-01-02", "2026-12-01"),
    "file:curve.crt": certificate(CURVE, "2025-12-01", "2026-12-01"),
    "file:rubbish.crt": "nonsense",
    "file:good.key": private(FIRST, PKCS1),
    "file:next.key": private(SECOND, PKCS1),
    "file:pkcs8.key": private(FIRST, PKCS8),
    "file:locked.key": private(FIRST, PKCS8, b"passphrase"),
    "file:locked-pkcs1.key": private(FIRST, PKCS1, b"passphrase"),
    "file:curve.key": private(CURVE, PKCS1),
    "file:public.key": FIRST.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    "file:rubbish.key": "nonsense",
}
"""What stands behind a reference, by its text."""

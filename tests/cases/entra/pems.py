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
    0xF1B42E45D1A34A179C9219920F5C98DAB2D35E5F8253A21DA68A9323B7C0535F04C62B9069189664C1DF2118641855C4FD22718E3E298E2ADCDBC89785A28E7B,
    0xE597F310C58F278F78C7B4557E679283994CA7FA8186E5C1FDEEC1319D5BC162B8CADC9CD3C2D280F439D6FB096F81FB05B092B87943E42F00CA5DF659C4E03F,
)
_SECOND = (
    0xE7676818DDF6C9331F3D50272F3E52E3E1B5DA7E596DB605CCE393F245CD84C6D3EFAA89E0C72BBA38A13DB1A9ABC96F0D63A08C097C16B70AA5B5D436C0FF4F,
    0xCE38A69DFA173D0DD65EAB2E0F3F581668921E6414F0FA5172B6C592D11FC2436A4A8249A3552315BEE0143AAE99778AC398CD45F0182F6A607E65BB7F54356F,
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
    "file:chain.key": GOOD + private(FIRST, PKCS1),
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

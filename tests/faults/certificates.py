"""Certificates that trustme does not make, because nobody should: with the wrong purpose, or weak."""

from __future__ import annotations

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "localhost"


def server_side(certificate: trustme.LeafCert, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """What a server of this certificate speaks; `newest` takes away all protections of later versions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if newest is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    return context


def of_files(folder: Path, level: str = "") -> ssl.SSLContext:
    """What a server speaks whose `cert` and `key` lie in this folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if level:
        context.set_ciphers(f"ALL:@SECLEVEL={level}")
    context.load_cert_chain(folder / "cert", folder / "key")
    return context


def self_signed(folder: Path) -> ssl.SSLContext:
    """A certificate for the right host that nobody but itself vouches for."""
    return _issued(folder, None)


def for_clients_only(folder: Path, authority: trustme.CA) -> ssl.SSLContext:
    """A certificate of the authority for the right host, meant for clients."""
    return _issued(folder, authority, ExtendedKeyUsageOID.CLIENT_AUTH)


def _issued(
    folder: Path, authority: trustme.CA | None, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH
) -> ssl.SSLContext:
    key, own = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    issuer, signer = own, key
    if authority is not None:
        issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject
        signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)  # type: ignore[assignment]
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, own, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    signed = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False).sign(signer, hashes.SHA256())
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    (folder / "cert").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return of_files(folder)


def weak(folder: Path, *options: str) -> ssl.SSLContext:
    """A certificate that an authority of its own, `weak-ca`, signed with these options of openssl: cryptography signs nothing weak."""
    name = f"subjectAltName=DNS:{HOST}"

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca-key", "-out", "weak-ca", "-subj", "/CN=weak"
    )
    (folder / "more").write_text(f"{name}\nextendedKeyUsage=serverAuth\n")
    bits = next((each for each in options if each.startswith("rsa:")), "rsa:2048")
    openssl("req", "-newkey", bits, "-nodes", "-keyout", "key", "-out", "asked", "-subj", f"/CN={HOST}")
    digest = next((each for each in options if each.startswith("-sha")), "-sha256")
    signing = ("-CA", "weak-ca", "-CAkey", "ca-key", "-CAcreateserial", "-extfile", "more", "-days", "2")
    openssl("x509", "-req", "-in", "asked", "-out", "cert", digest, *signing)
    return of_files(folder, "0")

"""Certificates of every kind against a real TLS server on loopback, and files of every kind against the loader."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from oidc_provision.plans.errors import RemoteFailure, UsageError
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.tls import TlsSettings, explain_tls, tls_context
from oidc_provision.provisioners.transport import Limits, TransportSettings, open_client

from ..servers import FakeClock, always, answer, serving

OK = answer(200, {"ok": True})
PASSWORD = "opens the key"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority, tmp_path_factory):
    """PEM files: ca, cert, key, locked (the key, encrypted), other (the key of another), nonsense."""
    folder = tmp_path_factory.mktemp("pem")
    ours, another = authority.issue_cert("me@example.com"), authority.issue_cert("you@example.com")
    authority.cert_pem.write_to_path(str(folder / "ca"))
    ours.cert_chain_pems[0].write_to_path(str(folder / "cert"))
    ours.private_key_pem.write_to_path(str(folder / "key"))
    another.private_key_pem.write_to_path(str(folder / "other"))
    key = serialization.load_pem_private_key(ours.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(PASSWORD.encode())
    pkcs8 = serialization.PrivateFormat.PKCS8
    (folder / "locked").write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, locked))
    (folder / "nonsense").write_text("not a certificate\n")
    return folder


def server_side(certificate, *, oldest=None, newest=None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if newest:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = oldest, newest
    return context


def settings(tls: TlsSettings | None = None) -> TransportSettings:
    limits = Limits(attempts=2, request=10)
    return TransportSettings(limits, tls or TlsSettings(), FakeClock(), lambda: 0.0, proxies={})


def ask(context, tls: TlsSettings):
    async def run():
        async with serving(always(OK), tls=context) as server, open_client(settings(tls)) as client:
            return (await client.post(server.url)).json()

    return asyncio.run(run())


@pytest.mark.battery(27)
def test_private_authority_is_believed_once_it_is_named(authority, files):
    context = server_side(authority.issue_cert("localhost"))
    assert ask(context, TlsSettings(ca_file=str(files / "ca"))) == {"ok": True}


EXPIRED = datetime(2020, 1, 1, tzinfo=UTC)
DISTRUSTED = {
    "an authority that is not trusted here": lambda ca: (trustme.CA().issue_cert("localhost"), "--ca-file"),
    "for another host name": lambda ca: (ca.issue_cert("other.example"), "use the name in the certificate"),
    "an expired certificate": lambda ca: (
        ca.issue_cert("localhost", not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=EXPIRED),
        "renew it",
    ),
}


@pytest.mark.battery(26)
@pytest.mark.parametrize("words", DISTRUSTED)
def test_distrust_is_named_with_its_fix_and_nothing_is_sent(authority, files, words):
    certificate, fix = DISTRUSTED[words](authority)
    with pytest.raises(RemoteFailure, match=words) as caught:
        ask(server_side(certificate), TlsSettings(ca_file=str(files / "ca")))
    assert fix in caught.value.fix
    assert (caught.value.arrived, "times" in str(caught.value)) == (False, False)


@pytest.mark.battery(26)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_refused(authority, files):
    old = ssl.TLSVersion.TLSv1_1
    context = server_side(authority.issue_cert("localhost"), oldest=ssl.TLSVersion.TLSv1, newest=old)
    with pytest.raises(RemoteFailure, match=r"speaks no TLS version|refused our TLS|broke off TLS"):
        ask(context, TlsSettings(ca_file=str(files / "ca")))


def test_plain_server_behind_https_is_named():
    async def plain(reader, writer):
        await reader.read(9999)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def run():
        async with await asyncio.start_server(plain, "127.0.0.1", 0) as listener, open_client(settings()) as client:
            await client.post(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}")

    with pytest.raises(RemoteFailure, match="does not speak TLS on this port"):
        asyncio.run(run())


def asking_for_a_certificate(authority):
    context = server_side(authority.issue_cert("localhost"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


@pytest.mark.battery(27)
@pytest.mark.parametrize(("key", "password"), [("key", None), ("locked", Sealed(PASSWORD))])
def test_client_certificate_is_shown(authority, files, key, password):
    tls = TlsSettings(str(files / "ca"), str(files / "cert"), str(files / key), password)
    assert ask(asking_for_a_certificate(authority), tls) == {"ok": True}


@pytest.mark.battery(27)
def test_missing_client_certificate_is_hinted_at(authority, files):
    # which of the two arrives first, the alert or the reset, is the kernel's choice
    with pytest.raises(RemoteFailure, match=r"refused our TLS handshake|reset the connection|broke off") as caught:
        ask(asking_for_a_certificate(authority), TlsSettings(str(files / "ca")))
    assert caught.value.status == 0


REASONS = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": ("refused our TLS handshake", True),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": ("refused our TLS handshake", True),
    "UNSUPPORTED_PROTOCOL": ("speaks no TLS version from 1.2 on", True),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("speaks no TLS version from 1.2 on", True),
    "WRONG_VERSION_NUMBER": ("does not speak TLS on this port", True),
    "UNEXPECTED_EOF_WHILE_READING": ("broke off TLS (unexpected eof while reading)", False),
    None: ("broke off TLS (no reason given)", False),
}


@pytest.mark.parametrize("reason", REASONS)
def test_reason_of_openssl_is_told_in_words(reason):
    error = ssl.SSLError(1, "x")
    error.reason = reason
    words, fix, lasting = explain_tls(error)
    assert (words, lasting) == REASONS[reason]
    assert fix


BAD_FILES = {
    "cannot read `--ca-file`: no such file": ("missing", "", "", None),
    "cannot read `--ca-file`: is a directory": (".", "", "", None),
    "holds no certificate in PEM form": ("nonsense", "", "", None),
    "cannot read the client certificate or key: no such file": ("", "cert", "missing", None),
    "the client key is encrypted": ("", "cert", "locked", None),
    "does not open with this password": ("", "cert", "locked", Sealed("wrong")),
    "belongs to another certificate": ("", "cert", "other", None),
    "no client certificate and key in PEM form": ("", "nonsense", "key", None),
    "a client key without its certificate": ("", "", "key", None),
}


@pytest.mark.battery(27)
@pytest.mark.parametrize("words", BAD_FILES)
def test_bad_file_is_refused_without_asking_on_the_terminal(files, words):
    *names, password = BAD_FILES[words]
    paths = [str(files / name) if name else "" for name in names]
    with pytest.raises(UsageError, match=words):
        tls_context(*paths, password)


@pytest.mark.battery(26)
def test_our_context_checks_names_and_speaks_tls_1_2_at_least():
    context = tls_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2

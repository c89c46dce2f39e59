"""Servers whose certificate or TLS is not to be trusted, and ways to show what is: the whole command against real handshakes."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from tests.battery.clean import assert_failed
from tests.command import oidc_provision
from tests.faults.certificates import for_clients_only, self_signed, server_side, weak
from tests.faults.proxy import Proxy, proxying
from tests.live import running
from tests.live.conftest import Realm
from tests.live.running import edit

YEAR = {year: datetime(year, 1, 1, tzinfo=UTC) for year in (2019, 2020)}
CA_FILE = "with `--ca-file`"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pems(authority: trustme.CA, tmp_path: Path) -> Path:
    """A folder of `ca`, and of `cert` and `key`, `locked` too, that a client may show."""
    folder = tmp_path / "pem"
    folder.mkdir()
    ours = authority.issue_cert("me@example.com")
    authority.cert_pem.write_to_path(str(folder / "ca"))
    ours.cert_chain_pems[0].write_to_path(str(folder / "cert"))
    ours.private_key_pem.write_to_path(str(folder / "key"))
    key = serialization.load_pem_private_key(ours.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(b"opens the key")
    pkcs8 = serialization.PrivateFormat.PKCS8
    (folder / "locked").write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, locked))
    return folder


@contextmanager
def behind_tls(emulated: Realm, plan: Path, context: ssl.SSLContext) -> Iterator[Proxy]:
    """Put the plan's server behind TLS."""
    with proxying(emulated.url, context) as proxy:
        edit(plan, identity_provider__url=proxy.url)
        yield proxy


Make = Callable[[trustme.CA, Path], ssl.SSLContext]
DISTRUSTED: dict[str, tuple[Make, str]] = {
    "shows a self-signed certificate": (lambda _ca, folder: self_signed(folder), CA_FILE),
    "an authority that is not trusted": (lambda _ca, _: server_side(trustme.CA().issue_cert("localhost")), CA_FILE),
    "an expired certificate": (
        lambda ca, _: server_side(ca.issue_cert("localhost", not_before=YEAR[2019], not_after=YEAR[2020])),
        "renew it on the server",
    ),
    "for another host name": (lambda ca, _: server_side(ca.issue_cert("other.example")), "use the name in the"),
    "not meant for servers": (lambda ca, folder: for_clients_only(folder, ca), "serverAuth"),
    "speaks no TLS version from 1.2 on": (
        lambda ca, _: server_side(ca.issue_cert("localhost"), ssl.TLSVersion.TLSv1),
        "turn TLS 1.2 or 1.3 on",
    ),
}
WEAK = {"SHA-1": "-sha1", "1024 bits": "rsa:1024"}
SWITCHES = {
    "PYTHONHTTPSVERIFY": "0",
    "REQUESTS_CA_BUNDLE": "",
    "CURL_CA_BUNDLE": "",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "GIT_SSL_NO_VERIFY": "1",
    "SSL_VERIFY": "false",
    "OIDC_PROVISION_INSECURE": "1",
}


@pytest.mark.battery(26)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("words", DISTRUSTED)
@pytest.mark.parametrize("verb", [("plan",), ("apply", "--auto-approve")], ids=["plan", "apply"])
def test_server_that_is_not_to_be_trusted_is_asked_nothing(
    emulated: Realm, plan: Path, tmp_path: Path, authority: trustme.CA, pems: Path, words: str, verb: tuple[str, ...]
):
    make, fix = DISTRUSTED[words]
    with behind_tls(emulated, plan, make(authority, tmp_path)) as proxy:
        ran = running.here(*verb, "--ca-file", pems / "ca")
        assert_failed(ran, 1, "`localhost:", words, fix)
        assert proxy.asked == []


@pytest.mark.battery(26)
@pytest.mark.skipif(shutil.which("openssl") is None, reason="only openssl makes weak certificates")
@pytest.mark.parametrize("how", WEAK)
def test_weak_certificate_is_refused_also_where_its_authority_is_trusted(
    emulated: Realm, plan: Path, tmp_path: Path, how: str
):
    with behind_tls(emulated, plan, weak(tmp_path, WEAK[how])) as proxy:
        ran = running.here("plan", "--ca-file", tmp_path / "weak-ca")
        assert_failed(ran, 1, "too weak to trust", "issued again with SHA-256")
        assert proxy.asked == []


@pytest.mark.battery(26)
def test_nothing_switches_the_check_off(emulated: Realm, plan: Path, tmp_path: Path):
    with behind_tls(emulated, plan, self_signed(tmp_path)) as proxy:
        assert_failed(oidc_provision("plan", cwd=tmp_path, env=SWITCHES), 1, "shows a self-signed certificate", CA_FILE)
        ran = running.here("plan", "--insecure")
        assert (ran.code, "No such option" in ran.err, proxy.asked) == (64, True, [])


@pytest.mark.battery(27)
def test_authority_of_ones_own_carries_a_whole_run(emulated: Realm, plan: Path, authority: trustme.CA, pems: Path):
    with behind_tls(emulated, plan, server_side(authority.issue_cert("localhost"))):
        running.settles("--ca-file", pems / "ca")
        assert emulated.client("coder")["standardFlowEnabled"] is True


@pytest.mark.battery(27)
def test_authority_that_the_machine_trusts_needs_no_option(
    emulated: Realm, plan: Path, authority: trustme.CA, pems: Path, tmp_path: Path
):
    with behind_tls(emulated, plan, server_side(authority.issue_cert("localhost"))):
        # the machine's store, where OpenSSL is told to look for it
        ran = oidc_provision("plan", "--detailed-exitcode", cwd=tmp_path, env={"SSL_CERT_FILE": str(pems / "ca")})
        assert (ran.code, "`client/coder` will be created" in ran.out) == (2, True), ran.all


def wanting_certificates(authority: trustme.CA) -> ssl.SSLContext:
    context = server_side(authority.issue_cert("localhost"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


@pytest.mark.battery(27)
def test_client_certificate_opens_the_door(emulated: Realm, plan: Path, authority: trustme.CA, pems: Path):
    with behind_tls(emulated, plan, wanting_certificates(authority)):
        shown = ("--client-cert", pems / "cert", "--client-key", pems / "key")
        running.settles("--ca-file", pems / "ca", *shown)


SHOWN = ("--client-cert", "--client-key")
CLOSED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "none": ((), 1, ""),
    "no such file": (("cert", "missing"), 64, "cannot read the client certificate or key: no such file"),
    "encrypted": (("cert", "locked"), 64, "the client key is encrypted"),
    "of another": (("ca", "key"), 64, "belongs to another certificate"),
    "nonsense": (("words", "key"), 64, "no client certificate and key in PEM form"),
}


@pytest.mark.battery(27)
@pytest.mark.parametrize("case", CLOSED)
def test_without_a_good_client_certificate_the_door_stays_closed(
    emulated: Realm, plan: Path, authority: trustme.CA, pems: Path, case: str
):
    (pems / "words").write_text("no certificate\n")
    names, code, words = CLOSED[case]
    options = [each for option, name in zip(SHOWN, names, strict=False) for each in (option, pems / name)]
    with behind_tls(emulated, plan, wanting_certificates(authority)) as proxy:
        ran = running.here("plan", "--ca-file", pems / "ca", *options)
        assert_failed(ran, code, words)
        assert proxy.asked == []

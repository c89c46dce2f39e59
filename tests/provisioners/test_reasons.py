"""Why no answer came, and what stands between us and a server."""

import errno
import socket
import ssl

import httpx
import pytest

from oidc_provision.plans.errors import SecretFailure
from oidc_provision.plans.references import SecretReference
from oidc_provision.plans.resources import Address, Exactly, Includes
from oidc_provision.provisioners.causes import cause_of
from oidc_provision.provisioners.engine import merged
from oidc_provision.provisioners.proxies import proxy_for
from oidc_provision.provisioners.secrets.context import accept
from oidc_provision.provisioners.tls import tls_context

REALM = Address("realm", "engineering")


def behind(cause, error):
    try:
        raise error from cause
    except type(error) as caught:
        return caught


@pytest.mark.battery(28)
@pytest.mark.parametrize(
    ("error", "words", "lasting"),
    [
        (socket.gaierror(-2, "Name or service not known"), "is not known to DNS", False),
        (OSError(errno.EHOSTUNREACH, "x"), "cannot be reached: no route to the host", False),
        (ImportError("socksio"), "is behind a SOCKS proxy", True),
        (httpx.ConnectTimeout("x"), "did not accept a connection in time", False),
        (httpx.ProxyError("403 Forbidden"), "is behind a proxy that refused: 403 Forbidden", True),
        (httpx.LocalProtocolError("x"), "was not asked: the request is not valid HTTP", True),
        (httpx.UnsupportedProtocol("x"), "was not asked: only http and https are spoken", True),
        (httpx.RemoteProtocolError("Illegal Line."), "broke the HTTP protocol (illegal line)", False),
        (httpx.ReadError("x"), "closed the connection before the answer was complete", False),
        (OSError(errno.EIO, "x"), "closed the connection before the answer was complete", False),
    ],
)
def test_a_failure_is_told_in_plain_words(error, words, lasting):
    cause = cause_of(error)
    assert (cause.words, cause.lasting) == (words, lasting)


def test_what_lies_behind_a_failure_says_more_than_the_failure():
    wrapped = behind(OSError(errno.ECONNREFUSED, "x"), httpx.ConnectError("all connection attempts failed"))
    assert cause_of(wrapped).words == "refused the connection"
    assert cause_of(ExceptionGroup("all", [wrapped])).words == "refused the connection"


@pytest.mark.parametrize(
    ("host", "proxies", "proxy"),
    [
        ("sso.example.com", {"https": "http://p:1"}, "http://p:1"),
        ("sso.example.com", {"https": "p:1"}, "http://p:1"),
        ("sso.example.com", {"all": "socks5://p:1"}, "socks5://p:1"),
        ("sso.example.com", {"https": "http://p:1", "no": "example.com"}, ""),
        ("sso.example.com", {"http": "http://p:1"}, ""),
        ("127.0.0.1", {"https": "http://p:1"}, ""),
        ("a.localhost", {"https": "http://p:1"}, ""),
    ],
)
def test_which_proxy_is_asked(host, proxies, proxy):
    assert proxy_for("https", host, None, proxies) == proxy


def test_half_a_character_is_no_secret():
    with pytest.raises(SecretFailure, match="it is not UTF-8"):
        accept("half \ud800", SecretReference("env", "X"))


def test_members_that_several_plans_want_add_up():
    one = {REALM: {"roles": Includes(frozenset("a"), frozenset("x")), "idle": Exactly(5)}}
    two = {REALM: {"roles": Includes(frozenset("b")), "idle": Exactly(5)}}
    whole = merged([one, two])[REALM]
    assert whole == {"roles": Includes(frozenset("ab"), frozenset("x")), "idle": Exactly(5)}


def test_a_machine_without_certificates_of_its_own_trusts_those_that_are_shipped(monkeypatch, tmp_path):
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(tmp_path / "none.pem"))
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_capath_env, str(tmp_path))
    assert tls_context().cert_store_stats()["x509_ca"] > 0

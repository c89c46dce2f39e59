"""Answers that send elsewhere, or come from elsewhere: redirects, proxies, discovery documents. The whole command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.battery.clean import CANARY, Listener, assert_failed, assert_no_accident
from tests.battery.test_net import APPLY, SIGN_IN, assert_nothing_written, host
from tests.faults import asking
from tests.faults.hostile import changed, says, standing
from tests.faults.proxy import Fault, Proxy, answers
from tests.live import running
from tests.live.conftest import Realm
from tests.live.running import edit
from tests.servers import Behaviour, always, answer

DISCOVERY = "GET /.well-known/openid-configuration$"
NEAR_BY = {
    "to plain http": "http://sso.example.com/realms",
    "to a metadata address": "http://169.254.169.254/latest/meta-data/",
    "to a file": "file:///etc/passwd",
    "to itself": "",
    "to another path": "/elsewhere",
    "to nobody": "http:///",
    "with a user": "http://admin:word@sso.example.com/",
    "beyond a line end": "http://sso.example.com/%0d%0aX: 1",
}


@pytest.mark.battery(31)
@pytest.mark.parametrize("where", NEAR_BY)
def test_redirect_is_not_followed_and_names_the_host(proxy: Proxy, emulated: Realm, where: str):
    location = NEAR_BY[where] or proxy.url
    proxy.on(asking.LIST, *([answers(302, Location=location)] * 5))
    ran = running.here(*APPLY)
    assert_failed(ran, 1, f"`{host(proxy)}` redirects to ", "(302); redirects are not followed")
    assert "word" not in ran.all
    assert asking.kinds(proxy)[asking.LIST] == 1
    assert_nothing_written(proxy, emulated)


KINDS = {
    "sign-in": SIGN_IN,
    "look": asking.LIST,
    "realm": asking.REALM,
    "create": asking.CREATE,
}


@pytest.mark.battery(31)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", KINDS)
def test_no_credential_leaves_the_host(proxy: Proxy, emulated: Realm, listener: Listener, kind: str, status: int):
    elsewhere = f"http://127.0.0.1:{listener.port}/"
    proxy.on(KINDS[kind], *([answers(status, Location=elsewhere)] * 5))
    ran = running.here(*APPLY)
    assert_no_accident(ran)
    # the store is written before the client is asked for
    assert (ran.code, listener.connections) == (3 if kind == "create" else 1, 0), ran.all
    assert f"redirects to `http://127.0.0.1:{listener.port}` ({status})" in ran.err
    assert emulated.client("coder") == {}


HIJACKED: dict[str, tuple[Behaviour, str]] = {
    "page of a portal": (
        always(answer(200, b"<html>Welcome to the hotel", "text/html")),
        "answered text/html where JSON",
    ),
    "page without a type": (always(answer(200, b"<html>Welcome", "")), "answered no type where JSON was expected"),
    "page that says JSON": (always(answer(200, b"<html>Welcome")), "answered broken JSON"),
    "sign-in": (always(answer(407, b"<html>Sign in", "text/html")), "is behind a proxy that wants a sign-in"),
    "portal elsewhere": (
        always(answer(302, None, Location="http://portal.example/")),
        "redirects to `http://portal.example`",
    ),
    "block page": (always(answer(403, b"<html>Blocked", "text/html")), "answered 403"),
    "bad gateway": (always(answer(502, b"<html>Bad gateway", "text/html")), "answered 502 (not available), 4 times"),
    "JSON of somebody else": (always(answer(200, {"welcome": "guest"})), "answered without a token"),
}


@pytest.mark.battery(32)
@pytest.mark.parametrize("case", HIJACKED)
def test_proxy_that_answers_in_the_servers_place_is_not_believed(
    plan: Path, monkeypatch: pytest.MonkeyPatch, case: str
):
    behaviour, words = HIJACKED[case]
    edit(plan, identity_provider__url="http://sso.example.com")
    with standing(behaviour) as server:
        monkeypatch.setenv("http_proxy", server.url.replace("://", "://guest:proxy-word@"))
        ran = running.here(*APPLY, "-vv")
        assert_failed(ran, 1, "sso.example.com", words)
        assert {seen.headers["host"] for seen in server.seen} == {"sso.example.com"}
    assert "proxy-word" not in ran.all


@pytest.mark.battery(32)
def test_proxy_that_refuses_the_tunnel_is_named_and_learns_no_secret(plan: Path, monkeypatch: pytest.MonkeyPatch):
    edit(plan, identity_provider__url="https://sso.example.com")
    with standing(always(answer(407, b"<html>", "text/html"))) as server:
        monkeypatch.setenv("https_proxy", server.url)
        assert_failed(running.here(*APPLY), 1, "`sso.example.com` is behind a proxy that refused: 407")
        assert {(seen.method, seen.path) for seen in server.seen} == {("CONNECT", "sso.example.com:443")}
        assert CANARY.encode() not in b"".join(seen.body for seen in server.seen)


def with_issuer(issuer: object) -> Fault:
    return changed(lambda document: {**document, "issuer": issuer})


DISCOVERED: dict[str, tuple[Fault, str]] = {
    "of another host": (
        with_issuer("https://evil.example/realms/x"),
        "the realm's issuer is `https://evil.example/realms/x`",
    ),
    "at a metadata address": (
        with_issuer("http://169.254.169.254/"),
        "the realm's issuer is `http://169.254.169.254/`",
    ),
    "drawing on the terminal": (with_issuer("https://a.example/\x1b[2J"), "\\x1b[2J"),
    "that is a number": (with_issuer(5), "the discovery document states no issuer"),
    "in a list": (says([]), "the discovery document states no issuer"),
    "on a page": (says(b"<html>", kind="text/html"), "answered text/html where JSON was expected"),
    "elsewhere": (answers(302, Location="http://169.254.169.254/"), "redirects to `http://169.254.169.254`"),
    "not there": (answers(404), "answered 404"),
}


@pytest.mark.battery(33)
@pytest.mark.parametrize("case", DISCOVERED)
def test_discovery_that_is_not_the_plans_is_a_finding_and_nobody_follows_it(proxy: Proxy, case: str):
    fault, words = DISCOVERED[case]
    proxy.on(DISCOVERY, *([fault] * 9))
    ran = running.here("plan")
    assert_no_accident(ran)
    assert (words in ran.out, "\x1b" in ran.all) == (True, False), ran.all
    assert re.search("^(warning|error): ", ran.out, re.MULTILINE)

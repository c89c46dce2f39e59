"""Endpoints that drip, hang, redirect, answer HTML or far too much, or reset: told at their step, by name, before the deadline is long over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.faults.hostile import changed, endless, half_closed, says, standing
from tests.faults.proxy import (
    Exchange,
    Fault,
    Proxy,
    answers,
    cut_before,
    cut_in_body,
    dripping,
    passed,
    proxying,
    silent,
)
from tests.live.conftest import Realm
from tests.servers import Server, always, answer
from tests.verify.verifying import CALLBACK, PASSWORD, SECRET, at, by_form, verified

from oidc_provision.provisioners.sandbox.serving import Sandbox

DEADLINE = ("--deadline", "2")
PATIENT = ("--deadline", "60")
ENDLESS = ("drips", "hangs")
METADATA = "169.254.169.254"


@pytest.fixture
def elsewhere() -> Iterator[Server]:
    """Another host, which would take whatever it is sent."""
    with standing(always(answer(200, {"access_token": "a", "keys": []}))) as server:
        yield server


@pytest.fixture
def proxy(sandbox: Sandbox, coder_realm: Realm) -> Iterator[Proxy]:
    """Stands before the realm, whose issuer is the proxy's address then."""
    with proxying(coder_realm.url) as made:
        yield made


def issuer(proxy: Proxy, realm: Realm) -> str:
    return f"{proxy.url}/realms/{realm.name}"


FAULTS: dict[str, tuple[Callable[[Server], Fault], str]] = {
    "drips": (lambda _: dripping(0.2), "deadline of 2 s is over"),
    "hangs": (lambda _: silent, "deadline of 2 s is over"),
    "redirects": (lambda other: answers(307, Location=f"{other.url}/token"), "redirects are not followed"),
    "answers a page": (lambda _: says(b"<html>Welcome", kind="text/html"), "answered text/html where JSON was expected"),
    "answers 50 MB": (lambda _: says(bytes(50 * 2**20)), "an answer of more than 16 MiB"),
    "answers nothing": (lambda _: says(b""), "answered nothing|200 with nothing"),
    "answers no JSON": (lambda _: says(b'{"a": '), "broken JSON"),
    "answers a list": (lambda _: says([]), "JSON that is no object|no discovery document|no JWKS"),
    "resets": (lambda _: cut_before, "closed the connection|reset"),
    "breaks off": (lambda _: cut_in_body, "closed the connection|cut|end|incomplete|middle|reset"),
    "says too little": (lambda _: half_closed, "closed the connection|cut|end|incomplete|middle"),
}  # fmt: skip
"""How an endpoint misbehaves, and an expression for what is said of it."""


def once(begun: str, fault: Fault) -> Fault:
    """Do it from the moment on that a request to such a path was seen."""

    def chosen(exchange: Exchange) -> None:
        (fault if any(begun in each for each in exchange.server.proxy.asked) else passed)(exchange)

    return chosen


def refreshing(fault: Fault) -> Fault:
    """Do it to refreshes alone."""

    def chosen(exchange: Exchange) -> None:
        (fault if b"grant_type=refresh_token" in exchange.body else passed)(exchange)

    return chosen


PLACES: dict[str, tuple[str, Callable[[Fault], Fault], str]] = {
    "discovery": ("GET /.well-known/openid-configuration$", lambda fault: fault, "discovery"),
    "keys": ("GET /certs$", lambda fault: fault, "id-token"),
    "probe": ("POST /token$", lambda fault: fault, "credentials"),
    "code": ("POST /token$", lambda fault: once("/login-actions/", fault), "sign-in"),
    "refresh": ("POST /token$", refreshing, "refresh"),
}
"""Which requests it is done to, when, and the step that tells it."""


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", PLACES)
def test_endpoint_that_misbehaves_is_named_at_its_step(
    place: str, fault: str, proxy: Proxy, coder_realm: Realm, elsewhere: Server
):
    request, when, step = PLACES[place]
    proxy.on(request, *[when(FAULTS[fault][0](elsewhere))] * 20)
    # what ends by itself is asked again, which may take longer on a busy machine
    found = verified(*at(issuer(proxy, coder_realm)), *by_form(), *(DEADLINE if fault in ENDLESS else PATIENT))
    # one endpoint, one cause
    assert (found.code, found.named("failed")) == (1, {step}), found.steps
    assert {found.steps[each]["cause"] for each in found.named("follows")} == {step}
    assert_told(found.steps[step], fault)
    assert elsewhere.seen == []


def assert_told(step: dict[str, Any], fault: str) -> None:
    """The words hold what happened and how to go on, and no secret."""
    said = " ".join([step["problem"], *step["evidence"]])
    assert re.search(FAULTS[fault][1], said), step
    assert step["fix"] and SECRET not in said and PASSWORD not in said


DOORS = {
    "hangs": ("failed", "deadline of 2 s is over"),
    "answers 50 MB": ("failed", "more than 16 MiB"),
    "resets": ("failed", "reset"),
    "says too little": ("failed", "broke the HTTP protocol"),
    # a page and a redirect are what authorization endpoints answer: without a sign-in nobody can tell
    "redirects": ("could not tell", "is sent to `127.0.0.1` instead of back to Coder"),
    "answers a page": ("could not tell", "it shows a page"),
    "answers nothing": ("could not tell", "it shows a page"),
}
NEVER_ENDING = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def test_authorization_endpoint_that_drips_is_left_at_the_deadline(proxy: Proxy, coder_realm: Realm):
    proxy.on("GET /auth$", *[endless(NEVER_ENDING, b" ", 0.1)] * 20)
    found = verified(*at(issuer(proxy, coder_realm)), *DEADLINE)
    assert (found.code, found.named("failed")) == (1, {"authorize"})
    assert "deadline of 2 s is over" in found.words("authorize")


@pytest.mark.parametrize("fault", DOORS)
def test_authorization_endpoint_that_misbehaves_is_told_without_a_user(
    fault: str, proxy: Proxy, coder_realm: Realm, elsewhere: Server
):
    verdict, words = DOORS[fault]
    proxy.on("GET /auth$", *[FAULTS[fault][0](elsewhere)] * 20)
    found = verified(*at(issuer(proxy, coder_realm)), *(DEADLINE if fault in ENDLESS else PATIENT))
    assert found.steps["authorize"]["verdict"] == verdict, found.steps
    assert re.search(words, found.words("authorize")) and found.steps["authorize"]["fix"]
    assert (found.code, elsewhere.seen) == (int(verdict == "failed"), [])


@pytest.mark.parametrize(
    "location",
    ["http://[::1", "javascript:alert(1)", "/login", "mailto:a@b", CALLBACK, f"{CALLBACK}?error=login_required"],
)
def test_redirect_that_is_no_answer_to_this_question_says_nothing(location: str, proxy: Proxy, coder_realm: Realm):
    proxy.on("GET /auth$", *[answers(302, Location=location)] * 20)
    found = verified(*at(issuer(proxy, coder_realm)))
    assert (found.code, found.steps["authorize"]["verdict"]) == (0, "could not tell"), found.steps
    assert "instead of back to Coder" in found.words("authorize")


def test_sign_in_that_is_led_to_another_host_leaves_the_password_at_home(
    proxy: Proxy, coder_realm: Realm, elsewhere: Server
):
    page = f'<form method="post" action="{elsewhere.url.replace("127.0.0.1", "localhost")}/in">'
    page += '<input name="username"><input type="password" name="password"></form>'
    proxy.on("GET /auth$", passed, says(page.encode(), kind="text/html"))
    found = verified(*at(issuer(proxy, coder_realm)), *by_form())
    assert (found.code, found.named("failed"), elsewhere.seen) == (1, {"sign-in"}, [])
    assert "would send the password to `localhost`" in found.words("sign-in") and "--trust-host" in found.words(
        "sign-in"
    )
    # with the host named it may, and only then
    proxy.on("GET /auth$", passed, says(page.encode(), kind="text/html"))
    again = verified(*at(issuer(proxy, coder_realm)), *by_form(), "--trust-host", "localhost")
    assert [b"correct" in each.body for each in elsewhere.seen] == [True]
    assert again.named("failed") == {"sign-in"}


FOREIGN = {
    "another host": ("{elsewhere}/token", "is at another host, `localhost`"),
    "a cloud's metadata": (f"http://{METADATA}/latest/meta-data", f"metadata service, `{METADATA}`: nothing is sent there"),
    "metadata as a number": ("http://2852039166/latest", "metadata service, `2852039166`: nothing is sent there"),
    "metadata in IPv6": (f"http://[::ffff:{METADATA}]/", "metadata service"),
    "metadata by name": ("https://metadata.google.internal./x", "metadata service"),
    "plain http": ("http://sso.example.com/token", "is http, not https"),
    "a password in it": ("{own}", "holds a user name or password"),
    "no address": ("http://[::1", "is no address"),
    "a script": ("javascript:alert(1)", "is javascript, not https"),
    "nothing": ("", "is missing"),
}  # fmt: skip


@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri", "authorization_endpoint", "revocation_endpoint"])
@pytest.mark.parametrize("name", FOREIGN)
def test_nothing_is_sent_where_a_document_should_not_point(
    name: str, endpoint: str, proxy: Proxy, coder_realm: Realm, elsewhere: Server
):
    where, words = FOREIGN[name]
    own = issuer(proxy, coder_realm).replace("//", "//anna:pw@") + "/protocol/openid-connect/token"
    address = where.format(elsewhere=elsewhere.url.replace("127.0.0.1", "localhost"), own=own)
    proxy.on(
        "GET /.well-known/openid-configuration$", *[changed(lambda document: {**document, endpoint: address})] * 20
    )
    found = verified(*at(issuer(proxy, coder_realm)), *by_form(), "-vv")
    if (name, endpoint) == ("nothing", "revocation_endpoint"):
        assert found.named("failed") == set()
        return
    assert (found.code, found.named("failed")) == (1, {"discovery"}), found.steps
    assert f"`{endpoint}` {words}" in found.words("discovery") or words in found.words("discovery"), found.steps
    assert {found.steps[each]["cause"] for each in found.named("follows")} == {"discovery"}
    assert ({each.split("/")[-1] for each in proxy.asked}, elsewhere.seen) == ({"openid-configuration"}, [])
    traced = [line for line in found.err.splitlines() if line.startswith("trace:")]
    assert traced and all("openid-configuration" in line for line in traced)


def test_document_of_another_issuer_is_told_to_the_letter(proxy: Proxy, coder_realm: Realm):
    proxy.on("GET /.well-known", *[changed(lambda document: {**document, "issuer": document["issuer"] + "/"})] * 20)
    found = verified(*at(issuer(proxy, coder_realm)))
    assert (found.code, found.named("failed")) == (1, {"discovery"})
    assert "equal to the letter" in found.words("discovery")


@pytest.mark.parametrize(
    "given", ["http://[::1", "ftp://127.0.0.1/x", "sso.example.com", f"http://{METADATA}/", "http://"]
)
def test_issuer_that_cannot_be_asked_is_an_error_and_no_traceback(given: str):
    found = verified(*at(given), *by_form(), *DEADLINE)
    assert (found.code, found.named("failed")) == (1, {"discovery"}), found.steps
    assert "Traceback" not in found.err and CALLBACK not in found.words("discovery")

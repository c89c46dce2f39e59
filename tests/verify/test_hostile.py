"""Endpoints that drip, hang, redirect, answer HTML or far too much, or reset: told at their step, by name, before the deadline is long over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.faults.hostile import changed, half_closed, says, standing
from tests.faults.proxy import Exchange, Fault, Proxy, answers, cut_before, cut_in_body, dripping, passed, proxying, silent
from tests.live.conftest import Realm
from tests.servers import Server, always, answer
from tests.verify.verifying import CALLBACK, PASSWORD, SECRET, at, by_form, verified

from oidc_provision.provisioners.sandbox.serving import Sandbox

DEADLINE = ("--deadline", "2")
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
    "answers nothing": (lambda _: says(b""), "answered"),
    "answers no JSON": (lambda _: says(b'{"a": '), "broken JSON"),
    "answers a list": (lambda _: says([]), "JSON|no discovery document|no JWKS"),
    "resets": (lambda _: cut_before, "closed the connection|reset"),
    "breaks off": (lambda _: cut_in_body, "closed the connection|cut|end|incomplete|middle|reset"),
    "says too little": (lambda _: half_closed, "closed the connection|cut|end|incomplete|middle"),
}  # fmt: skip
"""How an endpoint misbehaves, and an expression for what is said of it."""


def of_grant(name: str, fault: Fault) -> Fault:
    """Do it to one grant alone: the code's that was issued, not the probe's."""

    def chosen(exchange: Exchange) -> None:
        (fault if name.encode() in exchange.body else passed)(exchange)

    return chosen


PLACES = {
    "discovery": ("GET /.well-known/openid-configuration$", "", "discovery"),
    "keys": ("GET /certs$", "", "id-token"),
    "probe": ("POST /token$", "", "credentials"),
    "refresh": ("POST /token$", "grant_type=refresh_token", "refresh"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", PLACES)
def test_endpoint_that_misbehaves_is_named_at_its_step(
    place: str, fault: str, proxy: Proxy, coder_realm: Realm, elsewhere: Server
):
    request, grant, step = PLACES[place]
    made = FAULTS[fault][0](elsewhere)
    proxy.on(request, *[of_grant(grant, made)] * 20)
    found = verified(*at(issuer(proxy, coder_realm)), *by_form(), *DEADLINE)
    assert (found.code, step in found.named("failed")) == (1, True), found.steps
    assert_told(found.steps[step], fault, proxy)
    assert {name: each["cause"] for name, each in found.steps.items() if each["verdict"] == "follows"}.keys() >= set()
    assert elsewhere.seen == []


def assert_told(step: dict[str, Any], fault: str, proxy: Proxy) -> None:
    """The words hold what happened, whose fault it is, and no secret."""
    import re

    said = " ".join([step["problem"], *step["evidence"]])
    assert re.search(FAULTS[fault][1], said), step
    assert step["fix"] and SECRET not in said and PASSWORD not in said

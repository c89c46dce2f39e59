"""What the authorization endpoint's answer to a question without a user means, also where it sends the browser to a page of its own."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.verify.sites import Site, to

from oidc_provision.plans.meanings import Meaning
from oidc_provision.plans.steps import Step, Verdict
from oidc_provision.provisioners.habits import no_refusal
from oidc_provision.provisioners.oidc.asking import Request
from oidc_provision.provisioners.oidc.probes import Prober
from oidc_provision.provisioners.transport import TransportSettings, open_client

DOOR = "https://sso.example.com/auth"
REQUEST = Request("coder", "https://coder.example.com/callback", ("openid",))
TABLE = (Meaning("made-up", "redirect_uri_mismatch", "", "redirect", "the redirect URI is not the client's", "add it"),)
ERROR_PAGE = "https://sso.example.com/error?said="


def told(address: str) -> tuple[str, str] | None:
    """Read the error page of a vendor that is made up."""
    said = parse_qs(urlsplit(address).query).get("said")
    return (said[0], "in its own words") if said else None


def judged(location: str, reads=told) -> Step:
    async def whole() -> Step:
        wire = httpx.MockTransport(Site({f"GET {DOOR}": to(location)}).answer)
        async with open_client(TransportSettings(wire=wire)) as http:
            return await Prober(http, lambda: "drawn", TABLE, reads).door(DOOR, REQUEST)

    return asyncio.run(whole())


@pytest.mark.parametrize(
    ("said", "words", "broken"),
    [
        ("redirect_uri_mismatch", "the redirect URI is not the client's", "redirect"),
        ("invalid_scope", "a scope that is asked for is not allowed", "scopes"),
        ("something_new", "refuses: something_new: in its own words", "flow"),
    ],
)
def test_refusal_in_the_address_of_an_error_page_is_looked_up_as_any_other(said: str, words: str, broken: str):
    step = judged(f"{ERROR_PAGE}{said}")
    assert (step.verdict, step.breaks) == (Verdict.FAILED, {broken})
    assert words in step.problem


@pytest.mark.parametrize("location", ["https://sso.example.com/sign-in", "/sign-in", "https://[sso/", "?"])
def test_page_whose_address_tells_nothing_is_not_judged(location: str):
    assert judged(location, no_refusal).verdict is Verdict.UNCLEAR


def test_page_that_nobody_can_read_is_not_judged():
    step = judged(f"{ERROR_PAGE}redirect_uri_mismatch", no_refusal)
    assert step.verdict is Verdict.UNCLEAR and "sso.example.com" in step.problem


def test_answer_at_coders_callback_is_read_before_any_page():
    step = judged(f"{REQUEST.redirect_uri}?error=login_required&state=drawn&said=invalid_scope")
    assert step.verdict is Verdict.OK

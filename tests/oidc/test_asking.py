"""What Coder asks, and what may come back."""

from __future__ import annotations

from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest

from oidc_provision.plans.errors import Failed
from oidc_provision.provisioners.oidc.asking import Request, begin

CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
ASKED = Request("coder", CALLBACK, ("openid", "offline_access"), {"access_type": "offline", "prompt": "consent"})


def question(request: Request = ASKED):
    numbers = count(1)
    return begin(request, lambda: f"random-text-of-32-characters-{next(numbers):03}")


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_everything_that_coder_sends_is_asked():
    asked = query(question().address("https://sso.example.com/auth?x=1", prompt="none"))
    assert asked | {"code_challenge": "", "state": "", "nonce": ""} == {
        "x": "1",
        "response_type": "code",
        "client_id": "coder",
        "redirect_uri": CALLBACK,
        "scope": "openid offline_access",
        "access_type": "offline",
        "prompt": "none",
        "code_challenge_method": "S256",
        "code_challenge": "",
        "state": "",
        "nonce": "",
    }
    assert len(asked["code_challenge"]) == 43 and asked["state"] != asked["nonce"]


def test_parameters_override_as_they_do_at_coder():
    asked = query(question(Request("coder", CALLBACK, ("openid",), {"access_type": "online"})).address("https://x"))
    assert asked["access_type"] == "online"


def test_coder_before_2_30_sends_no_pkce():
    begun = question(Request("coder", CALLBACK, ("openid",), pkce=False))
    assert begun.verifier == "" and "code_challenge" not in query(begun.address("https://x"))


def test_verifier_is_as_long_as_it_must_be():
    assert 43 <= len(question().verifier) <= 128


def test_code_is_read_from_the_callback():
    begun = question()
    returned = begun.read(f" {CALLBACK}?code=abc&state={begun.state}&iss=https%3A%2F%2Fsso\n")
    assert (returned.code, returned.error, returned.issuer) == ("abc", "", "https://sso")
    assert "abc" not in repr(returned)


def test_refusal_is_read_with_its_words():
    begun = question()
    returned = begun.read(f"{CALLBACK}?error=invalid_scope&error_description=no+such&state={begun.state}")
    assert returned.said == "invalid_scope: no such"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://evil.example.com/?code=abc", "no answer of the identity provider"),
        (f"{CALLBACK}", "no answer of the identity provider"),
        ("not an address", "no answer of the identity provider"),
        (f"{CALLBACK}?code=abc", "belongs to another sign-in"),
        (f"{CALLBACK}?code=abc&state=another", "belongs to another sign-in"),
    ],
)
def test_answer_that_is_not_ours_is_refused(address, words):
    with pytest.raises(Failed, match=words):
        question().read(address)

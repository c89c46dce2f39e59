"""The discovery document judged before anything is sent to where it points."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.servers import FakeClock

from oidc_provision.plans.redaction import Redactor
from oidc_provision.plans.steps import Step
from oidc_provision.provisioners.oidc.asking import Request
from oidc_provision.provisioners.oidc.discovery import Discovered, is_metadata, is_safe, problems
from oidc_provision.provisioners.oidc.subject import Subject
from oidc_provision.provisioners.oidc.tokens import Credentials
from oidc_provision.provisioners.oidc.verifying import Surroundings, Verifier

ISSUER = "https://sso.example.com/realms/x"
GOOD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/certs",
}


def judged(hosts: frozenset[str] = frozenset(), asked: str = ISSUER, **changes: object) -> tuple[list[str], bool]:
    document = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    found = Discovered(str(document["issuer"]), document)
    return list(problems(found, asked, hosts)), is_safe(found, hosts)


def test_document_of_one_host_is_right_and_safe():
    assert judged() == ([], True)


def test_issuer_is_compared_to_the_letter():
    wrong, safe = judged(asked=f"{ISSUER}/")
    assert "must be equal to the letter" in wrong[0] and safe


WRONG = {
    "at another host": ({"token_endpoint": "https://evil.example.net/token"}, "`token_endpoint` is at another host"),
    "at a cloud's metadata": ({"token_endpoint": "http://169.254.169.254/latest"}, "metadata service"),
    "at a metadata name": ({"jwks_uri": "https://metadata.google.internal/keys"}, "metadata service"),
    "not https": ({"token_endpoint": "http://sso.example.com/token"}, "is http, not https"),
    "a file": ({"jwks_uri": "file:///etc/passwd"}, "is file, not https"),
    "with a user": ({"token_endpoint": "https://a:b@sso.example.com/token"}, "user name or password"),
    "not there": ({"token_endpoint": None}, "`token_endpoint` is missing"),
    "no text": ({"jwks_uri": 7}, "`jwks_uri` is missing"),
    "an endpoint that is not needed elsewhere": ({"userinfo_endpoint": "https://x.example.org"}, "`userinfo_endpoint` is at another"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_nothing_is_sent_to_an_address_that_should_not_be_named(name):
    changes, words = WRONG[name]
    wrong, safe = judged(**changes)
    assert words in "; ".join(wrong) and not safe


def test_hosts_of_the_vendors_own_are_right():
    tokens = {"token_endpoint": "https://oauth2.example.net/token"}
    assert judged(frozenset({"oauth2.example.net"}), **tokens) == ([], True)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("169.254.169.254", True),
        ("169.254.170.2", True),
        ("fe80::1", True),
        ("fd00:ec2::254", True),
        ("100.100.100.200", True),
        ("Metadata.Google.Internal.", True),
        ("10.0.0.1", False),
        ("sso.example.com", False),
        ("127.0.0.1", False),
    ],
)
def test_where_clouds_keep_credentials(host, expected):
    assert is_metadata(host) is expected


def discovered(asked: tuple[str, ...], **document: object) -> Step:
    """Judge the whole step for an application that asks for these scopes."""

    async def fetch(_url: str) -> object:
        return {**GOOD, **document}

    async def whole() -> Step:
        subject = Subject(ISSUER, Credentials("coder"), Request("coder", "https://coder.example.com/cb", asked))
        async with httpx.AsyncClient() as http:
            around = Surroundings(http, fetch, Redactor(), FakeClock(), lambda: "drawn")
            return await Verifier(subject, around).discovery()

    return asyncio.run(whole())


@pytest.mark.parametrize(("asked", "hinted"), [(("openid", "offline_access"), True), (("openid", "email"), False)])
def test_missing_offline_access_is_hinted_at_where_it_is_asked_for(asked: tuple[str, ...], hinted: bool):
    step = discovered(asked, scopes_supported=["openid", "email"])
    assert any("offline_access" in line for line in step.evidence) is hinted

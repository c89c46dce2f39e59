"""Coder's side against a server that answers as the facts say Coder does, and against others that do not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.servers import FakeClock, answer, serving

from oidc_provision.plans.coder_env import CoderEnv
from oidc_provision.plans.sealed import Sealed
from oidc_provision.plans.steps import Step, Verdict
from oidc_provision.provisioners.oidc.coder_side import CoderSide, judged_metric
from oidc_provision.provisioners.transport import TransportSettings, open_client

ENV = (
    CoderEnv()
    .with_entry("CODER_OIDC_ISSUER_URL", "https://sso.example.com")
    .with_entry("CODER_OIDC_CLIENT_SECRET", Sealed("a-secret-canary-01"))
    .with_entry("CODER_OIDC_SCOPES", "openid,profile,email,offline_access")
    .with_entry("CODER_OIDC_AUTH_URL_PARAMS", '{"access_type": "offline"}')
    .with_entry("CODER_SESSION_DURATION", "720h")
    .with_entry("CODER_OIDC_IGNORE_EMAIL_VERIFIED", "true")
)


def option(env: str, value: Any, source: str = "env") -> dict[str, Any]:
    return {"env": env, "value": value, "value_source": source}


OPTIONS = [
    option("CODER_OIDC_ISSUER_URL", "https://sso.example.com"),
    option("CODER_OIDC_CLIENT_SECRET", None),
    option("CODER_OIDC_SCOPES", ["openid", "profile", "email", "offline_access"]),
    option("CODER_OIDC_AUTH_URL_PARAMS", {"access_type": "offline"}),
    option("CODER_SESSION_DURATION", 720 * 3600 * 10**9),
    option("CODER_OIDC_IGNORE_EMAIL_VERIFIED", True),
]
PAGES = {
    "/api/v2/buildinfo": {"version": "v2.34.5+abc1234"},
    "/api/v2/users/authmethods": {"oidc": {"enabled": True}},
    "/api/v2/deployment/config": {"config": {}, "options": OPTIONS},
}


def asked(pages: dict[str, Any], token: str = "abcdefghij-0123456789012345678901", **more: Any) -> dict[str, Step]:
    """Ask a server that answers these pages; a number is a status."""

    async def behave(seen, write):
        page = pages.get(seen.path, 404)
        denied = seen.path.endswith("config") and seen.headers.get("coder-session-token") != token
        status = page if isinstance(page, int) else 401 if denied else 200
        await write(answer(status, {} if status != 200 else page))

    async def whole() -> tuple[Step, ...]:
        async with serving(behave) as server, open_client(TransportSettings(clock=FakeClock())) as http:
            return await CoderSide(http, server.url, Sealed(token) if token else None, **more).steps(ENV)

    return {step.name: step for step in asyncio.run(whole())}


def test_settings_that_are_as_emitted_are_ok():
    steps = asked(PAGES)
    assert {name: step.verdict for name, step in steps.items()} == {
        "coder-version": Verdict.OK,
        "coder-oidc": Verdict.OK,
        "coder-settings": Verdict.OK,
        "coder-refreshes": Verdict.UNCLEAR,
    }
    assert "v2.34.5" in steps["coder-version"].evidence[0]


WRONG = {
    "another issuer": (option("CODER_OIDC_ISSUER_URL", "https://other.example.com"), "is \"https://other.example.com\", not"),
    "no secret": (option("CODER_OIDC_CLIENT_SECRET", None, ""), "CODER_OIDC_CLIENT_SECRET is not set"),
    "a scope less": (option("CODER_OIDC_SCOPES", ["openid", "profile", "email"]), "CODER_OIDC_SCOPES is"),
    "other parameters": (option("CODER_OIDC_AUTH_URL_PARAMS", {}), "CODER_OIDC_AUTH_URL_PARAMS is not set"),
    "a shorter session": (option("CODER_SESSION_DURATION", 24 * 3600 * 10**9), "CODER_SESSION_DURATION is 86400000000000"),
    "a switch the other way": (option("CODER_OIDC_IGNORE_EMAIL_VERIFIED", False), "IGNORE_EMAIL_VERIFIED is false"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_that_differs_is_named(name):
    changed, words = WRONG[name]
    options = [changed if each["env"] == changed["env"] else each for each in OPTIONS]
    step = asked({**PAGES, "/api/v2/deployment/config": {"options": options}})["coder-settings"]
    assert step.verdict is Verdict.FAILED and words in step.problem and "restart Coder" in step.fix
    assert "canary" not in repr(step)


def test_a_setting_that_this_coder_does_not_know_is_named():
    step = asked({**PAGES, "/api/v2/deployment/config": {"options": OPTIONS[:-1]}})["coder-settings"]
    assert "CODER_OIDC_IGNORE_EMAIL_VERIFIED is not known" in step.problem


UNSURE = {
    "nobody answers as Coder does": ({"/api/v2/buildinfo": {}}, "coder-version", "does not answer as Coder does"),
    "the page is not there": ({"/api/v2/buildinfo": 404}, "coder-version", "does not answer as Coder does"),
    "authmethods says nothing": ({**PAGES, "/api/v2/users/authmethods": {}}, "coder-oidc", "does not say"),
    "the token is no owner's": ({**PAGES, "/api/v2/deployment/config": 403}, "coder-settings", "not an owner's"),
    "a version that is not known": ({**PAGES, "/api/v2/deployment/config": {"x": 1}}, "coder-settings", "not known"),
}


@pytest.mark.parametrize("name", UNSURE)
def test_what_cannot_be_told_is_never_ok(name):
    pages, step, words = UNSURE[name]
    found = asked(pages)[step]
    assert found.verdict is Verdict.UNCLEAR and words in found.problem


def test_without_a_token_the_settings_cannot_be_told():
    assert "owner" in asked(PAGES, token="")["coder-settings"].problem


def test_sign_in_that_is_off_is_a_failure():
    step = asked({**PAGES, "/api/v2/users/authmethods": {"oidc": {"enabled": False}}})["coder-oidc"]
    assert step.verdict is Verdict.FAILED


def metric(**counts: int) -> str:
    lines = [
        f'coderd_oauth2_external_requests_total{{name="oidc-login",source="TokenSource",status_code="{code[1:]}"}} {count}'
        for code, count in counts.items()
    ]
    other = 'coderd_oauth2_external_requests_total{name="oidc-login",source="Exchange",status_code="500"} 9'
    return "\n".join(["# HELP something", *lines, other, "go_goroutines 12"])


@pytest.mark.parametrize(
    ("page", "verdict", "words"),
    [
        (metric(_200=12), Verdict.OK, "12 with status 200"),
        (metric(_200=12, _400=3), Verdict.OK, "3 with status 400"),
        (metric(_400=3), Verdict.FAILED, "all refreshes were refused"),
        (metric(_0=2, _503=1), Verdict.FAILED, "no refresh reached"),
        (metric(), Verdict.UNCLEAR, "refreshed nothing yet"),
        ("", Verdict.UNCLEAR, "refreshed nothing yet"),
    ],
)
def test_metrics_of_refreshes_are_judged(page, verdict, words):
    step = judged_metric(page)
    assert step.verdict is verdict and words in f"{step.problem} {json.dumps(step.evidence)}"

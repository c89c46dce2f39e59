"""`verify` at an OpenID provider that none of us wrote: django-oauth-toolkit, in both rotation settings, with and without `offline_access`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest
from tests.verify.provider.standing import Provider, standing
from tests.verify.verifying import WITH_A_SIGN_IN, at, by_form, verified

SETTINGS = {
    "reused": {"rotation": "off", "offline": "declared"},
    "rotated": {"rotation": "on", "offline": "declared"},
    "reused, not declared": {"rotation": "off", "offline": "missing"},
    "rotated, not declared": {"rotation": "on", "offline": "missing"},
    "rotated with grace": {"rotation": "on", "offline": "declared", "grace": "120"},
    "rotated with reuse protection": {"rotation": "on", "offline": "declared", "reuse_protection": "on"},
}
UNTRIED = WITH_A_SIGN_IN - {"discovery", "credentials", "authorize", "revoked"}
WITHOUT_OFFLINE = ("--scopes", "openid,profile,email")


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Provider]]:
    """Serves the provider with these settings, each for the whole module."""
    made: dict[str, Provider] = {}
    with ExitStack() as stack:

        def provider(name: str) -> Provider:
            if name not in made:
                made[name] = stack.enter_context(standing(tmp_path_factory.mktemp("django"), **SETTINGS[name]))
            return made[name]

        yield provider


@pytest.fixture
def verify_at(providers: Callable[[str], Provider]):
    """Verifies the provider with these settings by a sign-in through its form."""
    return lambda name, *args: verified(*at(providers(name).issuer), *by_form(), *args)


def test_provider_that_keeps_refresh_tokens_is_right(verify_at):
    found = verify_at("reused", "--probe-reuse")
    # it has no revocation endpoint in its document, and does not know `prompt=none`: neither is called ok
    assert (found.code, found.named("could not tell")) == (0, {"authorize", "revoked"}), found.steps
    assert found.named("ok") == WITH_A_SIGN_IN - {"authorize", "revoked"}
    assert "answers 500 to `prompt=none`" in found.words("authorize")
    assert "the old one works a second time" in found.words("rotation")
    assert "opaque" in found.words("refresh-token") and "offline_access" in found.words("scopes")
    assert verify_at("reused", "--probe-reuse", "--strict").code == 1


def test_rotation_is_seen_as_the_one_failure_with_a_fix(verify_at):
    found = verify_at("rotated", "--probe-reuse")
    assert (found.code, found.named("failed"), found.named("follows")) == (1, {"rotation"}, set()), found.steps
    words = found.words("rotation")
    assert "the refresh brought a new refresh token" in words
    assert "used a second time is refused (400 invalid_grant), while the newest one lives" in words
    assert "grant a grace period" in found.steps["rotation"]["fix"]


def test_rotation_that_is_not_tried_is_not_told(verify_at):
    found = verify_at("rotated")
    assert (found.code, found.steps["rotation"]["verdict"]) == (0, "could not tell")
    assert "--probe-reuse" in found.steps["rotation"]["fix"]
    assert verify_at("reused").steps["rotation"]["verdict"] == "ok"


def test_reuse_protection_takes_the_newest_one_too(verify_at):
    found = verify_at("rotated with reuse protection", "--probe-reuse")
    assert (found.code, found.named("failed")) == (1, {"rotation"}), found.steps
    assert "the newest one died with it" in found.words("rotation")


def test_grace_period_makes_parallel_refreshes_harmless(verify_at):
    found = verify_at("rotated with grace", "--probe-reuse")
    assert (found.code, found.steps["rotation"]["verdict"]) == (0, "ok"), found.steps
    assert "the refresh brought a new refresh token" in found.words("rotation")


@pytest.mark.parametrize("name", ["reused, not declared", "rotated, not declared"])
def test_scope_that_is_not_declared_is_refused_at_the_door_and_the_rest_follows(name, verify_at):
    found = verify_at(name, "--probe-reuse")
    assert (found.code, found.named("failed")) == (1, {"authorize"}), found.steps
    assert "invalid_scope" in found.words("authorize") and "allow the scope" in found.steps["authorize"]["fix"]
    assert "offline_access is not among its scopes (a hint only)" in found.words("discovery")
    assert found.named("follows") == UNTRIED
    assert {found.steps[each]["cause"] for each in UNTRIED} == {"authorize"}


@pytest.mark.parametrize(
    ("name", "verdict"), [("reused, not declared", "ok"), ("rotated, not declared", "failed")]
)  # fmt: skip
def test_provider_that_needs_no_such_scope_is_judged_by_what_it_does(name, verdict, verify_at):
    found = verify_at(name, "--probe-reuse", *WITHOUT_OFFLINE)
    assert found.steps["rotation"]["verdict"] == verdict
    assert found.named("failed") == ({"rotation"} if verdict == "failed" else set())
    assert found.steps["refresh-token"]["verdict"] == found.steps["refresh"]["verdict"] == "ok"


WRONG = {
    "secret": ("CLIENT_SECRET", "another secret of nobody 4711", "credentials", "the client id or its secret is not accepted"),
    "password": ("ANNA", "another password 4711", "sign-in", "the user name or the password is not accepted"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_wrong_secret_and_wrong_password_are_told_apart(what, verify_at, monkeypatch):
    variable, value, step, words = WRONG[what]
    monkeypatch.setenv(variable, value)
    found = verify_at("reused")
    assert (found.code, found.named("failed")) == (1, {step}), found.steps
    assert words in found.words(step) and value not in found.words(step) + found.err


@pytest.mark.parametrize(("client", "callback"), [("nobody", ""), ("coder", "https://coder.example.com/elsewhere")])
def test_unknown_client_and_redirect_uri_are_told_without_a_redirect(client, callback, providers):
    found = verified(*at(providers("reused").issuer, client, *filter(None, [callback])), *by_form())
    assert found.code == 1
    told = {step: found.words(step) for step in found.named("failed")}
    assert set(told) <= {"credentials", "authorize", "sign-in"} and told, found.steps


def test_password_is_posted_once_and_consent_given_by_the_button_that_says_so(providers, verify_at):
    provider = providers("reused")
    before = len(provider.asked)
    assert verify_at("reused").code == 0
    posts = [line for line in provider.asked[before:] if line.startswith("POST") and "/token/" not in line]
    assert posts == ["POST /accounts/login/ 302", "POST /o/authorize/ 302"]


def test_issuer_without_its_path_is_named(providers):
    found = partial(verified, *at(providers("reused").url))()
    assert (found.code, found.named("failed")) == (1, {"discovery"})
    assert "answered 404" in found.words("discovery")

"""What each part of a sign-in shows, judged from answers as data."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from oidc_provision.plans.sealed import Sealed
from oidc_provision.plans.steps import Step, Verdict
from oidc_provision.provisioners.oidc import judging
from oidc_provision.provisioners.oidc.asking import Request
from oidc_provision.provisioners.oidc.peeking import kind_of, lifetime_of
from oidc_provision.provisioners.oidc.subject import Promise, Subject
from oidc_provision.provisioners.oidc.tokens import Answer, Credentials

NOW = 1_000_000.0
OK, FAILED, UNCLEAR = Verdict.OK, Verdict.FAILED, Verdict.UNCLEAR
DAY = 86_400


def subject(*scopes: str, **promise: Any) -> Subject:
    request = Request("coder", "https://coder.example.com/cb", scopes or ("openid", "offline_access"))
    who = Credentials("coder", Sealed("a-secret-canary-01"))
    return Subject("https://sso", who, request, promise=Promise(**promise), fixes={"rotation": "state it in the plan"})


def jwt(**claims: Any) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def answer(**body: Any) -> Answer:
    return Answer(200, {"access_token": "a", "expires_in": 1800, **body})


def is_step(step: Step, verdict: Verdict, words: str) -> None:
    assert step.verdict is verdict
    assert words in f"{step.problem} {' '.join(step.evidence)} {step.fix}"


SCOPES = {
    "all granted": ("openid offline_access email", OK, "granted: openid, offline_access, email"),
    "nothing said": (None, OK, "those that were asked for"),
    "offline_access left out": ("openid email", FAILED, "not granted"),
    "another one left out": ("offline_access", UNCLEAR, "not named in the answer: openid"),
}


@pytest.mark.parametrize("name", SCOPES)
def test_scopes_are_judged_by_what_was_granted(name: str):
    scope, verdict, words = SCOPES[name]
    is_step(judging.scopes(subject(), answer(**({} if scope is None else {"scope": scope}))), verdict, words)


NAMES = {"email": frozenset({"https://api.example.com/auth/userinfo.email"})}
OTHER_NAMES = {
    "by its other name": ("openid https://api.example.com/auth/userinfo.email", OK, "granted: openid, https://api"),
    "by its own name": ("openid email", OK, "granted: openid, email"),
    "by no name": ("openid https://api.example.com/auth/userinfo.profile", UNCLEAR, "not named in the answer: email"),
}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_scope_is_known_by_the_names_that_a_vendor_gives_it(name: str):
    scope, verdict, words = OTHER_NAMES[name]
    named = replace(subject("openid", "email"), scope_names=NAMES)
    step = judging.scopes(named, answer(scope=scope))
    is_step(step, verdict, words)
    assert "refresh token" not in " ".join(step.evidence)


SILENT = {
    "offline_access": (("openid", "offline_access"), "offline_access is never named here: a refresh token shows it"),
    "another one": (("openid", "roles"), "roles is never named here"),
    "one that is not asked for": (("openid",), "granted: openid"),
}


@pytest.mark.parametrize("name", SILENT)
def test_silent_scopes_are_told_where_they_are_asked_for(name: str):
    asked, words = SILENT[name]
    silent = replace(subject(*asked), silent=frozenset({"offline_access", "roles"}))
    assert judging.scopes(silent, answer(scope="openid")).evidence[0].removeprefix("granted: openid; ") == words


REFRESH_TOKENS = {
    "none": ({}, FAILED, "signs its users out"),
    "offline": ({"refresh_token": jwt(typ="Offline")}, OK, "Offline"),
    "bound to the browser": ({"refresh_token": jwt(typ="Refresh")}, FAILED, "bound to the browser's session"),
    "opaque": ({"refresh_token": "0.AAAA-opaque"}, OK, "opaque"),
    "a kind that is no word": ({"refresh_token": jwt(typ="\x1b[31m")}, OK, "opaque"),
}


@pytest.mark.parametrize("name", REFRESH_TOKENS)
def test_refresh_tokens_are_judged_by_their_kind(name: str):
    body, verdict, words = REFRESH_TOKENS[name]
    is_step(judging.refresh_token(subject(), answer(**body)), verdict, words)


def test_a_plain_refresh_token_is_right_where_offline_access_was_not_asked_for():
    is_step(judging.refresh_token(subject("openid"), answer(refresh_token=jwt(typ="Refresh"))), OK, "Refresh")


LIFETIMES = {
    "as promised": ({"access": 1800, "idle": 30 * DAY}, {}, OK, "without an end of its own"),
    "nothing promised": ({}, {}, OK, "says nothing about them"),
    "a travelling second": ({"access": 1801}, {}, OK, "access 30m"),
    "another access token": ({"access": 3600}, {}, FAILED, "access tokens live 30m, the plan says 1h"),
    "a shorter end in the token": (
        {"idle": 30 * DAY},
        {"refresh_token": jwt(exp=NOW + 14 * DAY)},
        FAILED,
        "ends after 14d, the plan promises 30d",
    ),
    "a shorter end beside it": ({"idle": 30 * DAY}, {"refresh_expires_in": 3600}, FAILED, "ends after 1h"),
    "a longer end": ({"idle": 30 * DAY}, {"refresh_token_expires_in": 60 * DAY}, OK, "refresh 60d"),
    "0 says nothing": ({"idle": 30 * DAY}, {"refresh_expires_in": 0}, OK, "without an end of its own"),
    "no time said": ({"access": 1800}, {"expires_in": None}, OK, "a time that is not said"),
}


@pytest.mark.parametrize("name", LIFETIMES)
def test_lifetimes_are_judged_against_the_promise(name: str):
    promise, body, verdict, words = LIFETIMES[name]
    is_step(judging.lifetimes(subject(**promise), answer(**body), NOW), verdict, words)


@pytest.mark.parametrize(
    ("old", "new", "verdict", "words"),
    [
        ("a", "a", OK, "stays the same"),
        ("a", "", OK, "stays the same"),
        ("a", "b", UNCLEAR, "not tried"),
    ],
)
def test_rotation_is_not_guessed(old: str, new: str, verdict: Verdict, words: str):
    is_step(judging.untried_rotation(old, new), verdict, words)


@pytest.mark.parametrize(
    ("rotation", "lives", "verdict", "words"),
    [
        (None, False, FAILED, "died with it"),
        ("reuse", True, FAILED, "while the newest one lives"),
        ("reuse", True, FAILED, "state it in the plan"),
        ("rotate", False, OK, "as the plan wants"),
    ],
)
def test_a_refused_second_use_is_judged_by_what_the_plan_wants(rotation, lives, verdict, words):
    is_step(judging.replayed(subject(rotation=rotation), "seen", "400", newest_lives=lives), verdict, words)


def test_a_refusal_that_nobody_knows_is_told_in_its_own_words():
    refused = ("odd_error", "the moon is full", "400 odd_error: the moon is full")
    is_step(judging.refusal(subject(), judging.REFRESH, refused), FAILED, "the moon is full")
    assert judging.refusal(subject(), judging.REFRESH, refused).breaks == {"refresh"}
    assert judging.refusal(subject(), judging.SIGN_IN, refused).breaks == {"person"}


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "e30.!!!.c2ln", "e30.W10.c2ln", "e30.eyJ.x"])
def test_what_is_no_jwt_tells_nothing(token: str):
    assert (kind_of(token), lifetime_of(answer(refresh_token=token), NOW)) == ("", None)

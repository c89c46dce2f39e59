"""Each wrong behaviour of an OpenID provider is caught at its step and named; what is only odd passes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.live.conftest import Realm
from tests.verify.verifying import WITH_A_SIGN_IN, at, by_form, verified

from oidc_provision.provisioners.sandbox.lying import ID_TOKENS, KEYS, NAMES, TOKENS, Lie
from oidc_provision.provisioners.sandbox.serving import Sandbox

pytestmark = pytest.mark.battery(48)
FIRST, REFRESHED = "authorization_code", "refresh_token"
STEPS = {FIRST: "id-token", REFRESHED: "refreshed-id-token"}


@dataclass(frozen=True)
class Caught:
    """What the words of the step hold, for a first ID token and for a refreshed one; () where it is right there."""

    first: tuple[str, ...]
    refreshed: tuple[str, ...]

    def words(self, grant: str) -> tuple[str, ...]:
        return self.first if grant == FIRST else self.refreshed


def both(*words: str) -> Caught:
    return Caught(words, words)


OTHER_ISSUER = "https://elsewhere.example.com"
LIES = {
    "iss": Caught(("`iss` is `https://elsewhere.example.com`, not",), ("`iss`", OTHER_ISSUER, "after the refresh")),
    "sub": Caught(
        ("`sub` was `nobody` and is", "after the refresh"), ("`sub` was", "and is `nobody` after the refresh")
    ),
    "no-sub": both("`sub` is missing"),
    "aud": both("`aud` is `nobody`, which is not this client"),
    "azp": both("`azp` is `nobody`, which is not this client"),
    "nonce": Caught(("`nonce` is not the one that was sent",), ("`nonce` has another value after the refresh",)),
    "at-hash": both("`at_hash` is not the hash of the access token"),
    "rt-hash": both("`rt_hash` is not the hash of the refresh token"),
    "auth-time": both("`auth_time` was 1", "and is 1", "after the refresh"),
    "older": Caught((), ("`iat` is older than that of the first ID token",)),
    "expired": both("it ended", "s ago by this machine's clock"),
    "future": both("it was issued", "s in the future"),
    "alg-none": both("signed with `none`", "RS256"),
    "hs256": both("signed with `HS256`", "only asymmetric signatures"),
    "kid": both("names a key (`kid`) that is not among the issuer's keys"),
    "signature": both("signature does not hold", "jwks_uri"),
    "no-kid": both(),
    "aud-list": both(),
    "no-nonce": Caught(("`nonce` is not the one that was sent",), ()),
    "no-auth-time": both(),
    "right-rt-hash": both(),
}
SEEN_AT_THE_REFRESH = {"sub", "auth-time"}
"""Wrong in a first ID token these are known by the second one alone."""
CASES = [(what, grant) for what in LIES for grant in STEPS]


def test_every_lie_about_an_id_token_is_tried():
    assert set(LIES) == set(ID_TOKENS)


@pytest.mark.parametrize(("what", "grant"), CASES, ids=[f"{what}-{STEPS[grant]}" for what, grant in CASES])
def test_id_token_is_judged_at_its_step(what: str, grant: str, sandbox: Sandbox, coder_realm: Realm):
    sandbox.lies.tell(Lie(what, grant))  # type: ignore[arg-type]  # one of the two
    found = verified(*at(coder_realm.issuer), *by_form(), "--probe-reuse")
    assert sandbox.lies.waiting == ()
    words = LIES[what].words(grant)
    if not words:
        assert (found.code, found.named("ok")) == (0, WITH_A_SIGN_IN), found.steps
        return
    step = STEPS[REFRESHED if what in SEEN_AT_THE_REFRESH else grant]
    assert (found.code, found.named("failed")) == (1, {step}), found.steps
    assert [each for each in words if each not in found.words(step)] == []
    assert found.steps[step]["fix"]


def test_claim_that_changes_after_the_refresh_is_compared_with_a_first_token_that_is_odd(sandbox, coder_realm):
    # without a first value there is nothing that a refresh could change
    sandbox.lies.tell(Lie("no-auth-time", FIRST), Lie("aud-list", REFRESHED))
    found = verified(*at(coder_realm.issuer), *by_form())
    assert (found.code, found.steps["refreshed-id-token"]["verdict"]) == (0, "ok")


ANSWERS = {
    ("error-200", FIRST): ("sign-in", "(200 invalid_grant: answered with status 200)"),
    ("error-200", REFRESHED): ("refresh", "(200 invalid_grant: answered with status 200)"),
    ("no-access-token", FIRST): ("sign-in", "answered 200 without an access token", "POST"),
    ("no-access-token", REFRESHED): ("refresh", "answered 200 without an access token", "POST"),
    ("html", FIRST): ("sign-in", "text/html where JSON was expected", "POST"),
    ("html", REFRESHED): ("refresh", "text/html where JSON was expected", "POST"),
    ("redirect", FIRST): ("sign-in", "redirects to `https://elsewhere.example.com`", "not followed"),
    ("redirect", REFRESHED): ("refresh", "redirects to `https://elsewhere.example.com`", "not followed"),
    ("no-id-token", FIRST): ("id-token", "no ID token came", "openid"),
    ("no-id-token", REFRESHED): ("", "none came with the refresh"),
}


def test_every_lie_about_an_answer_is_tried():
    assert {what for what, _ in ANSWERS} == set(TOKENS)


@pytest.mark.parametrize(("what", "grant"), ANSWERS, ids=["-".join(each) for each in ANSWERS])
def test_wrong_token_answer_is_told_where_it_came(what: str, grant: str, sandbox: Sandbox, coder_realm: Realm):
    sandbox.lies.tell(Lie(what, grant))  # type: ignore[arg-type]  # one of the two
    found = verified(*at(coder_realm.issuer), *by_form())
    assert sandbox.lies.waiting == ()
    step, *words = ANSWERS[what, grant]
    assert (found.code, found.named("failed")) == (int(bool(step)), {step} - {""}), found.steps
    told = found.words(step or "refreshed-id-token")
    assert [each for each in words if each not in told] == []
    assert {found.steps[each]["cause"] for each in found.named("follows")} <= {step}


KEYRINGS = {
    "jwks-one-unparseable": (),
    "jwks-unparseable": ("none of the 3 keys at `jwks_uri` can be read", "broken JWK"),
    "jwks-no-keys": ("there is no list `keys`", "jwks_uri"),
}


def test_every_lie_about_keys_is_tried():
    assert set(KEYRINGS) == set(KEYS)
    assert {*LIES, *KEYRINGS, *(what for what, _ in ANSWERS)} == set(NAMES)


@pytest.mark.parametrize("what", KEYRINGS)
def test_keys_that_cannot_be_read_are_named_where_no_good_one_is_left(what, sandbox: Sandbox, coder_realm: Realm):
    sandbox.lies.tell(Lie(what, times=2))
    found = verified(*at(coder_realm.issuer), *by_form())
    assert sandbox.lies.waiting == ()
    words = KEYRINGS[what]
    assert (found.code, found.named("failed")) == ((1, {"id-token"}) if words else (0, set())), found.steps
    assert [each for each in words if each not in found.words("id-token")] == []
    # the second failure is the same cause again
    assert found.named("follows") == ({"refreshed-id-token"} if words else set())


def test_no_token_is_shown_whatever_is_wrong_with_it(sandbox: Sandbox, coder_realm: Realm):
    for what in ("sub", "hs256", "signature", "no-access-token"):
        sandbox.lies.forget()
        sandbox.lies.tell(Lie(what, REFRESHED))
        found = verified(*at(coder_realm.issuer), *by_form(), "-vv")
        assert "eyJ" not in found.err + str(found.steps)

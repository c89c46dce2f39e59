"""ID tokens, keys and numbers that no library of a decent identity provider writes: named, never a traceback."""

from __future__ import annotations

import base64
import json
import warnings
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from oidc_provision.plans.errors import Failed
from oidc_provision.provisioners.oidc.id_tokens import Expected, IdToken, changed, opened, problems, read_keys
from oidc_provision.provisioners.oidc.peeking import LATEST, lifetime_of
from oidc_provision.provisioners.oidc.tokens import Answer

CLAIMS: dict[str, Any] = {"iss": "https://i", "aud": "c", "sub": "s", "exp": 2_000_000_000, "iat": 1_700_000_000}
NOW = 1_800_000_000.0
WITHOUT_END = 10**400


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


def part(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


HEADERS: dict[str, tuple[object, str]] = {
    "empty": ({}, "something unreadable"),
    "a list": ([1], "no JWT"),
    "a list of algorithms": ({"alg": ["RS256"]}, "something unreadable"),
    "markup": ({"alg": "<b>"}, "something unreadable"),
    "a number as key": ({"alg": "RS256", "kid": 3}, "signature does not hold"),
    "another kind of key": ({"alg": "ES256", "kid": "OWN"}, "signature does not hold"),
    "unknown critical": ({"alg": "RS256", "kid": "OWN", "crit": ["x"], "x": 1}, "signature does not hold"),
    "payload as it is": ({"alg": "RS256", "kid": "OWN", "b64": False, "crit": ["b64"]}, "signature does not hold"),
    "own key in the header": ({"alg": "RS256", "jwk": {"kty": "RSA", "n": "AQ", "e": "AQAB"}}, "signature does not hold"),
    "none in capitals": ({"alg": "NONE"}, "signed with `NONE`"),
    "nested": (b'{"a":' * 5000, "no JWT"),
    "two algorithms": (b'{"alg":"none","alg":"RS256"}', "no JWT"),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_odd_header_is_refused_with_a_reason(name: str, key: RSAKey):
    header, words = HEADERS[name]
    if isinstance(header, dict) and header.get("kid") == "OWN":
        header = {**header, "kid": key.kid}
    with pytest.raises(Failed, match=words):
        opened(f"{part(header)}.{part(CLAIMS)}.AAAA", read_keys({"keys": [key.as_dict(private=False)]}))


@pytest.mark.parametrize("text", ["a", "...", "a.b", "é.é.é", "\x00", "a.b.c.d.e"])
def test_text_that_is_no_token_is_told_so(text: str, key: RSAKey):
    with pytest.raises(Failed, match="no JWT"):
        opened(text, read_keys({"keys": [key.as_dict(private=False)]}))


BROKEN_KEYS: list[Any] = [
    None, 1, "x", [], {}, {"kty": 1}, {"kty": [1]}, {"kty": "RSA"}, {"kty": "RSA", "n": 1, "e": 2},
    {"kty": "RSA", "n": "", "e": ""}, {"kty": "RSA", "n": "AQ", "e": "AQ"}, {"kty": "RSA", "n": "é", "e": "AQAB"},
    {"kty": "RSA", "n": "A" * 100_000, "e": "AQAB"}, {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
    {"kty": "EC", "crv": "zz", "x": "AQ", "y": "AQ"}, {"kty": "OKP", "crv": "Ed25519", "x": "AQ"},
]  # fmt: skip


@pytest.mark.battery(48)
@pytest.mark.parametrize("broken", BROKEN_KEYS, ids=[str(each)[:40] for each in BROKEN_KEYS])
def test_unparseable_key_spoils_no_good_one_and_alone_is_named(broken: object, key: RSAKey):
    token = jwt.encode({"alg": "RS256", "kid": key.kid}, CLAIMS, key)
    assert opened(token, read_keys({"keys": [broken, key.as_dict(private=False), broken]})).claims == CLAIMS
    with pytest.raises(Failed, match="none of the 1 keys at `jwks_uri` can be read"):
        read_keys({"keys": [broken]})


@pytest.mark.parametrize("document", [None, [], "x", {}, {"keys": {}}, {"keys": None}, {"keys": []}])
def test_document_without_keys_is_named(document: object):
    with pytest.raises(Failed, match="`jwks_uri`"):
        read_keys(document)


@pytest.mark.parametrize("algorithm", ["RS256", "PS384", "ES512", "EdDSA", "Ed25519"])
def test_every_asymmetric_signature_is_checked_without_a_word_on_stderr(algorithm: str, key: RSAKey):
    own = {"R": key, "P": key, "E": OKPKey.generate_key("Ed25519", auto_kid=True)}[algorithm[0]]
    own = ECKey.generate_key("P-521", auto_kid=True) if algorithm == "ES512" else own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        token = jwt.encode({"alg": algorithm}, CLAIMS, own, algorithms=[algorithm])
    # without a `kid` it may be any of the keys
    keys = read_keys({"keys": [key.as_dict(private=False), own.as_dict(private=False)]})
    assert opened(token, keys).claims == CLAIMS
    with pytest.raises(Failed, match="signature does not hold"):
        opened(token[:-8] + ("AAAAAAAA" if token[-8:] != "AAAAAAAA" else "BBBBBBBB"), keys)


def test_small_key_is_read_without_a_word_on_stderr():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        small = RSAKey.generate_key(1024, auto_kid=True).as_dict(private=False)
    assert len(read_keys({"keys": [small]}).keys) == 1


def told(**claims: object) -> list[str]:
    token = IdToken({"alg": "RS256"}, {**CLAIMS, **claims})
    return list(problems(token, Expected("https://i", "c", NOW), Answer(200, {"access_token": "a"})))


@pytest.mark.parametrize(
    ("claim", "value", "words"),
    [
        ("exp", WITHOUT_END, "`exp` or `iat` is missing, or no time"),
        ("exp", True, "`exp` or `iat` is missing, or no time"),
        ("iat", "1700000000", "`exp` or `iat` is missing, or no time"),
        ("exp", LATEST, "`exp` or `iat` is missing, or no time"),
        ("exp", NOW - 60, "it ended 60 s ago"),
        ("iat", NOW + 61, "it was issued 61 s in the future"),
        ("iss", ["https://i"], "`iss` is [`https://i`], not `https://i`"),
        ("iss", "https://i/", "`iss` is `https://i/`, not `https://i`"),
        ("aud", {}, "`aud` is no text"),
        ("aud", [1], "`aud` is [], which is not this client"),
        ("aud", "C", "`aud` is `C`, which is not this client"),
        ("aud", ["c", "d"], "`azp` is missing, though there are several audiences"),
        ("azp", "d", "`azp` is `d`, which is not this client"),
        ("sub", 5, "`sub` is 5, which is no text"),
        ("sub", "", "`sub` is missing"),
        ("at_hash", "", "`at_hash` is not the hash of the access token"),
        ("at_hash", 5, "`at_hash` is not the hash of the access token"),
        ("rt_hash", "é", "`rt_hash` is not the hash of the refresh token"),
    ],
)
def test_odd_claim_is_named(claim: str, value: object, words: str):
    assert told(**{claim: value})[0].startswith(words)


@pytest.mark.parametrize(
    "claims", [{}, {"exp": NOW - 59}, {"iat": NOW + 60}, {"aud": ["c"]}, {"aud": ["d", "c"], "azp": "c"}, {"azp": "c"}]
)
def test_right_claims_are_not_complained_of(claims: dict[str, object]):
    assert told(**claims) == []


@pytest.mark.parametrize(
    ("sent", "came", "expected"),
    [
        ("n", "n", []),
        ("n", "m", ["`nonce` is not the one that was sent"]),
        ("n", None, ["`nonce` is not the one that was sent"]),
        ("", None, ["`nonce` is not the one that was sent"]),
        (None, "m", []),
    ],
)
def test_nonce_must_come_back_where_one_was_sent(sent: str | None, came: str | None, expected: list[str]):
    token = IdToken({"alg": "RS256"}, {**CLAIMS, **({} if came is None else {"nonce": came})})
    assert list(problems(token, Expected("https://i", "c", NOW, sent), Answer(200))) == expected


CORE_TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"  # the example of OpenID Connect Core, A.3
HALF_HASHES = {
    ("RS256", CORE_TOKEN): "77QmUPtjPfzWtF2AnpK9RQ",
    ("PS384", CORE_TOKEN): "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs",
    ("ES384", "token-11"): "TPkN32AHaPTydDqZxS4GhkmgmWTsB6NX",
    ("ES512", CORE_TOKEN): "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM",
    ("EdDSA", CORE_TOKEN): "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM",
}


@pytest.mark.parametrize(("algorithm", "value"), HALF_HASHES)
def test_hash_of_a_token_holds_for_that_token_and_no_other(algorithm: str, value: str):
    half = HALF_HASHES[algorithm, value]
    token = IdToken({"alg": algorithm}, {**CLAIMS, "at_hash": half, "rt_hash": half})
    expected = Expected("https://i", "c", NOW)
    assert list(problems(token, expected, Answer(200, {"access_token": value, "refresh_token": value}))) == []
    assert list(
        problems(token, expected, Answer(200, {"access_token": value, "refresh_token": value.lower() + "x"}))
    ) == ["`rt_hash` is not the hash of the refresh token"]


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ({"aud": "c"}, {"aud": ["c"]}, []),
        ({"aud": ["c", "d"]}, {"aud": ["d", "c"]}, []),
        ({"aud": ["c", "d"]}, {"aud": ["c"]}, ["aud"]),
        ({"auth_time": 5}, {"auth_time": 6}, ["auth_time"]),
        ({"auth_time": 5}, {}, []),
        ({}, {"auth_time": 5}, []),
        ({"auth_time": 5}, {"auth_time": WITHOUT_END}, ["auth_time"]),
        ({"azp": "c"}, {}, []),
        ({}, {"azp": "c"}, ["azp"]),
        ({"nonce": "n"}, {}, []),
        ({}, {"nonce": "n"}, ["nonce"]),
        ({"nonce": "n"}, {"nonce": "n"}, []),
        ({"nonce": "n"}, {"nonce": "m"}, ["nonce"]),
        ({"iat": 9}, {"iat": 8}, ["iat"]),
        ({"iat": 8}, {"iat": 8}, []),
    ],
)
def test_what_a_refresh_may_not_change_is_named(before: dict[str, Any], after: dict[str, Any], named: list[str]):
    first, second = (IdToken({"alg": "RS256"}, {**CLAIMS, **each}) for each in (before, after))
    assert [each.split("`")[1] for each in changed(first, second)] == named


@pytest.mark.parametrize(
    ("claim", "value", "sentence"),
    [
        ("iss", "https://j", "`iss` was `https://i` and is `https://j` after the refresh"),
        ("sub", None, "`sub` was `s` and is missing after the refresh"),
        ("aud", ["c", "d"], "`aud` was `c` and is [`c`, `d`] after the refresh"),
        ("azp", 5, "`azp` was missing and is 5 after the refresh"),
        ("iss", "x" * 300, f"`iss` was `https://i` and is `{'x' * 200}` after the refresh"),
        ("nonce", "n", "`nonce` has another value after the refresh"),
        ("iat", 5, "`iat` is older than that of the first ID token"),
    ],
)
def test_change_is_told_with_what_was_and_what_is(claim: str, value: object, sentence: str):
    after = {name: each for name, each in {**CLAIMS, claim: value}.items() if each is not None}
    assert list(changed(IdToken({"alg": "RS256"}, CLAIMS), IdToken({"alg": "RS256"}, after))) == [sentence]


@pytest.mark.parametrize("ends", [WITHOUT_END, 1e308, True, "soon", None])
def test_end_of_a_refresh_token_that_is_no_time_says_nothing(ends: object):
    token = f"{part({})}.{part({'exp': ends})}.x"
    assert lifetime_of(Answer(200, {"refresh_token": token}), NOW) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(5, 5), (5.5, 5), ("300", 300), ("٣", None), (-1, None), (True, None), (1e308, None), (WITHOUT_END, None), ([], None)],
)  # fmt: skip
def test_lifetime_of_an_access_token_is_a_number_of_seconds_or_unknown(value: object, seconds: int | None):
    assert Answer(200, {"expires_in": value}).expires_in == seconds

"""No token that anybody may have put into a log is ever printed, whatever stands around it and however it is written."""

from __future__ import annotations

import json
import string
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doctor.looking import heard, looked

from oidc_provision.cli.render.diagnosis import RENDERINGS
from oidc_provision.provisioners.diagnosis.masking import masked

LETTERS = string.ascii_letters + string.digits
URLSAFE = LETTERS + "-_"
JWT_PART = st.text(URLSAFE, min_size=12, max_size=60)


def of(alphabet: str, least: int = 20, most: int = 90) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most)


# a run of one letter or of dots is no token: what is drawn must have the mixture that random bits have
def is_random(text: str) -> bool:
    return len(set(text)) >= 8 and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


OPAQUE = st.one_of(of(URLSAFE), of("0123456789abcdef", 24), of(LETTERS + "+/", 24), of(LETTERS)).filter(is_random)
JWTS = st.tuples(JWT_PART, JWT_PART, JWT_PART).map(lambda parts: f"eyJ{parts[0]}.eyJ{parts[1]}.{parts[2]}")
SESSIONS = st.tuples(of(LETTERS, 10, 10), of(LETTERS, 22, 22)).map("-".join).filter(is_random)
TOKENS = st.one_of(OPAQUE, JWTS, SESSIONS)
NAMED = [
    "refresh_token={}", "https://coder.example.com/cb?code={}&state=x1", "&state={}", "client_secret={}", "id_token={}",
    '"refresh_token":"{}"', '"access_token": "{}"', '{{"client_secret": "{}"}}', "Authorization: Bearer {}", "Cookie: a={}; b=2",
    "Coder-Session-Token: {}", "coder_session_token={}", "Set-Cookie: coder_session_token={}; Path=/", "password={}",
    '{{"name": "Cookie", "value": "{}"}}', "code_verifier%3D{}%26x", "%26code%3D{}", "Authorization: Basic {}",
]  # fmt: skip
PASSWORDS = ["password={}", "&client_secret={} x", "password: {}", '"password":"{}"']
BARE = [
    "{}",
    "token {} was refused",
    "({})",
    "<{}>",
    "x={}",
    "'{}'",
    "https://h.example.com/{}",
    "a/{}/b",
    "[{}]",
    "{}: gone",
]
WRITTEN = [str, json.dumps, lambda text: json.dumps(json.dumps(text)), lambda text: quote(text, safe=""), quote]
LINE = '2026-05-02 08:00:00.000 [warn]  coderd: {}  error="oauth2: \\"invalid_grant\\" \\"Token is not active\\""  {}'


@settings(max_examples=300, deadline=None)
@given(TOKENS, st.sampled_from(NAMED + BARE), st.sampled_from(WRITTEN))
def test_a_token_is_masked_wherever_it_stands(token, place, written):
    assert token not in masked(written(place.format(token)))


@settings(max_examples=150, deadline=None)
@given(st.text(LETTERS, min_size=4, max_size=19).filter(is_random), st.sampled_from(NAMED), st.sampled_from(WRITTEN))
def test_a_short_secret_is_masked_where_it_is_named(token, place, written):
    assert token not in masked(written(place.format(token)))


@settings(max_examples=120, deadline=None)
@given(TOKENS, TOKENS, st.sampled_from(NAMED + BARE), st.text(string.printable, max_size=60))
def test_no_rendering_of_a_diagnosis_holds_a_token(first, second, place, surroundings):
    line = LINE.format(place.format(first), surroundings.replace("\n", " ") + " " + place.format(second))
    found = [looked(line.encode(), "log"), heard(line)]
    shown = "".join(render(each) for each in found for render in RENDERINGS.values())
    assert "keycloak-expired" in shown and first not in shown and second not in shown


@settings(max_examples=60, deadline=None)
@given(TOKENS, st.integers(0, 9000), st.sampled_from(["refresh_token={}", "x {} y", '"{}"']))
def test_no_piece_of_a_token_is_left_where_a_long_line_is_cut(token, before, place):
    line = (
        "oauth2: server response missing access_token " + "word " * (before // 5) + place.format(token) + " word" * 2000
    )
    shown = "".join(looked(line.encode(), "log").found[0].evidence)
    assert token[:12] not in shown and token[-12:] not in shown


def test_no_end_of_a_token_is_left_where_what_is_shown_begins():
    token, words = "q7Rt2" * 30 + "Zk4mW9xB", " oauth2: server response missing access_token"
    for between in range(3990, 4100, 3):
        (found,) = heard(f"{token} {'a1B2' * (between // 4) + 'c' * (between % 4)}{words}").found
        assert token[-8:] not in found.evidence[0]


@pytest.mark.parametrize("piece", ["eyJhbGciOiJIUzI1", "(eyJhbGci.eyJzd)", "x eyJ0eXAiOi.", "bearer abcd"])
def test_short_pieces_that_say_what_they_are_go_too(piece):
    assert "(redacted)" in masked(piece)


@settings(max_examples=150, deadline=None)
@given(of(LETTERS + "~.!*(),;:@$^+-_/", 6, 30).filter(is_random), st.sampled_from(PASSWORDS))
def test_a_password_is_masked_to_its_end(password, place):
    shown = masked(place.format(password))
    assert password[2:] not in shown and password[-3:] not in shown


WORDS = [
    "GET /api/v2/users/oidc/callback -> 401",
    "https://sso.example.com/realms/engineering/protocol/openid-connect/token",
    "coderd_oauth2_external_requests_total: 12 with status 400",
    'oauth2: "invalid_grant" "Maximum allowed refresh token reuse exceeded"',
    "CODER_OIDC_SCOPES=openid,profile,email,offline_access status_code=401 took=12.5ms",
    "failed to renew OIDC token: token has expired",
    "2026-05-02T08:00:00.123456789Z [warn] coderd.userauth: login_type=oidc remote_addr=10.42.0.17",
    "AADSTS7000222: The provided client secret keys are expired, see login.microsoftonline.com",
    "Post \"https://sso.example.com/oauth2/token\": dial tcp 10.0.0.7:443: connect: connection refused",
]  # fmt: skip


@pytest.mark.parametrize("text", WORDS)
def test_what_tells_where_and_why_stays_readable(text):
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("user ann.smith@example.com", "user a***@example.com"),
        ("login=ann%40example.com", "login=a***%40example.com"),
        ("https://login.example.com/8a6e0804-2bd0-4672-b79d-d97027f9071a/oauth2", "https://login.example.com/(redacted)"),
    ],
)  # fmt: skip
def test_people_are_cut_to_a_letter_and_identifiers_go(text, shown):
    assert masked(text) == shown


HOSTILE = ["a_", "eyJ", "%25", "\\\\", "token", 'token":"', "\\u00", "a.", "=", "bearer ",
           "Aa", '"name":"code","value":"', "a@b.", "https://", 'get "https://token']  # fmt: skip


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("tail", ["", "!", '"', " already linked x509: i/o timeout connection refused"])
def test_hostile_lines_cost_no_more_than_others(piece, tail):
    masked(piece * (8192 // len(piece)) + tail)
    looked((piece * (400_000 // len(piece)) + tail + " oauth2: login failed\n").encode(), "log")


@settings(max_examples=100, deadline=None)
@given(st.text(string.printable + "äß€😀\x00\u202e", max_size=300))
def test_masking_twice_changes_nothing(text):
    assert masked(masked(text)) == masked(text)

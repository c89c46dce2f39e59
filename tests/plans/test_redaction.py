"""Secrets in every spelling that an encoder gives them, and the text around them left alone."""

from __future__ import annotations

import base64
import html
import json
import shlex
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.plans.redaction import MARK, Redactor
from oidc_provision.plans.sealed import Sealed

SECRETS = [
    "s3cr3t-Value/with+all=of&it",
    "pass word % \"quoted\" 'single' \\back",
    "gr\u00fc\u00dfe-\N{GRINNING FACE}-\u20ac-key",
    "plainAlphanumeric42",
    "<tag attr='x'>&amp;$HOME`id`",
    "++//==??!!",
    "dots.and-dashes_and~tildes",
    "one\nof\ttwo\rlines",
    "half \ud800 a pair",
]


def upper_hex(text: str) -> str:
    return quote(raw(text), safe="")


def lower_hex(text: str) -> str:
    return "".join(_lowered(quote(raw(text), safe="")))


def _lowered(quoted: str):
    position = 0
    while position < len(quoted):
        step = 3 if quoted[position] == "%" else 1
        piece = quoted[position : position + step]
        yield piece.lower() if step == 3 else piece
        position += step


def basic(text: str) -> str:
    return base64.b64encode(f"client:{text}".encode()).decode()


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


NAMED = str.maketrans({"'": "&apos;", '"': "&quot;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
ENCODERS = {
    "plain": str,
    "quote": lambda text: quote(raw(text)),
    "quote all": upper_hex,
    "quote lower": lower_hex,
    "quote_plus": lambda text: quote_plus(raw(text)),
    "quoted twice": lambda text: quote(quote(raw(text), safe=""), safe=""),
    "form": lambda text: urlencode({"x": raw(text)})[2:],
    "json": lambda text: json.dumps(text)[1:-1],
    "json raw": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json in json": lambda text: json.dumps(json.dumps(text))[3:-3],
    "html": html.escape,
    "html names": lambda text: text.translate(NAMED),
    "html numbers": lambda text: "".join(c if c.isalnum() and c.isascii() else f"&#{ord(c)};" for c in text),
    "html hex": lambda text: "".join(c if c.isalnum() and c.isascii() else f"&#x{ord(c):x};" for c in text),
    "repr": lambda text: repr(text)[1:-1],
    "ascii": lambda text: ascii(text)[1:-1],
    "bytes repr": lambda text: repr(raw(text))[2:-1],
    "shell": lambda text: shlex.quote(text).strip("'"),
    "shell by backslash": lambda text: text.replace("'", "'\\''"),
    "every byte": lambda text: "".join(f"\\x{byte:02x}" for byte in raw(text)),
    "hex": lambda text: raw(text).hex(),
    "HEX": lambda text: raw(text).hex().upper(),
    "base64": lambda text: base64.b64encode(raw(text)).decode(),
    "base64 url": lambda text: base64.urlsafe_b64encode(raw(text)).decode(),
}


@pytest.mark.battery(24)
@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("secret", SECRETS)
def test_every_spelling_is_hidden_and_its_surroundings_stay(secret, name):
    spelled = ENCODERS[name](secret)
    cleaned = Redactor([secret]).clean(f"before [{spelled}] after")
    assert cleaned == f"before [{MARK}] after"


@pytest.mark.battery(24)
@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "client:"])
@pytest.mark.parametrize("secret", SECRETS)
def test_base64_hides_it_at_every_alignment(secret, before):
    text = base64.b64encode(raw(f"{before}{secret}|tail")).decode()
    cleaned = Redactor([secret]).clean(text)
    assert MARK in cleaned
    readable = base64.b64decode("".join(c for c in cleaned.partition(MARK)[0])[: len(before) * 4 // 3 // 4 * 4])
    assert raw(secret) not in readable


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("secret", ["Zq8w", "Zq8wL", "Zq8wL3"])
def test_base64_hides_the_characters_that_share_bits_with_it_and_no_more(secret, before):
    text = base64.b64encode(f"{before}{secret}|a tail".encode()).decode()
    first, last = len(before) * 8 // 6, -(-len(before + secret) * 8 // 6)
    assert Redactor([secret]).clean(text) == text[:first] + MARK + text[last:]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\\n", "\\\\n", "%0A", "%0D%0A", "%0d%0a", "%0d%0A"])
def test_a_line_end_is_hidden_as_any_program_writes_it(line_end):
    assert Redactor(["first-line\nsecond-line"]).clean(f"<first-line{line_end}second-line>") == f"<{MARK}>"


def test_what_only_looks_like_an_escape_stays():
    assert Redactor(["abcd\u0100efgh"]).clean("abcd\\x100efgh") == "abcd\\x100efgh"


def test_secrets_that_touch_are_hidden_each():
    assert Redactor(["abcd1234", "5678efgh"]).clean("abcd12345678efgh") == MARK * 2


def test_secrets_of_a_fleet_are_hidden_wherever_they_stand():
    fleet = Redactor([*(f"{number:04}" for number in range(5000, 5200)), "a1-b2-c3-d4"])
    assert fleet.clean("5000 is 4999, a1-b2-c3-d4 is 5199") == f"{MARK} is 4999, {MARK} is {MARK}"


def test_a_redactor_says_how_many_secrets_it_holds_and_none_of_them():
    assert repr(Redactor(["first-one", "first-one", "second-one"])) == "Redactor(2 secrets)"


@pytest.mark.parametrize("client", ["client", "clients", "my-client"])
@pytest.mark.parametrize("secret", ["per%cent:and/slash", "/begins-with-a-slash", ":colon first", "\u00fcber-key"])
def test_basic_header_of_an_encoded_secret_is_hidden(secret, client):
    header = base64.b64encode(f"{client}:{quote_plus(secret)}".encode()).decode()
    assert MARK in Redactor([secret]).clean(f"x {header} y")


BASE64 = {"standard": base64.b64encode, "for URLs": base64.urlsafe_b64encode}


@pytest.mark.parametrize("alphabet", BASE64)
@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_a_secret_is_hidden_that_base64_begins_with_its_two_last_signs(alphabet, before):
    text = BASE64[alphabet](f"{before}????>>>>".encode()).decode()
    assert Redactor(["????>>>>"]).clean(text) == text[: len(before) * 8 // 6] + MARK


@given(
    st.text(min_size=4, max_size=30).filter(lambda text: text == text.strip()),
    st.sampled_from(["", "a", "ab"]),
    st.sampled_from(sorted(BASE64)),
    st.sampled_from([raw, lambda text: quote_plus(raw(text)).encode()]),
)
def test_base64_of_any_secret_is_met_wherever_it_begins(secret, before, alphabet, form):
    redactor = Redactor()
    text = BASE64[alphabet](before.encode() + form(secret) + b"|a tail").decode()
    assert not redactor.add(secret) or MARK in redactor.clean(text)


@pytest.mark.battery(22)
@pytest.mark.parametrize("value", ["", "a", "ab", "abc", "coder", "Secret", "PASSWORD", "admin", "\n", "  x "])
def test_common_or_short_value_does_not_shred_output(value):
    redactor = Redactor()
    text = "abc: the coder admin has a secret password"
    assert redactor.add(value) is False
    assert redactor.clean(text) == text


def test_overlapping_secrets_leave_no_rest():
    assert Redactor(["abcd1234", "1234efgh", "abcd"]).clean("<abcd1234efgh abcd>") == f"<{MARK} {MARK}>"


def test_longer_secret_hides_whole_where_a_shorter_one_begins_it():
    assert Redactor(["token-1", "token-1-and-more"]).clean("token-1-and-more") == MARK


def test_lines_of_a_key_are_hidden_one_by_one():
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nshort\nhkiG9w0B\n-----END PRIVATE KEY-----\n"
    cleaned = Redactor([Sealed(key)]).clean("line 2: MIIEvQIBADANBgkq; line 3: short; line 4: hkiG9w0B")
    assert cleaned == f"line 2: {MARK}; line 3: short; line 4: {MARK}"


GENERIC = {
    "Authorization: Bearer abc.def": f"Authorization: Bearer {MARK}",
    "{'authorization': 'Basic Zm9vOmJhcg=='}": f"{{'authorization': 'Basic {MARK}'}}",
    "b'Authorization', b'Bearer opaque'": f"b'Authorization', b'Bearer {MARK}'",
    "got bearer 9f8e7d6c5b4a": f"got bearer {MARK}",
    "id eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln!": f"id {MARK}!",
    "grant_type=x&client_secret=a%20b&x=1": f"grant_type=x&client_secret={MARK}&x=1",
    "password=hunter2 and": f"password={MARK} and",
    "https://h/cb?code=abcdefghij&state=s": f"https://h/cb?code={MARK}&state=s",
    '{"refresh_token": "abc", "expires_in": 5}': f'{{"refresh_token": "{MARK}", "expires_in": 5}}',
    r'"{\"access_token\":\"abc\",\"x\":1}"': rf'"{{\"access_token\":\"{MARK}\",\"x\":1}}"',
}


@pytest.mark.parametrize("text", GENERIC)
def test_well_known_places_are_hidden_without_knowing_the_value(text):
    assert Redactor().clean(text) == GENERIC[text]


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication is off, the bearer token has expired",
        "exit code=4, error code=short",
        "client_secret=env:KEYCLOAK_ADMIN_SECRET",
        '"client_secret": "file:secrets/coder.env#KEY"',
        '{"code": "keycloak/rotation-with-replicas"}',
        "revoke_refresh_token: false",
        '"password": "(secret)"',
        "CODER_OIDC_SCOPES=openid,profile,email,offline_access",
    ],
)
def test_prose_references_and_codes_are_left_alone(text):
    assert Redactor(["s3cr3t-value"]).clean(text) == text


@given(st.text(min_size=4, max_size=40), st.text(max_size=60))
def test_cleaning_hides_it_in_any_text_and_twice_is_as_once(secret, text):
    redactor = Redactor([secret])
    cleaned = redactor.clean(f"{text}{secret}{text}")
    assert redactor.clean(cleaned) == cleaned
    assert not redactor.add(secret) or secret.strip() not in cleaned.replace(MARK, "\0")


def test_thousands_of_secrets_are_found_as_one_is():
    redactor = Redactor(f"secret-number-{number:05}-{number * 7919:x}" for number in range(2000))
    assert redactor.clean("x secret-number-01234-" + f"{1234 * 7919:x} y") == f"x {MARK} y"
    assert "secret" not in repr(redactor).replace("secrets", "")


def test_adding_twice_changes_nothing():
    redactor = Redactor(["s3cr3t-value"])
    assert redactor.add("s3cr3t-value")
    assert repr(redactor) == "Redactor(1 secrets)"

"""What Coder makes of a value. The verdicts are those of its option library (serpent 0.15.0), which was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.plans.coder_env import CoderEnv, EnvEntry
from oidc_provision.plans.coder_options import OPTIONS, canonical_duration, check_value, is_unknown, option, suggest
from oidc_provision.plans.coder_values import UnreadableError, parse_duration, parse_list, parse_struct
from oidc_provision.plans.sealed import Sealed

PARAMS, SCOPES, SESSION = "CODER_OIDC_AUTH_URL_PARAMS", "CODER_OIDC_SCOPES", "CODER_SESSION_DURATION"
REGEX, ROLES, ICON = "CODER_OIDC_GROUP_REGEX_FILTER", "CODER_OIDC_USER_ROLE_MAPPING", "CODER_OIDC_ICON_URL"
SIGNUPS, ISSUER, ORGS = "CODER_OIDC_ALLOW_SIGNUPS", "CODER_OIDC_ISSUER_URL", "CODER_OIDC_ORGANIZATION_MAPPING"

GOOD = [
    (PARAMS, '{"access_type": "offline", "prompt": "consent"}'),
    (PARAMS, "access_type: offline"),
    (PARAMS, '{"max_age": 3600, "x": true}'),
    (PARAMS, ""),
    (PARAMS, "null"),
    (SCOPES, "openid,profile,email,offline_access"),
    (SCOPES, '"openid","email"'),
    (SESSION, "24h"),
    (SESSION, "7d"),
    (SESSION, "1h30m"),
    (SESSION, "0"),
    (REGEX, "^coder-.*$"),
    (REGEX, r"^\p{Greek}[[:alpha:]]\z"),
    (REGEX, r"\Q(?=a\E"),
    (REGEX, r"\(?=a"),
    (ROLES, '{"admins": ["owner"], "others": null}'),
    (ORGS, '{"a": ["11111111-2222-3333-4444-555555555555"]}'),
    (ICON, "/icon/microsoft.svg"),
    (ICON, "https://example.com:8443/a%20b.png?x=%zz"),
    (SIGNUPS, "TRUE"),
    (SIGNUPS, ""),
    (ISSUER, "https://sso.example.com/realms/engineering"),
    ("CODER_SAMESITE_AUTH_COOKIE", "Lax"),
    ("CODER_PROMETHEUS_ADDRESS", "[::1]:2112"),
    ("CODER_OIDC_SIGN_IN_TEXT", '"SSO"'),
    ("CODER_SOMETHING_ELSE", "whatever"),
]
REFUSED = [
    (PARAMS, '\'{"a":"b"}\''),
    (PARAMS, '{"a": ["b"]}'),
    (PARAMS, '{"a": 1, "a": 2}'),
    (PARAMS, '{"a": '),
    (SCOPES, '["openid"]'),
    (SCOPES, "\n"),
    (SESSION, "86400"),
    (SESSION, ""),
    (SESSION, "1y"),
    (SESSION, "2562048h"),
    (REGEX, "a(b"),
    (REGEX, "(?!a)b"),
    (REGEX, r"(a)\1"),
    (REGEX, "(?P<x>a)(?P=x)"),
    (REGEX, "a++"),
    (REGEX, "a{1001}"),
    (REGEX, "[[:foo:]]"),
    (REGEX, r"a\Z"),
    (ROLES, '{"admins": "owner"}'),
    (ORGS, '{"a": ["engineering"]}'),
    (ICON, "https://a:port/"),
    (ICON, "https://a/%zz"),
    (ICON, "://a"),
    (SIGNUPS, "yes"),
    (ISSUER, "sso.example.com"),
    ("CODER_SAMESITE_AUTH_COOKIE", "strict"),
    ("CODER_PROMETHEUS_ADDRESS", "localhost"),
]
MISREAD = [
    (PARAMS, "{access_type:offline}"),
    (SCOPES, "openid, profile"),
    (SCOPES, "openid profile"),
    (SCOPES, "openid,"),
    (SCOPES, ""),
    (SCOPES, "openid\nprofile"),
    (SESSION, "-1h"),
    (ISSUER, '"https://sso.example.com"'),
    (ISSUER, "https://sso.example.com "),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_what_coder_reads_as_meant_is_no_problem(name, value):
    assert check_value(name, value) is None


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_keeps_coder_from_starting_is_said(name, value):
    assert "refuse to start" in (check_value(name, value) or "")


@pytest.mark.parametrize(("name", "value"), MISREAD)
def test_what_coder_misreads_is_said(name, value):
    assert "misread" in (check_value(name, value) or "")


@pytest.mark.parametrize("known", OPTIONS.values(), ids=lambda each: each.name)
def test_defaults_are_good_values(known):
    assert not known.default or check_value(known.name, known.default) is None


def test_yaml_keys_are_unique_and_secrets_have_none():
    keys = [each.yaml for each in OPTIONS.values() if each.yaml]
    assert len(keys) == len(set(keys))
    assert not any(each.yaml for each in OPTIONS.values() if each.secret)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("CODER_OIDC_SCOPE", "CODER_OIDC_SCOPES"),
        ("CODER_OIDC_AUTH_URL_PARAM", "CODER_OIDC_AUTH_URL_PARAMS"),
        ("CODER_ODIC_CLIENT_ID", "CODER_OIDC_CLIENT_ID"),
        ("coder_oidc_issuer_url", "CODER_OIDC_ISSUER_URL"),
        ("CODER_OIDC_SCOPES", None),
        ("PATH", None),
    ],
)
def test_a_typo_gets_what_was_probably_meant(typed, meant):
    assert suggest(typed) == meant


def test_only_unknown_oidc_names_are_called_unknown():
    assert is_unknown("CODER_OIDC_ALLOWED_EMAILS")
    assert is_unknown("CODER_DANGEROUS_OIDC_X")
    assert not is_unknown("CODER_OIDC_SCOPES")
    assert not is_unknown("CODER_PG_CONNECTION_URL")
    assert option("CODER_OIDC_REDIRECT_URL").yaml == "oidc.oidc-redirect-url"


@given(st.integers(0, 2**33))
def test_our_durations_mean_the_same_to_coder(seconds):
    assert parse_duration(canonical_duration(seconds)) == seconds * 10**9


def test_durations_are_written_as_people_do():
    assert [canonical_duration(each) for each in (0, 90, 5400, 604800)] == ["0s", "1m30s", "1h30m", "168h"]
    with pytest.raises(ValueError, match="negative"):
        canonical_duration(-1)


@given(st.text(max_size=40))
def test_any_text_gets_a_verdict_and_no_crash(value):
    for each in OPTIONS.values():
        assert check_value(each.name, value) is None or "Coder would" in check_value(each.name, value)


def test_lists_and_maps_come_out_as_coder_has_them():
    assert parse_list('a, b,"c ""d"""') == ["a", " b", 'c "d"']
    assert parse_struct("a: 3600\nb: true", lists=False) == {"a": "3600", "b": "true"}


def test_settings_keep_their_order_and_the_generated_value():
    env = CoderEnv((EnvEntry("A", "1"), EnvEntry("S", Sealed("s3cret")))).with_entry("A", "2").with_entry("B", "3")
    assert env.names == ("A", "S", "B")
    assert env.get("A") == "2"


def test_a_map_without_a_key_is_refused():
    with pytest.raises(UnreadableError, match="a key is empty"):
        parse_struct("{~: a}", lists=False)

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from oidc_provision.plans.checks import Invalid
from oidc_provision.plans.load import restore
from oidc_provision.plans.model import UNLIMITED
from oidc_provision.plans.references import parse_reference, read_source, read_store
from oidc_provision.plans.urls import canonical, is_loopback, origin, read_url
from oidc_provision.plans.versions import PKCE_SINCE, parse_version

from .plan_files import EXAMPLE, KINDS, edited, load_text


def plan_of(text=EXAMPLE):
    return load_text(text)[0].plan


def test_example_is_read_as_the_design_says():
    plan = plan_of()
    assert plan.coder.callback == "https://coder.example.com/api/v2/users/oidc/callback"
    assert (plan.coder.origin, str(plan.coder.version)) == ("https://coder.example.com", "2.34")
    assert (plan.refresh_tokens.idle_timeout, plan.access_tokens.lifetime) == (30 * 86_400, 1_800)
    assert [scope.name for scope in plan.client.scopes] == ["openid", "profile", "email"]
    assert (plan.client.groups_claim.name, plan.client.groups_claim.from_) == ("groups", "groups")
    assert str(plan.client.secret.reference) == "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"
    assert dict(plan.env) == {"CODER_OIDC_SIGN_IN_TEXT": "Sign in with SSO"}


def test_plan_cannot_be_changed():
    with pytest.raises(ValidationError):
        plan_of().client.id = "other"


EDITS = [
    ("idle_timeout: 30d", "idle_timeout:"),
    ("idle_timeout: 30d", ""),
    ("max_lifetime: 90d", "max_lifetime: unlimited"),
    ("name: Coder", "name: null"),
    ("groups_claim: groups", "groups_claim: {name: g, from: realm_roles, full_path: true}"),
    ("groups_claim: groups", "groups_claim: null"),
    ("scopes: [openid, profile, email]", "scopes: [openid, {name: x, kind: default}, {name: y, kind: null}]"),
    ("scopes: [openid, profile, email]", "pkce: null"),
    ('{store: "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"}', "{from: {exec: [op, read, 'a b']}}"),
    ('version: "2.34" ', "version: 2.30 "),
    ("revoke_refresh_token: false", "default_roles: [offline_access]"),
    ("lifetime: 30m", ""),
    ("CODER_OIDC_SIGN_IN_TEXT: Sign in with SSO", ""),
    ("url: https://sso.example.com ", "url: https://sso.example.com:8443/auth/ "),
]


@pytest.mark.parametrize(("old", "new"), [("version: 1\n", "version: 1\n"), *EDITS])
def test_normalised_plan_loads_back_to_an_equal_one(old, new):
    plan = plan_of(edited(old, new))
    again = restore(json.loads(json.dumps(plan.normalised())), KINDS)
    assert again == plan
    assert again.normalised() == plan.normalised()
    assert type(again.identity_provider) is type(plan.identity_provider)


def test_omitted_and_null_are_told_apart():
    null, omitted = plan_of(edited("idle_timeout: 30d", "idle_timeout:")), plan_of(edited("idle_timeout: 30d", ""))
    assert null.refresh_tokens.stated("idle_timeout")
    assert not omitted.refresh_tokens.stated("idle_timeout")
    assert null.refresh_tokens.idle_timeout is omitted.refresh_tokens.idle_timeout is None
    assert restore(null.normalised(), KINDS).refresh_tokens.stated("idle_timeout")


def test_unlimited_is_neither_absent_nor_a_number():
    assert plan_of(edited("max_lifetime: 90d", "max_lifetime: unlimited")).refresh_tokens.max_lifetime is UNLIMITED


@pytest.mark.parametrize(
    "section", ["lifetime: 30m", "revoke_refresh_token: false", "CODER_OIDC_SIGN_IN_TEXT: Sign in with SSO"]
)
def test_section_with_all_lines_commented_out_states_nothing(section):
    assert plan_of(edited(section, "# nothing"))


@pytest.mark.parametrize(
    ("written", "read"),
    [("2.30", "2.30"), ('"2.34.5"', "2.34.5"), ("v2.34", "2.34"), ("2.4", "2.4"), ("'2.10'", "2.10")],
)
def test_version_is_read_as_it_is_written(written, read):
    assert str(plan_of(edited('version: "2.34"', f"version: {written}")).coder.version) == read


def test_versions_are_ordered_by_their_numbers():
    assert (
        parse_version("2.4") < parse_version("2.29.9") < PKCE_SINCE < parse_version("v2.30.1") < parse_version("10.0")
    )


@pytest.mark.parametrize("text", ["2", "2.", "x", "2.3.4.5", "2.30-rc", "", "latest"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(Invalid):
        parse_version(text)


REALMS = [
    ("engineering", "engineering"),
    ("../x", "..%2Fx"),
    ("..", "%2E%2E"),
    ("a%2eb", "a%252eb"),
    ("a?b#c", "a%3Fb%23c"),
    ("a b", "a%20b"),
    ("ü🚀", "%C3%BC%F0%9F%9A%80"),
]


@pytest.mark.battery(12)
@pytest.mark.parametrize(("realm", "segment"), REALMS)
def test_realm_is_percent_encoded_once(realm, segment):
    settings = plan_of(
        edited("realm: engineering", f"realm: {json.dumps(realm, ensure_ascii=False)}")
    ).identity_provider
    assert settings.realm == realm
    assert settings.issuer() == f"https://sso.example.com/realms/{segment}"
    assert str(settings.target()) == f"realm https://sso.example.com/realms/{segment}"


def test_one_server_is_one_target_however_it_is_written():
    plans = [
        plan_of(edited("url: https://sso.example.com ", f"url: {url} "))
        for url in ("https://SSO.example.com:443/", "https://sso.example.com")
    ]
    assert plans[0].identity_provider.target() == plans[1].identity_provider.target()


@pytest.mark.parametrize("url", ["http://localhost:7080", "http://127.0.0.9", "http://[::1]:1", "http://a.localhost/x"])
def test_loopback_is_known_in_all_its_spellings(url):
    assert is_loopback(read_url(url))


@pytest.mark.parametrize("url", ["http://localhost.example.com", "https://128.0.0.1", "https://example.com"])
def test_other_hosts_are_no_loopback(url):
    assert not is_loopback(read_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://a",
        "http://",
        "https://a b",
        "https://a\\b",
        "https://a..b",
        "https://-a",
        "https://a:0",
        "https://a:",
        "https://a:x",
        "https://a?b",
        "https://[::1",
        "https://a/../b",
        "https://a/b//c",
        "https://a/%zz\x01",
        None,
        5,
        "https://" + "a" * 300,
    ],
)
def test_url_that_can_never_be_right_is_refused(url):
    with pytest.raises(Invalid):
        read_url(url)


@pytest.mark.parametrize(
    "url", ["https://a.example.com/auth", "HTTPS://A.example.com:8443", "https://xn--bcher-kva.example", "https://host"]
)
def test_url_is_kept_as_written_but_for_its_last_slash(url):
    assert read_url(url) == read_url(url + "/") == url
    assert canonical(url).startswith(origin(url).lower())


REFERENCES = [
    "env:A_1",
    "file:/run/secrets/x",
    "file:secrets/a.env#KEY",
    "vault:kv/a/b#c",
    "keyring:svc/me",
    "kubernetes:ns/name#key",
    {"exec": ["op", "read", "x"]},
]


@pytest.mark.parametrize("written", REFERENCES)
def test_reference_is_written_as_it_was_read(written):
    assert parse_reference(written).in_plan() == written
    assert parse_reference(parse_reference(written).in_plan()) == parse_reference(written)


def test_reference_to_a_file_knows_its_key():
    reference = read_store("file:a/b.env#KEY")
    assert (reference.path, reference.key) == ("a/b.env", "KEY")


@given(st.text().filter(lambda text: ":" not in text and len(text) > 3))
def test_secret_in_place_of_a_reference_is_never_repeated(secret):
    with pytest.raises(Invalid) as caught:
        read_source(f"S{secret}S")
    assert f"S{secret}S" not in caught.value.message + caught.value.fix


@pytest.mark.parametrize(
    "value",
    [
        "env:",
        "env:a-b",
        "file:",
        "file:a#",
        "exec:op read",
        {"exec": []},
        {"exec": "op"},
        {"exec": [1]},
        {"run": ["a"]},
        {},
        5,
        None,
    ],
)
def test_incomplete_reference_is_refused(value):
    with pytest.raises(Invalid):
        read_source(value)

"""What plans rarely say: values at the edge, and plans that are made in Python and not read from a file."""

import gc

import pytest
from tests.plans.plan_files import EXAMPLE, KINDS, edited, load_text, problems_of
from tests.stranger import deployment

from oidc_provision.plans.checks import Invalid, check_name
from oidc_provision.plans.coder import base_env
from oidc_provision.plans.coder_checks import check_env
from oidc_provision.plans.complaints import known_keys
from oidc_provision.plans.durations import read_duration
from oidc_provision.plans.errors import Failed
from oidc_provision.plans.formats import systemd
from oidc_provision.plans.go_text import url_problem
from oidc_provision.plans.model import ClientSecret, Coder, plan_model
from oidc_provision.plans.references import parse_reference
from oidc_provision.plans.sealed import Sealed
from oidc_provision.plans.versions import CoderVersion

MODEL = plan_model(KINDS["keycloak"])
GENERATED = ["ISSUER_URL", "CLIENT_ID", "CLIENT_SECRET", "SCOPES", "AUTH_URL_PARAMS", "EMAIL_FIELD"]


@pytest.mark.parametrize(("name", "problem"), [("  ", "is empty"), ("x" * 256, "has 256 characters, 255 are allowed")])
def test_a_name_has_some_characters_and_not_too_many(name, problem):
    with pytest.raises(Invalid) as caught:
        check_name(name)
    assert caught.value.message == problem


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (1.5, "is a number without a unit"),
        (10**13, "is a number without a unit"),
        (-5, "is negative"),
        (30, "is the bare number 30: is that seconds or days?"),
    ],
)
def test_a_number_is_no_duration(value, problem):
    with pytest.raises(Invalid) as caught:
        read_duration(value)
    assert caught.value.message == problem


def test_a_setting_of_a_realm_cannot_be_absent():
    (problem,) = problems_of(edited("revoke_refresh_token: false ", "revoke_refresh_token: null "))
    assert problem.message == "`shared.revoke_refresh_token` cannot be null: a realm always has a value"


def test_settings_that_coder_knows_and_takes_are_no_finding():
    more = "env:\n  CODER_OIDC_GROUP_AUTO_CREATE: 'true'\n  CODER_OIDC_ALLOW_SIGNUPS: 'false'\n"
    assert list(check_env(load_text(EXAMPLE.partition("\nenv:")[0] + "\n" + more)[0].plan)) == []


def test_an_identity_provider_that_is_no_section_is_said_to_be_one():
    text = "version: 1\ncoder: {access_url: https://a.example}\nidentity_provider: keycloak\nclient: {id: coder}\n"
    (problem,) = problems_of(text)
    assert (problem.message, problem.position.line) == ("`identity_provider` must be a mapping", 3)


def test_a_file_of_nothing_but_faults_is_given_up_on():
    assert len(problems_of("a: 1\n" * 3000)) <= 1001


def test_keys_are_known_only_where_a_section_is():
    assert "idle_timeout" in known_keys(MODEL, ("refresh_tokens",))
    assert known_keys(MODEL, ("refresh_tokens", "idle_timeout")) == ()
    assert known_keys(MODEL, ("refresh_tokens", "idle_timeout", "unit")) == ()


def test_who_has_switched_garbage_collection_off_finds_it_off():
    gc.disable()
    try:
        load_text(EXAMPLE)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_parts_of_a_plan_can_be_made_in_python():
    assert Coder(access_url="https://a.example", version=CoderVersion(2, 34)).version == CoderVersion(2, 34)
    reference = parse_reference("env:SECRET")
    assert ClientSecret(from_=reference).reference is reference


def test_systemd_cannot_carry_what_it_takes_for_invalid():
    with pytest.raises(Failed, match="systemd takes a character of it for invalid"):
        systemd.assign("CODER_OIDC_SIGN_IN_TEXT", "a\ufdd0b")


@pytest.mark.parametrize(
    ("url", "problem"),
    [("a:b/c", "http"), ("1a:b", "the first part of a relative address holds a colon"), ("/fine/path", None)],
)
def test_an_address_is_judged_as_go_would(url, problem):
    found = url_problem(url)
    assert (found is None) if problem in (None, "http") else found == problem


def test_every_setting_is_written_once_and_the_plan_has_the_last_word():
    text = edited(
        "access_url: https://coder.example.com ",
        "access_url: https://coder.example.com\n  redirect_url: https://b.example/cb ",
    )
    plan = load_text(text)[0].plan
    env = base_env(plan, "https://sso.example.com", Sealed("s"), ("openid", "email"), auth_url_params="{}")
    optional = ["CODER_OIDC_GROUP_FIELD", "CODER_OIDC_REDIRECT_URL", "CODER_SESSION_DURATION"]
    assert list(env.names) == [*(f"CODER_OIDC_{name}" for name in GENERATED), *optional, "CODER_OIDC_SIGN_IN_TEXT"]
    assert (env.get("CODER_OIDC_SCOPES"), env.get("CODER_SESSION_DURATION")) == ("openid,email", "168h")


def test_what_a_plan_does_not_state_is_not_written():
    env = base_env(deployment().plan, "https://acme.stranger.example", None, ("openid",), email_field="upn")
    assert list(env.names) == [f"CODER_OIDC_{name}" for name in ("ISSUER_URL", "CLIENT_ID", "SCOPES", "EMAIL_FIELD")]
    assert env.get("CODER_OIDC_EMAIL_FIELD") == "upn"

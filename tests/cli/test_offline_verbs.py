"""Verbs that ask no server: init, validate, show, schema, explain. No one listens in these tests, and nothing is sent."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.cli.conftest import Here

from oidc_provision.cli.exit_codes import MEANING
from oidc_provision.cli.explaining import every_rule
from oidc_provision.cli.first_plan import as_yaml, nested
from oidc_provision.cli.render.json_schema import OUTPUTS
from oidc_provision.plans.checks import Invalid, check_line
from oidc_provision.plans.document import read_document

FLAGS = ["--set", "url=https://sso.example.com", "--set", "realm=engineering", "--set", "admin.client_id=robot"]
ADMIN = ["--set", "admin.client_secret=env:ADMIN"]
WHOLE = [
    "init",
    "--type",
    "keycloak",
    *FLAGS,
    *ADMIN,
    "--access-url",
    "https://coder.example.com",
    "--coder-version",
    "2.30",
]


def test_init_with_flags_writes_a_plan_that_is_valid(here: Here):
    ran = here.command(*WHOLE)
    assert (ran.code, ran.out) == (0, "") and "wrote oidc-provision.yaml" in ran.err
    assert here.command("validate").code == 0
    assert yaml.safe_load((here.folder / "oidc-provision.yaml").read_text())["coder"]["version"] == "2.30"


def test_init_prints_to_stdout_where_that_is_asked_for(here: Here):
    ran = here.command(*WHOLE, "--output", "-")
    assert ran.out.startswith("# yaml-language-server: $schema=") and list(here.folder.glob("*.yaml")) == []


@pytest.mark.parametrize(
    ("without", "flag"),
    [
        ("--access-url", "--access-url"),
        ("--type", "--type"),
        ("url=", "--set url="),
        ("realm=", "--set realm="),
        ("admin.client_", "--set admin.client_id="),
    ],
)
def test_init_without_a_terminal_names_the_flag_that_is_missing(here: Here, without, flag):
    pairs = [
        pair
        for pair in zip(WHOLE[1::2], WHOLE[2::2], strict=True)
        if not (pair[0] == without or pair[1].startswith(without))
    ]
    ran = here.command("init", *(word for pair in pairs for word in pair))
    assert ran.code == 64 and f"pass {flag}" in ran.err
    assert list(here.folder.glob("*.yaml")) == []


@pytest.mark.parametrize("value", ["novalue", "=x", "url.deeper=x", ""])
def test_a_setting_that_is_no_pair_is_usage(here: Here, value):
    ran = here.command(*WHOLE, "--set", value)
    assert ran.code == 64 and "KEY=VALUE" in ran.err


def test_init_refuses_what_would_be_no_valid_plan(here: Here):
    ran = here.command(*WHOLE[:-4], "--access-url", "not a url")
    assert ran.code == 64 and "coder.access_url" in ran.err
    assert list(here.folder.glob("*.yaml")) == []


def test_init_with_a_user_and_a_password_is_not_asked_for_a_client(here: Here):
    person = ["--set", "admin.username=me", "--set", "admin.password=env:ADMIN"]
    words = [word for word in WHOLE if "admin." not in word]
    words = ["init", "--type", "keycloak", *FLAGS[:4], *person, "--access-url", "https://coder.example.com"]
    assert here.command(*words).code == 0


def visible_line(text: str) -> bool:
    try:
        check_line(text)
    except Invalid:
        return False
    return True


@given(
    st.one_of(
        st.text(max_size=12).filter(visible_line),
        st.sampled_from(
            [
                "1e3",
                "0o17",
                "0x1F",
                "1_000",
                "2001-01-01",
                ".5",
                ".inf",
                "null",
                "~",
                "yes",
                "=",
                "<<",
                "-",
                "? a",
                "a: b",
                "a #b",
                "!x",
                "&x",
                "*x",
                "%x",
                "@x",
                "`x",
                "12:30",
                "2.30",
                " x",
                "x ",
            ]
        ),
    )
)
def test_any_line_of_text_comes_back_from_the_yaml_that_is_written(text):
    _, data = read_document("plan.yaml", as_yaml({"key": text, "list": [text]}).encode())
    assert data == {"key": text, "list": [text]}


def test_dotted_keys_nest():
    assert nested(["a.b=1", "a.c=x=y", "d="]) == {"a": {"b": "1", "c": "x=y"}, "d": ""}


@pytest.mark.parametrize("pairs", [["a=1", "a.b=2"], ["a.b=2", "a=1"]])
def test_a_key_cannot_be_text_and_a_mapping(pairs):
    with pytest.raises(ValueError, match="a"):
        nested(pairs)


@pytest.mark.parametrize("count", [1, 3])
def test_validate_counts_what_is_valid(here: Here, count):
    for number in range(count):
        here.plan(f"c{number}", file=f"p{number}.yaml")
    ran = here.command("validate", ".")
    assert (ran.code, ran.out) == (0, "1 plan is valid\n" if count == 1 else "3 plans are valid\n")


def test_validate_ends_in_four_for_error_findings_and_says_how_many(here: Here):
    here.plan(more="env: {CODER_OIDC_CLIENT_ID: other, CODER_OIDC_NONSENSE: x}")
    ran = here.command("validate")
    assert (ran.code, ran.out) == (4, "2 error findings\n")
    assert "[generated-setting]" in ran.err and "oidc-provision.yaml:6:" in ran.err


def test_all_problems_of_all_files_come_at_once(here: Here):
    here.plan(file="a.yaml", lifetime="1x")
    here.plan("b", file="b.yaml", more="nonsense: 1")
    ran = here.command("validate", ".")
    assert (ran.code, ran.out) == (64, "")
    assert "a.yaml:5:27" in ran.err and "b.yaml:6:1" in ran.err and ran.err.count("error: ") == 2


@pytest.mark.battery(6)
def test_the_same_client_in_two_files_names_both_places(here: Here):
    here.plan(file="a.yaml")
    here.plan(file="b.yaml")
    ran = here.command("plan", ".")
    assert (ran.code, here.tenant().log) == (64, [])
    assert "a.yaml:4:14" in ran.err and "b.yaml:4:14" in ran.err


def test_the_same_client_of_two_tenants_is_two_clients(here: Here):
    here.plan(file="a.yaml")
    here.plan(tenant="zeta", file="b.yaml")
    assert here.command("validate", ".").code == 0


@pytest.mark.parametrize(
    ("path", "words"), [("none", "holds no plan"), ("elsewhere", "elsewhere"), ("", "oidc-provision.yaml")]
)
def test_a_folder_without_plans_or_none_at_all_is_usage(here: Here, path, words):
    (here.folder / "none").mkdir()
    ran = here.command("plan", *filter(None, [path]))
    assert ran.code == 64 and words in ran.err


@pytest.mark.parametrize("code", [*every_rule(), *map(str, MEANING)])
def test_every_code_is_explained(command, code):
    ran = command("explain", code)
    assert ran.code == 0 and code in ran.out.splitlines()[0] and len(ran.out.splitlines()) >= 3


def test_the_list_of_codes_is_whole(command):
    listed = {line.split()[0] for line in command("explain").out.splitlines() if line}
    assert listed == {*every_rule(), *map(str, MEANING)}


@pytest.mark.parametrize("what", ["plan-file", *OUTPUTS])
def test_the_schemas_are_schemas(command, what):
    Draft202012Validator.check_schema(json.loads(command("schema", "--of", what).out))


def test_the_schema_takes_what_init_writes(here: Here):
    schema = Draft202012Validator(json.loads(here.command("schema").out))
    written = yaml.safe_load(here.command(*WHOLE, "--output", "-").out)
    assert schema.is_valid(written)
    assert not schema.is_valid({**written, "nonsense": 1})


def test_a_saved_plan_is_shown_as_it_was_made(here: Here):
    here.plan()
    here.command("plan", "--out", "saved.plan")
    text, data = here.command("show", "saved.plan"), here.command("show", "saved.plan", "--format", "json")
    assert text.code == 0 and "+ client/coder" in text.out and "made from oidc-provision.yaml" in text.out
    assert json.loads(data.out)["digest"] in text.out


@pytest.mark.battery(16)
@pytest.mark.parametrize(("content", "code"), [(b"{}", 4), (b"version: 1\n", 4), (b"PK\x03\x04", 4), (None, 1)])
def test_what_is_no_saved_plan_cannot_be_shown(here: Here, content, code):
    if content is not None:
        (here.folder / "saved.plan").write_bytes(content)
    ran = here.command("show", "saved.plan")
    assert (ran.code, "Traceback" in ran.all) == (code, False) and "saved.plan" in ran.err

"""What YAML means in plans, and where the places of keys and values are."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.plans.document import read_document
from oidc_provision.plans.yaml_events import SourceFloat, plain
from oidc_provision.plans.yaml_survey import survey

from .plan_files import EXAMPLE, edited, load_text

SCALARS = [
    ("no", "no"), ("yes", "yes"), ("on", "on"), ("null", None), ("~", None), ("", None), ("Null", None), ("nULL", "nULL"),
    ("true", True), ("False", False), ("0755", 755), ("0o17", 15), ("0x1F", 31), ("-5", -5), ("+5", 5), ("12:30:45", "12:30:45"),
    ("2024-01-01", "2024-01-01"), ("1e3", 1000.0), ("2.30", 2.3), (".5", 0.5), ("-.inf", float("-inf")), ("1_000", "1_000"),
    ("0b1", "0b1"), ("'5'", "5"), ('"\\u00e9"', "é"), ("30d", "30d"), ("-", [None]), (".", "."), ("=", "="),
]  # fmt: skip


@pytest.mark.battery(9)
@pytest.mark.parametrize(("written", "meant"), SCALARS)
def test_scalar_is_read_by_yaml_1_2(written, meant):
    found = plain(f"a:\n {written}\n")["a"]
    assert found == meant
    assert type(found) is (SourceFloat if isinstance(meant, float) else type(meant))


def test_number_with_a_point_remembers_how_it_was_written():
    assert plain("a: 2.30")["a"].source == "2.30"


# PyYAML writes by YAML 1.1, which takes 0E0 and 09 for text and leaves them bare
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+")
TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS.filter(lambda text: not NUMBER.fullmatch(text)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_a_yaml_writer_writes_is_read_back(value, flow):
    text = yaml.safe_dump({"a": value}, allow_unicode=True, default_flow_style=flow)
    assert plain(text) == {"a": value}
    assert not survey(text).faults


@given(VALUES)
def test_every_value_has_a_place_in_the_text(value):
    found = survey(yaml.safe_dump({"a": value}, allow_unicode=True))
    paths = set()

    def walk(here, path):
        paths.add(path)
        items = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for key, inner in items:
            walk(inner, (*path, key))

    walk({"a": value}, ())
    assert set(found.values) == paths


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        (("client", "id"), False, "14:7"),
        (("client", "id"), True, "14:3"),
        (("client", "scopes", 1), False, "17:20"),
        (("client", "scopes", 9), False, "17:11"),
        (("client", "scopes"), True, "17:3"),
        (("refresh_tokens",), False, "19:1"),
        (("shared", "default_roles"), False, "25:1"),
        (("identity_provider", "admin", "client_id"), False, "12:22"),
    ],
)
def test_place_is_that_of_the_key_the_value_or_the_nearest_parent(path, key, place):
    assert str(load_text(EXAMPLE)[0].position(path, key=key)) == f"plan.yaml:{place}"


def test_path_that_is_nowhere_is_the_whole_file():
    position = load_text(EXAMPLE)[0].position(("nowhere", "at all"))
    assert (str(position), position.text) == ("plan.yaml", "")


def test_line_of_a_place_shows_references_and_hides_what_may_be_a_secret():
    document, _ = read_document("p", edited("env:KEYCLOAK_ADMIN_SECRET", "'a#b' ,password: env:X").encode())
    line = document.position(("identity_provider", "admin")).text
    assert "'a#b'" not in line
    assert "env:X" in line


def test_block_text_of_a_secret_is_hidden_on_all_its_lines():
    document, _ = read_document("p", b"secret: |\n  one\n  two\nb: 1\n")
    assert "one" not in document.position(("secret",)).text

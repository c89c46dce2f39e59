"""Setting our names in a file that people edit too: nothing of theirs is lost, ours are there once."""

import io
import re

import dotenv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.plans.coder_env import CoderEnv, EnvEntry
from oidc_provision.plans.errors import Failed, UsageError
from oidc_provision.plans.formats import merge
from oidc_provision.plans.formats.dotenv import value_of
from oidc_provision.plans.sealed import Sealed

ENV = CoderEnv((EnvEntry("CODER_A", "new"), EnvEntry("CODER_S", Sealed("s3cret"))))
NEW = {"dotenv": "CODER_A=new", "docker": "CODER_A=new", "systemd": "CODER_A=new", "shell": "export CODER_A='new'"}
SECRET = {
    "dotenv": "CODER_S=s3cret",
    "docker": "CODER_S=s3cret",
    "systemd": "CODER_S=s3cret",
    "shell": "export CODER_S='s3cret'",
}
LINE_FORMATS = sorted(NEW)
# @A stands for our first line as the format writes it, @S for the second.
ALL_FORMATS = [
    ("", "@A\n@S\n"),
    ("# mine\nFOO=1\n\nBAR='2'\n", "# mine\nFOO=1\n\nBAR='2'\n@A\n@S\n"),
    ("FOO=1", "FOO=1\n@A\n@S"),
    ("X=0\nCODER_A=old\nY=1\nCODER_S=old\n", "X=0\n@A\nY=1\n@S\n"),
    ("CODER_S=old\nCODER_A=old", "@S\n@A"),
    ("CODER_A=1\nX=1\nCODER_A=2\nCODER_S=\n", "X=1\n@A\n@S\n"),
    ("#CODER_A=old\n# CODER_S=x\n", "#CODER_A=old\n# CODER_S=x\n@A\n@S\n"),
    ("CODER_AB=1\nXCODER_A=2\n", "CODER_AB=1\nXCODER_A=2\n@A\n@S\n"),
    ("\ufeffX=1\n", "\ufeffX=1\n@A\n@S\n"),
]
ONE_FORMAT = [
    ("dotenv", "export CODER_A=old # why\nX=1\r\n", "export @A # why\nX=1\r\n@S\n"),
    ("dotenv", "X=1\r\nCODER_A='o\r\nld'\r\nY=2\r\n", "X=1\r\n@A\r\nY=2\r\n@S\r\n"),
    ("dotenv", 'CODER_A="a\nCODER_S=inner\n"\nY=2\n', "@A\nY=2\n@S\n"),
    ("dotenv", "X='\nCODER_A=inner\n'\n", "X='\nCODER_A=inner\n'\n@A\n@S\n"),
    ("dotenv", "'CODER_A' = 'x'# c\nCODER_S\n", "@A # c\n@S\n"),
    ("dotenv", "\n\nCODER_A=1\n\nCODER_A=2\n", "\n\n\n@A\n@S\n"),
    ("docker", "X=a'b\r\nCODER_A=1\r\n", "X=a'b\r\n@A\r\n@S\r\n"),
    ("docker", "CODER_A\nCODER_S=a #b\n", "@A\n@S\n"),
    ("systemd", 'X="a\nCODER_A=inner"\nCODER_A="o\nld"\n', 'X="a\nCODER_A=inner"\n@A\n@S\n'),
    ("systemd", "X=a\\\nCODER_A=inner\n; c\n", "X=a\\\nCODER_A=inner\n; c\n@A\n@S\n"),
    ("systemd", "export CODER_A=1\n", "@A\n@S\n"),
    ("shell", "export CODER_A=old # why\n", "@A # why\n@S\n"),
    ("shell", "X='\nCODER_A=inner\n'\nCODER_A=\"o\nld\"\n", "X='\nCODER_A=inner\n'\n@A\n@S\n"),
    ("shell", "export PATH=$(pwd)/bin:${PATH}\n", "export PATH=$(pwd)/bin:${PATH}\n@A\n@S\n"),
    ("shell", "if true; then\n  X=1\nfi\n  CODER_A=1\n", "if true; then\n  X=1\nfi\n  @A\n@S\n"),
]
UNSAFE = [
    ("dotenv", "X='open\nY=1\n"),
    ("dotenv", "X='a' b\n"),
    ("dotenv", "= nothing\n"),
    ("systemd", "X='open\n"),
    ("systemd", "X=a\\\n"),
    ("systemd", "# comment \\\nX=1\n"),
    ("shell", "cat <<E\nCODER_A=1\nE\n"),
    ("shell", "X=1; export CODER_A=2\n"),
    ("shell", "export X=1 CODER_A=2\n"),
    ("shell", "if a; then\n  export CODER_A=1\nelse\n  export CODER_A=2\nfi\n"),
    ("shell", "f() {\n  export CODER_A=1\n}\n"),
    ("shell", "X='open\n"),
    ("shell", "X=1\r\n"),
    ("shell", "X=1 \\\n"),
    *[(name, "X=\0\n") for name in LINE_FORMATS],
]


def expected(text, name):
    return text.replace("@A", NEW[name]).replace("@S", SECRET[name])


@pytest.mark.parametrize("name", LINE_FORMATS)
@pytest.mark.parametrize(("before", "after"), ALL_FORMATS)
def test_our_lines_are_set_and_foreign_ones_left_alone(name, before, after):
    assert merge(before, ENV, name) == expected(after, name)


@pytest.mark.parametrize(("name", "before", "after"), ONE_FORMAT)
def test_each_format_is_taken_apart_by_its_own_rules(name, before, after):
    assert merge(before, ENV, name) == expected(after, name)


@pytest.mark.parametrize(("name", "before", "after"), [*ONE_FORMAT, *[("dotenv", *each) for each in ALL_FORMATS]])
def test_merging_twice_changes_nothing_more(name, before, after):
    once = merge(before, ENV, name)
    assert merge(once, ENV, name) == once


@pytest.mark.parametrize(("name", "text"), UNSAFE)
def test_what_cannot_be_taken_apart_safely_is_refused_with_its_line(name, text):
    with pytest.raises(Failed, match=r"line \d+: ") as caught:
        merge(text, ENV, name)
    assert caught.value.fix


@pytest.mark.parametrize("name", ["json", "helm", "compose", "kubernetes", "coder-yaml"])
def test_other_formats_name_those_that_can_be_merged(name):
    with pytest.raises(UsageError) as caught:
        merge("", ENV, name)
    assert "dotenv" in caught.value.fix


values = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
lines = st.lists(
    st.one_of(
        st.sampled_from(
            ["", "# c", "CODER_A=1", "export CODER_A='x y' # z", 'CODER_S="a\nb"', "X=1", "Y='a\n\nb'", "  Z = 2"]
        ),
        st.from_regex(r"[A-Z]{1,3}=[a-z #\\'\"]{0,6}", fullmatch=True),
    ),
    max_size=8,
)


@given(lines, values, st.booleans())
def test_python_dotenv_sees_our_value_and_the_same_foreign_ones(before, value, is_ended):
    text = "\n".join(before) + ("\n" if is_ended else "")
    env = CoderEnv((EnvEntry("CODER_A", value),))
    try:
        merged = merge(text, env, "dotenv")
    except Failed:
        return
    found = dotenv.dotenv_values(stream=io.StringIO(merged, newline=""), interpolate=False)
    was = dotenv.dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False)
    assert found.pop("CODER_A") == value
    was.pop("CODER_A", None)
    assert found == was
    assert value_of(merged, "CODER_A") == value


@given(st.text("ab=#'\"\\ \n\rX\t", max_size=25))
def test_our_dotenv_reader_agrees_with_python_dotenv(text):
    try:
        mine = value_of(text, "X")
    except Failed:
        return
    assert mine == dotenv.dotenv_values(stream=io.StringIO(text, newline="")).get("X")


@given(st.text("ab=#'\"\\ \n\rX;\t$", max_size=25), st.sampled_from(LINE_FORMATS))
def test_every_byte_of_a_foreign_file_survives(text, name):
    try:
        merged = merge(text, ENV, name)
    except Failed:
        return
    assert merged.startswith(text)
    assert re.sub(r"\s", "", merged.removeprefix(text)) == re.sub(r"\s", "", expected("@A@S", name))

"""Plans that are refused: what is said, where, and that it can be read on a terminal."""

import subprocess
import sys

import pytest

from oidc_provision.cli.render.problems import render_problems
from oidc_provision.plans.errors import PlanError
from oidc_provision.plans.load import load

from .plan_files import EXAMPLE, KINDS, cases, edited, problems_of, reads_as

EDITS = cases("edits.yaml")
TEXTS = cases("texts.yaml")


def assert_says(problems, expected):
    assert [reads_as(problem) for problem in problems] == [line.split(" => ")[0] for line in expected]
    for problem, line in zip(problems, expected, strict=True):
        assert line.partition(" => ")[2] in problem.fix


@pytest.mark.battery(8, 9, 11)
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in EDITS])
def test_edited_example_is_refused_where_it_is_wrong(case):
    old, new, *expected = case
    assert_says(problems_of(edited(old, new)), expected)


@pytest.mark.battery(1, 2, 3, 6, 7)
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in TEXTS])
def test_text_that_is_no_plan_is_refused(case):
    text, *expected = case
    assert_says(problems_of(text), expected)


@pytest.mark.battery(24)
@pytest.mark.parametrize("case", [case for _, case in EDITS if "hunter2" in case[1]])
def test_what_may_be_a_secret_is_never_shown(case):
    assert "hunter2" not in render_problems(problems_of(edited(*case[:2])))


@pytest.mark.battery(2, 9)
@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a: \xe9", "1 the file is not UTF-8: byte 4 is 0xe9"),
        ("a: 1".encode("utf-16"), "the file is UTF-16"),
        (b"a: \x00", "1:4 the file holds the control character U+0000"),
        (b"a: 1\nb: \x07", "2:4 the file holds the control character U+0007"),
        (b"a: \xed\xa0\x80", "1 the file is not UTF-8: byte 4 is 0xed"),
        (b"x" * (5 * 1024 * 1024 + 1), "the file has more than 5 MiB, which is no plan"),
        (b"a: " + b"9" * 5000, "1:4 a number of more than 4,300 digits"),
        (b"a: 0x" + b"f" * 5000, "1:4 a number of more than 4,300 digits"),
    ],
)
def test_bytes_that_are_no_plan_are_refused(raw, message):
    assert [reads_as(problem) for problem in problems_of(raw)] == [message]


@pytest.mark.battery(2)
def test_plan_with_a_byte_order_mark_is_accepted():
    assert not problems_of(b"\xef\xbb\xbf" + EXAMPLE.encode())


@pytest.mark.battery(4)
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_endless_nesting_is_refused_in_a_process_that_survives(opening):
    text = opening * 200_000
    assert any(
        "nested more than 64" in problem.message or "key must be text" in problem.message
        for problem in problems_of(text)
    )


MANY_KEYS = """
import pathlib, re
from oidc_provision.plans.errors import PlanError
from oidc_provision.plans.load import load
text = "".join(f"k{number}: 1\\n" for number in range(450_000))
try:
    load([("plan.yaml", text.encode())], {})
except PlanError as error:
    print(error.problems[0].message)
# not ru_maxrss: that of a child starts with what its parent had
peak = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())
print(int(peak[1]) // 1024)
"""


@pytest.mark.battery(5)
def test_hundreds_of_thousands_of_keys_do_not_fill_the_memory():
    path = [part for part in sys.path if part]
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{MANY_KEYS}"],
        capture_output=True,
        text=True,
        check=True,
    )
    message, memory = run.stdout.splitlines()
    assert message == "the file holds more than 50,000 values, which is no plan"
    assert int(memory) < 150


def test_problems_of_all_files_come_at_once():
    sources = [("a.yaml", b""), ("b.yaml", EXAMPLE.encode()), ("c.yaml", b"[")]
    with pytest.raises(PlanError) as caught:
        load(sources, KINDS)
    assert [problem.position.file for problem in caught.value.problems] == ["a.yaml", "c.yaml"]


def test_only_the_first_fifty_problems_are_shown():
    problems = problems_of(EXAMPLE.replace("env:  ", "env:\n" + "".join(f"  K{n}: 1\n" for n in range(60)) + "#"))
    text = render_problems(problems)
    assert text.count("error: ") == 50
    assert text.endswith(f"and {len(problems) - 50} more\n")


def test_without_libyaml_the_same_is_said(monkeypatch):
    import yaml

    from oidc_provision.plans import yaml_events

    monkeypatch.setattr(yaml_events, "_Loader", yaml.SafeLoader)
    assert not problems_of(EXAMPLE)
    assert reads_as(problems_of("[" * 3000)[0]) == "1:65 nested more than 64 levels deep"
    assert reads_as(problems_of("a: 1\na: 2\n")[0]).startswith("2:1 the key `a` stands here a second time")
    assert reads_as(problems_of('a: "\\ud800"')[0]) == "1:4 the text holds the control character U+D800"
    assert reads_as(problems_of(b"a: \x00")[0]) == "1:4 the file holds the control character U+0000"

"""The battery is whole: every row that is ours has a test, and the tally tells the truth about them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.battery.rows import groups, rows
from tests.command import ROOT

ROWS = rows()
TESTS = ROOT / "tests"
SPEC = range(1, 63)
"""The numbers of the table of which this is the transcript."""


def marks(file: Path) -> Iterator[ast.Call]:
    """Every `pytest.mark.battery(...)` of a file: on a test, on a case of one, or on the whole file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "battery":
            yield node


def marked() -> set[int]:
    return {ast.literal_eval(each) for file in TESTS.rglob("test_*.py") for mark in marks(file) for each in mark.args}


def test_every_row_of_the_table_is_there_once_and_in_order():
    assert [row.number for row in ROWS] == list(SPEC)


def test_rows_of_a_group_stand_together():
    assert [row for members in groups(ROWS).values() for row in members] == list(ROWS)


def test_every_row_says_what_and_what_then():
    assert all(row.what and row.expected for row in ROWS)
    assert not [row for row in ROWS if row.without and row.waits_for], "a row that waits waits as a whole"


def test_every_row_that_does_not_wait_has_a_test():
    assert sorted({row.number for row in ROWS if not row.waits_for} - marked()) == []


def test_no_mark_names_a_row_that_is_none():
    assert sorted(marked() - set(SPEC)) == []


SAMPLE = """
import pytest

@pytest.mark.battery(1, 2)
def test_good(): pass

@pytest.mark.battery(2)
@pytest.mark.parametrize("number", [1, 2])
def test_half_bad(number): assert number == 1

@pytest.mark.battery(3)
def test_absent(): pytest.skip("no server here")

@pytest.mark.battery(4)
@pytest.mark.xfail(reason="known", strict=True)
def test_known_bug(): raise ValueError

@pytest.mark.battery(5)
def test_breaks_before_it_starts(nothing_of_that_name): pass

@pytest.mark.battery(25)
def test_of_a_row_that_waits(): pass
"""


def tallied(folder: Path, source: str, *options: str) -> str:
    (folder / "test_sample.py").write_text(source)
    plugins = ["-p", "tests.battery.tally", "-p", "no:randomly", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *plugins, *options, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    return done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "by two workers"])
def test_rows_are_counted_by_what_all_their_tests_did(tmp_path: Path, options: tuple[str, ...]):
    told = tallied(tmp_path, SAMPLE, *options)
    lines = told[told.index("rows passed / total") :].splitlines()
    assert "plan          1 / 15" in lines and "saved plan    0 / 3" in lines
    assert "failed: 2 plan: " in told and "test_half_bad[2]" in told and "test_half_bad[1]" not in told
    assert f"not run: {ROWS[2]}" in lines and "    no server here" in lines
    assert f"failed: {ROWS[3]}" in lines and f"failed: {ROWS[4]}" in lines and f"no test: {ROWS[5]}" in lines
    assert f"waits, not counted: {ROWS[24]}" in lines and f"counted without: {ROWS[23]}" in lines


def test_a_mark_with_a_row_that_is_none_ends_the_run(tmp_path: Path):
    source = "import pytest\n@pytest.mark.battery(63)\ndef test_nothing(): pass\n"
    assert "names a row of the battery that is none: [63]" in tallied(tmp_path, source)

"""Row 59: terminals that can little, and readers that leave. What needs no terminal stands in tests/cli/test_surroundings.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.battery.clean import assert_no_accident, shell
from tests.cli.children import Terminal, stranger_installed
from tests.live.conftest import Realm

from oidc_provision.provisioners.sandbox.faults import Fault
from oidc_provision.provisioners.sandbox.serving import Sandbox

TERMINALS = {
    "dumb": {"TERM": "dumb"},
    "no TERM": {"TERM": ""},
    "unknown TERM": {"TERM": "nobody-knows-this"},
    "ten columns": {"COLUMNS": "10"},
    "no columns": {"COLUMNS": "0", "LINES": "0"},
    "no number of columns": {"COLUMNS": "wide"},
    "NO_COLOR": {"NO_COLOR": "1"},
    "ASCII": {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
}
PLAIN = ("dumb", "NO_COLOR")


@pytest.mark.battery(59)
@pytest.mark.parametrize("case", TERMINALS)
def test_any_terminal_is_asked_and_told(tmp_path: Path, case: str):
    terminal = Terminal("apply", "plan.yaml", cwd=tmp_path, env=stranger_installed(tmp_path) | TERMINALS[case])
    terminal.until("Only `yes` is accepted:")
    terminal.type("yes")
    assert terminal.ended() == 0, terminal.shown
    assert "Applied: 1 changes" in terminal.shown and "Traceback" not in terminal.shown
    assert case not in PLAIN or "\x1b[3" not in terminal.shown


@pytest.mark.battery(59)
@pytest.mark.parametrize("case", TERMINALS)
def test_any_terminal_takes_what_is_shown_while_it_waits(emulated: Realm, sandbox: Sandbox, plan: Path, case: str):
    sandbox.faults.switch_on(Fault(f"{emulated.name}/clients", delay=1.6))
    terminal = Terminal("plan", cwd=Path(), env=TERMINALS[case])
    assert terminal.ended() == 0, terminal.shown
    assert "client/coder" in terminal.shown and "Traceback" not in terminal.shown


READERS = [
    "$OP plan | head -1",
    "$OP plan --format json | true",
    "$OP explain | head -1",
    "$OP plan -vv 2>&1 | head -1",
]


@pytest.mark.battery(59)
@pytest.mark.parametrize("buffering", ["", "env -u PYTHONUNBUFFERED "], ids=["as it is", "as users have it"])
@pytest.mark.parametrize("script", READERS)
def test_a_reader_that_leaves_is_no_accident(plan: Path, script: str, buffering: str):
    ran = shell(script.replace("$OP", f"{buffering}$OP") + "; exit ${PIPESTATUS[0]}", Path())
    assert_no_accident(ran)
    assert (ran.code in (0, 1), ran.err if "2>&1" in script else "") == (True, ""), ran.all


@pytest.mark.battery(59)
@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_an_apply_that_nobody_hears_is_done_all_the_same(emulated: Realm, plan: Path, closing: str):
    ran = shell(f"$OP apply --auto-approve {closing}", Path(), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert_no_accident(ran)
    assert (ran.code, emulated.client("coder")["enabled"]) == (0, True)
    assert os.fspath(plan) not in Path("secrets/coder.env").read_text("utf-8")

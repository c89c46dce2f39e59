"""Row 60: what pipelines make of our words. A line that begins with `::` is a command to GitHub's runner, blanks before it or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.battery.clean import assert_failed, assert_no_accident
from tests.command import Ran
from tests.live.conftest import Realm
from tests.live.running import edit
from tests.live.running import here as run

from oidc_provision.provisioners.sandbox.faults import Fault
from oidc_provision.provisioners.sandbox.serving import Sandbox

COMMAND = "::error file=a,line=1::pwned"
VERBS = {
    "plan": ("plan", "-vv"),
    "json": ("plan", "--format", "json"),
    "markdown": ("plan", "--format", "markdown"),
    "apply": ("apply", "--auto-approve", "-vv"),
    "env": ("env", "--show-secrets"),
    "validate": ("validate",),
}


def commands(ran: Ran) -> list[str]:
    return [line for line in ran.all.splitlines() if line.lstrip().startswith(("::", "##["))]


@pytest.mark.battery(60)
@pytest.mark.parametrize("verb", VERBS)
def test_no_name_becomes_a_command_of_the_runner(emulated: Realm, plan: Path, verb: str):
    edit(plan, client__id=COMMAND, client__name=COMMAND, client__groups_claim=COMMAND)
    if verb == "env":
        assert run("apply", "--auto-approve").code == 0
    ran = run(*VERBS[verb])
    assert_no_accident(ran)
    assert (ran.code, commands(ran)) == (0, []), ran.all


@pytest.mark.battery(60)
@pytest.mark.parametrize("form", ["dotenv", "docker", "shell", "compose", "helm", "kubernetes", "json", "coder-yaml"])
def test_no_setting_becomes_a_command_of_the_runner(emulated: Realm, plan: Path, form: str):
    assert run("apply", "--auto-approve").code == 0
    edit(plan, env={"CODER_OIDC_SIGN_IN_TEXT": COMMAND, "CODER_OIDC_ICON_URL": "https://a.example/::x"})
    ran = run("env", "--format", form)
    assert (ran.code, commands(ran)) == (0, []), ran.all


@pytest.mark.battery(60)
@pytest.mark.parametrize("text", [COMMAND, f"\n{COMMAND}", f"x\r\n  {COMMAND}\r", "\n##[error]pwned"])
def test_no_complaint_of_a_server_becomes_a_command(emulated: Realm, sandbox: Sandbox, plan: Path, text: str):
    edit(plan, client__secret=...)
    body = json.dumps({"errorMessage": text})
    sandbox.faults.switch_on(Fault("/clients$", method="POST", status=400, body=body, times=9))
    ran = run("apply", "--auto-approve", "-vv")
    assert_no_accident(ran)
    assert (ran.code, commands(ran), "pwned" in ran.err) == (1, [], True), ran.all


@pytest.mark.battery(60)
@pytest.mark.parametrize("text", [f"a: {COMMAND}\n", f"{COMMAND}: a\n", f"  {COMMAND}\n", f"a: |\n {COMMAND}\n"])
def test_no_line_of_a_broken_plan_becomes_a_command(plan: Path, text: str):
    plan.write_text(text)
    ran = run("validate")
    assert (ran.code, commands(ran)) == (64, []), ran.all


@pytest.mark.battery(60)
@pytest.mark.parametrize("place", ["missing/summary.md", "/proc/self/mem/x", "folder"])
def test_a_summary_that_cannot_be_written_is_told_of_after_the_plan(plan: Path, place: str):
    Path("folder").mkdir()
    ran = run("plan", "--output", f"md={place}")
    assert_failed(ran, 1, place, "fix: ")
    assert "client/coder" in ran.out

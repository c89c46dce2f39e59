"""A verification in its four renderings."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from oidc_provision.cli.render.json_schema import output_schema
from oidc_provision.cli.render.proof import RENDERINGS, as_json, as_markdown, as_sarif, as_text
from oidc_provision.plans.steps import Verification, failed, not_reached, ok, unclear, verification

GOOD = ok("discovery", "the document is right", "issuer `https://sso.example.com`")
BAD = failed("plan", "nothing differs", "it differs", "`client/coder`: | <b>", fix="run apply", breaks=["scopes"])
AFTER = failed("authorize", "scopes are accepted", "a scope is not attached", breaks=["scopes"])
UNSURE = unclear("sessions", "there are sessions", "there are none yet", fix="sign in")
LEFT = (not_reached("scopes", "granted", ["scopes"]), not_reached("refresh", "accepted", ["scopes"]))
MIXED = verification([GOOD, BAD, AFTER, UNSURE, *LEFT])

TEXT = """\
ok        the document is right [discovery]
          issuer `https://sso.example.com`
failed    nothing differs [plan]
          it differs
          `client/coder`: | <b>
          fix: run apply
follows   scopes are accepted [authorize]
          a scope is not attached because of `plan`
?         there are sessions [sessions]
          there are none yet
          fix: sign in
follows   not tried because of `plan`: scopes, refresh

Verified: 1 ok, 1 failed, 3 follow from that, 1 could not be told.
"""


def test_text_tells_causes_with_their_fix_and_the_rest_in_short():
    assert as_text(MIXED) == TEXT


def test_json_is_as_its_schema_says():
    document = json.loads(as_json(MIXED))
    Draft202012Validator(json.loads(output_schema("verify-output"))).validate(document)
    assert [step["cause"] for step in document["steps"]] == ["", "", "plan", "", "plan", "plan"]


@pytest.mark.parametrize(
    ("steps", "result"),
    [([GOOD], "ok"), ([GOOD, UNSURE], "could not tell"), ([UNSURE, BAD], "failed"), ([], "ok")],
)
def test_the_result_is_that_of_the_worst_step(steps, result):
    assert json.loads(as_json(verification(steps)))["result"] == result


def test_markdown_is_one_table_whose_cells_cannot_be_broken_out_of():
    lines = as_markdown(MIXED).splitlines()
    rows = [line for line in lines if line.startswith("| ") and "---" not in line]
    assert {line.replace("\\|", "").count("|") for line in rows} == {5}
    assert "<b>" not in "\n".join(lines) and "| failed | nothing differs |" in "\n".join(lines)


def test_sarif_has_a_rule_for_each_step_and_a_result_for_each_that_is_not_ok():
    run = json.loads(as_sarif(MIXED))["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [step.name for step in MIXED.steps]
    levels = {each["ruleId"]: (each["level"], each["kind"]) for each in run["results"]}
    assert levels["plan"] == ("error", "fail") and "discovery" not in levels
    assert {value for name, value in levels.items() if name != "plan"} == {("none", "open")}


@pytest.mark.parametrize("form", RENDERINGS)
def test_control_characters_of_a_server_do_not_reach_the_terminal(form):
    nasty = Verification((failed("plan", "nothing differs", "\x1b[31mred\x07", "\u202eevil"),))
    written = RENDERINGS[form](nasty)
    assert "\x1b" not in written and "\x07" not in written and "\u202e" not in written

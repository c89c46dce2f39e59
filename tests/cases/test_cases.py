"""Runs the case files: plan + live -> changes, findings or error. How a case is written stands in README.md."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from oidc_provision.plans import rules
from oidc_provision.plans.diff import Change, edit_json
from oidc_provision.plans.errors import PlanError
from oidc_provision.plans.findings import Finding
from oidc_provision.plans.load import load
from oidc_provision.plans.proposal import View
from oidc_provision.provisioners.engine import Engine
from oidc_provision.provisioners.keycloak import KIND, RULES

from .paper import PaperVault, provisioner

HERE = Path(__file__).parent
BASE = yaml.safe_load((HERE / "base.yaml").read_text())
FILES = sorted((HERE / "keycloak").glob("*.yaml"))
CASES = [(f"{file.stem}: {case['name']}", case) for file in FILES for case in yaml.safe_load_all(file.read_text())]
KEYS = {
    "name",
    "plan",
    "without",
    "live",
    "rotate",
    "writing",
    "changes",
    "findings",
    "error",
    "of",
    "also",
    "known_bug",
}
ELSEWHERE = {rules.WEAK_SECRET.code: HERE.parent / "cli/test_plan_command.py"}
"""Codes that no look at a realm can give, and the test that has them."""


def merged(base: Any, more: Any) -> Any:
    """Mappings are merged, anything else takes the place of what was there."""
    if not (isinstance(base, dict) and isinstance(more, dict)):
        return copy.deepcopy(more)
    return {key: merged(base.get(key), more[key]) if key in more else copy.deepcopy(base[key]) for key in base | more}


def plan_of(case: dict[str, Any], also: dict[str, Any]) -> dict[str, Any]:
    plan = merged(merged(BASE["plan"], case.get("plan", {})), also)
    for path in case.get("without", []):
        *parents, last = path.split(".")
        place = plan
        for parent in parents:
            place = place[parent]
        del place[last]
    return plan


def look(case: dict[str, Any]) -> View:
    live = merged(BASE["live"], case.get("live", {}))
    plans = [yaml.safe_dump(plan_of(case, also), sort_keys=False) for also in ({}, *case.get("also", []))]
    sources = [(f"plan{number or ''}.yaml", text.encode()) for number, text in enumerate(plans)]
    deployments = load(sources, {"keycloak": KIND})

    async def opened(_deployment: object) -> Any:
        return provisioner(live)

    engine = Engine(opened, PaperVault(live), lambda: "drawn", lambda _result: None)
    rotate = frozenset(case.get("rotate", []))
    proposal = asyncio.run(engine.look(deployments, writing=case.get("writing", False), rotate=rotate))
    return proposal.views[0]


def said(change: Change) -> dict[str, Any]:
    edits = {edit["field"]: [edit["before"], edit["after"]] for edit in map(edit_json, change.edits)}
    return {"action": change.action.value, **edits}


def assert_changes(view: View, expected: dict[str, Any]) -> None:
    found = {change.key: said(change) for change in view.changes}
    for address, fields in expected.items():
        if isinstance(fields, dict) and fields.pop("others", None) == "any":
            found[address] = {name: value for name, value in found[address].items() if name in fields}
        if isinstance(fields, dict) and "after" in fields:
            waits = fields.pop("after")
            assert sorted(next(c.depends_on for c in view.changes if c.key == address)) == waits
    assert found == expected


def assert_findings(view: View, expected: list[Any]) -> None:
    wanted = [each if isinstance(each, dict) else {"code": each} for each in expected]
    assert sorted(f.code for f in view.findings) == sorted(each["code"] for each in wanted)
    for each in wanted:
        assert any(tells(finding, each) for finding in view.findings), (each, view.findings)


def tells(finding: Finding, expected: dict[str, str]) -> bool:
    line = finding.position.text if finding.position else ""
    return (
        finding.code == expected["code"]
        and expected.get("severity", finding.severity.value) == finding.severity.value
        and expected.get("problem", "") in finding.problem
        and expected.get("fix", "") in finding.fix
        and expected.get("line", "") in line
    )


BATTERY = {"lifetimes": pytest.mark.battery(10), "redirects": pytest.mark.battery(11)}
"""Files of cases that prove a row of the battery."""


def marks(name: str, case: dict[str, Any]) -> list[pytest.MarkDecorator]:
    known = [pytest.mark.xfail(reason=case["known_bug"], strict=True)] if "known_bug" in case else []
    return [*known, *(mark for file, mark in BATTERY.items() if name.startswith(f"{file}: "))]


@pytest.mark.parametrize("case", [pytest.param(case, id=name, marks=marks(name, case)) for name, case in CASES])
def test_case(case: dict[str, Any]):
    case = copy.deepcopy(case)
    assert case.keys() <= KEYS and len(case.keys() & {"changes", "findings", "error"}) == 1
    if "error" in case:
        assert case["error"] in failure(case)
        return
    view = look(case)
    assert view.error is None, view.error
    if "changes" in case:
        assert_changes(view, case["changes"])
    else:
        assert_findings(view, case["findings"])


def failure(case: dict[str, Any]) -> str:
    try:
        error: Any = look(case).error
    except PlanError as invalid:
        error = invalid
    return " ".join([error.message, error.fix, *error.notes]) if error is not None else "no error"


def test_every_code_has_a_case():
    stated = [each for _, case in CASES for each in case.get("findings", [])]
    seen = {each["code"] if isinstance(each, dict) else each for each in stated}
    seen |= {code for code, test in ELSEWHERE.items() if code in test.read_text()}
    seen |= {case["of"] for _, case in CASES if "of" in case}
    assert sorted({rule.code for rule in (*rules.RULES, *RULES)} - seen) == []


def test_every_rule_says_why_and_is_a_phrase():
    for rule in (*rules.RULES, *RULES):
        assert rule.why.endswith(".") and rule.title and not rule.title.endswith("."), rule.code

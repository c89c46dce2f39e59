"""Runs the case files: plan + live -> changes, findings, settings or error. How a case is written stands in README.md."""

from __future__ import annotations

import asyncio
import copy
import re
from typing import Any

import pytest
import yaml

from oidc_provision.plans import rules
from oidc_provision.plans.coder_env import EnvEntry
from oidc_provision.plans.diff import Change, edit_json
from oidc_provision.plans.errors import PlanError, ProvisionError
from oidc_provision.plans.findings import Finding
from oidc_provision.plans.proposal import View
from oidc_provision.provisioners import registry

from .running import HELD, HERE, Look, cases, look, merged

OUTCOMES = {"changes", "findings", "env", "adopts", "steps", "error"}
GUIDE = "see docs/adding-an-identity-provider.md"
KEYS = {"name", "plan", "without", "live", "rotate", "writing", "of", "also", "known_bug"} | OUTCOMES
ELSEWHERE = {rules.WEAK_SECRET.code: HERE.parent / "cli/test_plan_command.py"}
"""Codes that no look at a target can give, and the test that has them."""


def said(change: Change) -> dict[str, Any]:
    edits = {edit["field"]: [edit["before"], edit["after"]] for edit in map(edit_json, change.edits)}
    by_hand = {"by hand": change.manual} if change.manual else {}
    return {"action": change.action.value, **edits, **by_hand}


def assert_changes(view: View, expected: dict[str, Any]) -> None:
    found = {change.key: said(change) for change in view.changes}
    for address, fields in expected.items():
        if isinstance(fields, dict) and fields.pop("others", None) == "any":
            found[address] = {name: value for name, value in found[address].items() if name in fields}
        if isinstance(fields, dict) and "after" in fields:
            waits = fields.pop("after")
            assert sorted(next(c.depends_on for c in view.changes if c.key == address)) == waits
        if isinstance(fields, dict) and fields.get("by hand", "-") in found.get(address, {}).get("by hand", ""):
            found[address]["by hand"] = fields["by hand"]
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


def assert_env(seen: Look, expected: dict[str, str | None]) -> None:
    env = {entry.name: value_of(entry) for entry in seen.engine.coder_env(seen.deployments[0], seen.view.live).entries}
    assert {name: env.get(name) for name in expected} == expected


def value_of(entry: EnvEntry) -> str:
    return entry.value if isinstance(entry.value, str) else entry.value.reveal()


def assert_adopts(seen: Look, expected: dict[str, Any]) -> None:
    assert seen.engine.adopt(seen.deployments[0], seen.view.live)["client"] == expected


def assert_steps(seen: Look, expected: dict[str, dict[str, str]]) -> None:
    steps = asyncio.run(seen.engine.confirm(seen.deployments[0], seen.view.live))
    found = {step.name: step for step in steps}
    for name, parts in expected.items():
        step = found[name]
        assert step.verdict.value == parts["ends"], step
        assert parts.get("problem", "") in step.problem and parts.get("fix", "") in step.fix, step
        assert parts.get("evidence", "") in " ".join(step.evidence), step


ASSERTS = {
    "changes": lambda seen, expected: assert_changes(seen.view, expected),
    "findings": lambda seen, expected: assert_findings(seen.view, expected),
    "env": assert_env,
    "adopts": assert_adopts,
    "steps": assert_steps,
}
BATTERY = {"keycloak/lifetimes": pytest.mark.battery(10), "keycloak/redirects": pytest.mark.battery(11)}
"""Files of cases that prove a row of the battery."""


def params() -> list[Any]:
    return [
        pytest.param(kind, case, id=f"{kind}/{name}", marks=marks(f"{kind}/{name}", case))
        for kind in HELD
        for name, case in cases(kind)
    ]


def marks(name: str, case: dict[str, Any]) -> list[pytest.MarkDecorator]:
    known = [pytest.mark.xfail(reason=case["known_bug"], strict=True)] if "known_bug" in case else []
    return [*known, *(mark for file, mark in BATTERY.items() if name.startswith(f"{file}: "))]


@pytest.mark.parametrize(("kind", "case"), params())
def test_case(kind: str, case: dict[str, Any]):
    case = copy.deepcopy(case)
    (outcome,) = case.keys() & OUTCOMES
    assert case.keys() <= KEYS
    if outcome == "error":
        assert case["error"] in failure(kind, case)
        return
    seen = look(kind, case)
    assert seen.view.error is None, seen.view.error
    ASSERTS[outcome](seen, case[outcome])


def failure(kind: str, case: dict[str, Any]) -> str:
    """Everything that is said where a plan, a look or its settings are refused."""
    try:
        seen = look(kind, case)
        error = seen.view.error
        if error is None:
            seen.engine.coder_env(seen.deployments[0], seen.view.live)
    except PlanError as invalid:
        return " ".join(f"{problem.message}; {problem.fix}" for problem in invalid.problems)
    except ProvisionError as refused:
        error = refused
    return " ".join([error.message, error.fix, *error.notes]) if error is not None else "no error"


SECTION = re.compile(r"`((?:coder|client|refresh_tokens|access_tokens|shared): \{[^`]*\})`")
"""A piece of a plan, as a fix proposes it."""


@pytest.mark.parametrize("kind", HELD)
def test_what_a_fix_proposes_for_a_plan_loads(kind: str):
    proposed = 0
    for _, case in cases(kind):
        for finding in look(kind, case).view.findings if "findings" in case else ():
            for section in SECTION.findall(finding.fix):
                if "..." not in section:
                    plan = merged(case.get("plan", {}), yaml.safe_load(section))
                    look(kind, {**case, "plan": plan})
                    proposed += 1
    assert proposed, f"no finding in tests/cases/{kind} has a fix with a section of a plan, as `access_tokens: {{...}}`"


@pytest.mark.parametrize("kind", registry.kinds())
def test_every_kind_has_cases(kind: str):
    needed = [HERE / kind / name for name in ("__init__.py", "base.yaml", "paper.py")]
    missing = [str(path.relative_to(HERE.parent.parent)) for path in needed if not path.is_file()]
    assert not missing, f"write {', '.join(missing)}: {GUIDE}"
    assert [name for name, _ in cases(kind)], f"no case is in tests/cases/{kind}: {GUIDE}"


def codes_of(kind: str) -> set[str]:
    found = [case for _, case in cases(kind)]
    stated = [each for case in found for each in case.get("findings", [])]
    return {each["code"] if isinstance(each, dict) else each for each in stated} | {c["of"] for c in found if "of" in c}


@pytest.mark.parametrize("kind", HELD)
def test_every_code_of_a_kind_has_a_case(kind: str):
    without = sorted({rule.code for rule in registry.load(kind).RULES} - codes_of(kind))
    assert not without, f"no case in tests/cases/{kind} has the findings {', '.join(without)}"


JUDGES = {
    "check_urls": {rules.REDIRECT_PLAIN_HTTP.code, rules.REDIRECT_WILDCARD.code},
    "check_lifetimes": {
        rules.ROTATION_RACE.code,
        rules.IDLE_NOT_ABOVE_ACCESS.code,
        rules.ACCESS_TOKEN_SHORT.code,
        rules.SESSION_SHORTER.code,
    },
}
"""What a kind's `check` asks of plans/rules.py, and the findings that show that it does."""


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("kind", HELD)
def test_every_kind_is_judged_by_the_rules_for_all(kind: str, judge: str):
    shown = JUDGES[judge] & codes_of(kind)
    assert shown, f"no case in tests/cases/{kind} shows that its `check` calls `{judge}` of plans/rules.py: {GUIDE}"


def test_every_code_of_all_kinds_has_a_case():
    seen = {code for kind in HELD for code in codes_of(kind)}
    seen |= {code for code, test in ELSEWHERE.items() if code in test.read_text()}
    assert sorted({rule.code for rule in rules.RULES} - seen) == []


@pytest.mark.parametrize("kind", HELD)
def test_every_rule_says_why_and_is_a_phrase(kind: str):
    for rule in (*rules.RULES, *registry.load(kind).RULES):
        assert rule.why.endswith(".") and rule.title and not rule.title.endswith("."), rule.code

"""What the tests of the plan language share: the example plan, the kinds, and how a problem reads."""

from pathlib import Path

import yaml

from oidc_provision.plans.errors import PlanError, Problem
from oidc_provision.plans.load import load
from oidc_provision.provisioners.keycloak.settings import KIND

ROOT = Path(__file__).parents[2]
KINDS = {"keycloak": KIND}
EXAMPLE = (ROOT / "provisioners/keycloak/example.yaml").read_text()


def cases(name):
    data = yaml.safe_load((ROOT / "tests/cases/invalid_plans" / name).read_text())
    return list(data.items())


def load_text(*texts):
    return load([(f"plan{number or ''}.yaml", text.encode()) for number, text in enumerate(texts)], KINDS)


def edited(old, new):
    assert EXAMPLE.count(old) == 1, old
    return EXAMPLE.replace(old, new)


def problems_of(raw) -> tuple[Problem, ...]:
    try:
        load([("plan.yaml", raw if isinstance(raw, bytes) else raw.encode())], KINDS)
    except PlanError as error:
        return error.problems
    return ()


def reads_as(problem):
    place = str(problem.position).removeprefix("plan.yaml").removeprefix(":")
    return f"{place} {problem.message}".strip()

"""Which failures of a verification are causes, and which follow."""

from __future__ import annotations

import pytest

from oidc_provision.plans.steps import PARTS, Step, Verdict, failed, not_reached, ok, unclear, verification

PLAN, KEYS, DOOR, SIGN_IN = ("plan", ""), ("credentials", ""), ("authorize", ""), ("sign-in", "")


def bad(step: tuple[str, str], *parts: str, either: bool = False) -> Step:
    return failed(*step, "it is broken", breaks=parts, either=either)


CASES = {
    "all is well": ([ok(*PLAN), ok(*KEYS)], set(), {}),
    "what cannot be told is no cause": ([unclear(*PLAN, "unknown"), ok(*KEYS)], set(), {}),
    "one failure is a cause": ([bad(PLAN, "scopes"), ok(*KEYS)], {"plan"}, {}),
    "a failure without a part is a cause": ([bad(PLAN), bad(KEYS, "secret")], {"plan", "credentials"}, {}),
    "the same part again follows": ([bad(PLAN, "scopes"), bad(DOOR, "scopes")], {"plan"}, {"authorize": "plan"}),
    "another part is another cause": ([bad(PLAN, "scopes"), bad(DOOR, "redirect")], {"plan", "authorize"}, {}),
    "a wrong secret is told at the token endpoint": (
        [bad(PLAN, "secret"), bad(KEYS, "secret")],
        {"credentials"},
        {"plan": "credentials"},
    ),
    "a plan that differs elsewhere too stays a cause": (
        [bad(PLAN, "secret", "scopes"), bad(KEYS, "secret"), bad(DOOR, "scopes")],
        {"plan", "credentials"},
        {"authorize": "plan"},
    ),
    "one that cannot tell which follows what another has told": (
        [bad(PLAN, "redirect"), bad(DOOR, "redirect", "client", either=True), bad(SIGN_IN, "client", "person", either=True)],
        {"plan", "sign-in"},
        {"authorize": "plan"},
    ),
    "one that cannot tell which is the cause where nobody has": (
        [ok(*PLAN), bad(DOOR, "redirect", "client", either=True), bad(SIGN_IN, "client", "person", either=True)],
        {"authorize"},
        {"sign-in": "authorize"},
    ),
    "what was not tried follows from what it needs": (
        [bad(PLAN, "scopes"), bad(KEYS, "secret"), not_reached(*SIGN_IN, breaks=["secret"])],
        {"plan", "credentials"},
        {"sign-in": "credentials"},
    ),
    "what was not tried follows from the last cause where it needs nothing": (
        [bad(PLAN), not_reached(*SIGN_IN)],
        {"plan"},
        {"sign-in": "plan"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_causes_and_what_follows(name: str):
    steps, causes, follows = CASES[name]
    found = verification(steps)
    assert {step.name for step in found.causes} == causes
    assert {step.name: step.cause for step in found.steps if step.verdict is Verdict.FOLLOWS} == follows


def test_parts_of_the_cases_are_known():
    used = {part for steps, _, _ in CASES.values() for step in steps for part in step.breaks}
    assert used <= PARTS

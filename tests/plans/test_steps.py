"""Which failures of a verification are causes, and which follow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oidc_provision.plans.steps import PARTS, Step, Verdict, failed, not_reached, ok, unclear, verification

PLAN, KEYS, DOOR, SIGN_IN = ("plan", ""), ("credentials", ""), ("authorize", ""), ("sign-in", "")


def bad(step: tuple[str, str], *parts: str, either: bool = False) -> Step:
    return failed(*step, "it is broken", breaks=parts, either=either)


# made in the test: what a module makes while it is imported, no mutation check sees
CASES: dict[str, tuple[Callable[[], list[Step]], set[str], dict[str, str]]] = {
    "all is well": (lambda: [ok(*PLAN), ok(*KEYS)], set(), {}),
    "what cannot be told is no cause": (lambda: [unclear(*PLAN, "unknown"), ok(*KEYS)], set(), {}),
    "one failure is a cause": (lambda: [bad(PLAN, "scopes"), ok(*KEYS)], {"plan"}, {}),
    "a failure without a part is a cause": (lambda: [bad(PLAN), bad(KEYS, "secret")], {"plan", "credentials"}, {}),
    "the same part again follows": (lambda: [bad(PLAN, "scopes"), bad(DOOR, "scopes")], {"plan"}, {"authorize": "plan"}),
    "another part is another cause": (lambda: [bad(PLAN, "scopes"), bad(DOOR, "redirect")], {"plan", "authorize"}, {}),
    "a wrong secret is told at the token endpoint": (
        lambda: [bad(PLAN, "secret"), bad(KEYS, "secret")],
        {"credentials"},
        {"plan": "credentials"},
    ),
    "a plan that differs elsewhere too stays a cause": (
        lambda: [bad(PLAN, "secret", "scopes"), bad(KEYS, "secret"), bad(DOOR, "scopes")],
        {"plan", "credentials"},
        {"authorize": "plan"},
    ),
    "one that cannot tell which follows what another has told": (
        lambda: [bad(PLAN, "redirect"), bad(DOOR, "redirect", "client", either=True), bad(SIGN_IN, "client", "person", either=True)],
        {"plan", "sign-in"},
        {"authorize": "plan"},
    ),
    "one that cannot tell which is the cause where nobody has": (
        lambda: [ok(*PLAN), bad(DOOR, "redirect", "client", either=True), bad(SIGN_IN, "client", "person", either=True)],
        {"authorize"},
        {"sign-in": "authorize"},
    ),
    "what was not tried follows from what it needs": (
        lambda: [bad(PLAN, "scopes"), bad(KEYS, "secret"), not_reached(*SIGN_IN, breaks=["secret"])],
        {"plan", "credentials"},
        {"sign-in": "credentials"},
    ),
    "what was not tried follows from the last cause where it needs nothing": (
        lambda: [bad(PLAN), not_reached(*SIGN_IN)],
        {"plan"},
        {"sign-in": "plan"},
    ),
    "a secret that another failure says nothing of is told where it was met": (
        lambda: [bad(PLAN, "secret"), bad(KEYS, "issuer")],
        {"plan", "credentials"},
        {},
    ),
    "what was not tried follows from what it needs, not from the last cause": (
        lambda: [bad(PLAN, "scopes"), bad(KEYS, "secret"), not_reached(*SIGN_IN, breaks=["scopes", "person"])],
        {"plan", "credentials"},
        {"sign-in": "plan"},
    ),
    "what needs nothing that is broken follows from the last cause, not from the last failure": (
        lambda: [bad(PLAN, "scopes"), bad(KEYS, "client"), bad(DOOR, "scopes"), not_reached(*SIGN_IN, breaks=["person"])],
        {"plan", "credentials"},
        {"authorize": "plan", "sign-in": "credentials"},
    ),
    "what was not tried without any failure follows from nothing": (
        lambda: [unclear(*PLAN, "unknown"), not_reached(*SIGN_IN)],
        set(),
        {"sign-in": ""},
    ),
    "of two causes the first one is named": (
        lambda: [bad(SIGN_IN, "person"), bad(DOOR, "redirect"), bad(KEYS, "redirect", "person")],
        {"sign-in", "authorize"},
        {"credentials": "sign-in"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_causes_and_what_follows(name: str):
    made, causes, follows = CASES[name]
    found = verification(made())
    assert {step.name for step in found.causes} == causes
    assert {step.name: step.cause for step in found.steps if step.verdict is Verdict.FOLLOWS} == follows


def test_parts_of_the_cases_are_known():
    used = {part for made, _, _ in CASES.values() for step in made() for part in step.breaks}
    assert used <= PARTS


TOLD: dict[str, tuple[Callable[[], Step], Step]] = {
    "holds": (
        lambda: ok("plan", "as planned", "nothing to change", ""),
        Step(name="plan", title="as planned", verdict=Verdict.OK, evidence=("nothing to change", "")),
    ),
    "cannot be told": (
        lambda: unclear("door", "it opens", "it shows a page", "200", "", fix="use --login"),
        Step(name="door", title="it opens", verdict=Verdict.UNCLEAR, evidence=("200",), problem="it shows a page", fix="use --login"),
    ),
    "cannot be told, and nothing helps": (
        lambda: unclear("door", "it opens", "it shows a page"),
        Step(name="door", title="it opens", verdict=Verdict.UNCLEAR, problem="it shows a page"),
    ),
    "fails": (
        lambda: failed("door", "it opens", "refused", "", "403", fix="allow it", breaks=["client", "redirect"], either=True),
        Step(
            name="door",
            title="it opens",
            verdict=Verdict.FAILED,
            evidence=("403",),
            problem="refused",
            fix="allow it",
            breaks=frozenset({"redirect", "client"}),
            either=True,
        ),
    ),
    "fails, and nobody knows more": (
        lambda: failed("door", "it opens", "refused"),
        Step(name="door", title="it opens", verdict=Verdict.FAILED, problem="refused"),
    ),
    "was not tried": (
        lambda: not_reached("door", "it opens", ["issuer"]),
        Step(name="door", title="it opens", verdict=Verdict.FOLLOWS, problem="not tried", breaks=frozenset({"issuer"})),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_a_step_is_told_with_all_that_is_known_and_no_empty_place(name: str):
    made, expected = TOLD[name]
    assert made() == expected


def test_a_failure_that_follows_keeps_what_it_says():
    plan, door = verification(
        [bad(PLAN, "scopes"), failed(*DOOR, "refused", "403", fix="allow it", breaks=["scopes"])]
    ).steps
    assert (plan.cause, door.cause) == ("", "plan")
    assert (door.problem, door.evidence, door.fix) == ("refused", ("403",), "allow it")

"""What a certificate says, when it is of use, and which private keys Coder can read."""

from __future__ import annotations

import pytest
from tests.cases.entra.pems import BEHIND

from oidc_provision.provisioners.entra.certificates import Facts, facts_of, key_problem

GOOD = facts_of(BEHIND["file:good.crt"])


def test_a_certificate_is_of_use_from_its_first_second_to_its_last():
    problems = [GOOD.problem_at(at) for at in (GOOD.start - 1, GOOD.start, GOOD.end - 1, GOOD.end)]
    assert problems == ["is not good yet", "", "", "has ended"]


def test_what_is_no_certificate_is_never_of_use():
    assert Facts(problem="is rubbish", start=1, end=9).problem_at(5) == "is rubbish"


def test_a_certificate_is_listed_as_ours_with_its_own_end():
    listed = GOOD.credential
    assert (listed.is_ours, listed.end, listed.thumbprint) == (True, GOOD.end, GOOD.thumbprint)
    assert len(GOOD.thumbprint) == 40


def test_of_a_chain_the_first_certificate_counts():
    assert facts_of(BEHIND["file:good.crt"] + BEHIND["file:next.crt"]) == GOOD


@pytest.mark.parametrize(
    "text", ["", "nonsense", BEHIND["file:good.key"], "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_other_text_is_no_certificate(text: str):
    assert facts_of(text).problem == "is no certificate in PEM"


def test_the_key_of_a_certificate_is_fine():
    assert key_problem(BEHIND["file:good.key"], GOOD) == ("", "")


def test_a_key_whose_certificate_is_not_known_is_looked_at_alone():
    assert key_problem(BEHIND["file:next.key"], Facts()) == ("", "")


@pytest.mark.parametrize("name", [name for name in BEHIND if name.endswith(".key") and name != "file:good.key"])
def test_a_problem_comes_with_a_fix_and_never_with_the_key(name: str):
    problem, fix = key_problem(BEHIND[name], GOOD)
    assert problem and fix
    assert not any(line and line in problem + fix for line in BEHIND[name].splitlines()[1:-1])

"""The tool's own sign-in to Entra that fails, over the product's whole transport: named with its cause, and Graph is never asked."""

from __future__ import annotations

import pytest
from tests.entra.faults import says
from tests.entra.lab import Lab, lab
from tests.entra.runs import applied

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.provisioners.entra.sandbox.building import TOOL_SECRET

TOKEN = "POST /oauth2/v2.0/token$"
WORDS = "Trace ID: 1a2b Correlation ID: 3c4d Timestamp: 2026-01-01 00:00:00Z"
CAUSES = {
    7000215: ("invalid_client", "the client secret is wrong", "the secret's value, not its id"),
    7000222: ("invalid_client", "the client secret is over", "add a new secret"),
    700027: ("invalid_client", "the assertion's certificate is not one of the app", "upload the certificate"),
    700016: ("unauthorized_client", "the app is not in this tenant, or disabled", "check `admin.client_id`"),
    65001: ("invalid_grant", "consent is missing", "grant consent for the tool's application"),
}
INTERACTION = {
    50076: ("interaction_required", "multi-factor sign-in is wanted", "Conditional Access policies"),
    50079: ("interaction_required", "multi-factor sign-in is wanted", "Conditional Access policies"),
    53003: ("access_denied", "Conditional Access blocks", "Conditional Access policies"),
}


def refused(number: int, error: str) -> tuple[Lab, RemoteFailure]:
    """What an apply makes of a sign-in that is refused with this number."""
    where = lab()
    described = f"AADSTS{number}: words that may change. {WORDS}"
    where.on(TOKEN, *[says(401, {"error": error, "error_description": described, "error_codes": [number]})] * 20)
    ran = applied(where)
    assert isinstance(ran.error, RemoteFailure)
    assert TOOL_SECRET not in ran.words
    return where, ran.error


@pytest.mark.battery(45)
@pytest.mark.parametrize("number", CAUSES)
def test_sign_in_that_fails_is_named_with_cause_and_fix(number: int):
    error, cause, fix = CAUSES[number]
    where, failure = refused(number, error)
    assert cause in failure.message and f"(AADSTS{number})" in failure.message
    assert fix in failure.fix
    assert (where.requests, where.writes, failure.arrived) == ([], [], False)


@pytest.mark.battery(47)
@pytest.mark.parametrize("number", INTERACTION)
def test_sign_in_that_wants_a_person_is_named_so(number: int):
    error, cause, fix = INTERACTION[number]
    where, failure = refused(number, error)
    assert cause in failure.message and f"(AADSTS{number})" in failure.message
    assert fix in failure.fix
    assert where.requests == []


@pytest.mark.battery(47)
def test_number_that_is_in_no_table_is_told_in_entras_own_words():
    where, failure = refused(9999991, "something_new")
    assert "something_new: AADSTS9999991: words that may change" in failure.message
    assert where.requests == []

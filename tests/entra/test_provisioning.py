"""What a tenant does to the product that no case can say: it lags, refuses, loses answers, is changed by others, and talks nonsense."""

from __future__ import annotations

from typing import Any

import pytest
from tests.entra.faults import ADDED, CONSENT, PRINCIPAL, UPSERT, Fault, refuses, says
from tests.entra.lab import Lab, lab
from tests.entra.runs import applied, planned, settled
from tests.entra.states import (
    ALL_PLAN,
    OWNED_BY,
    assert_healed,
    assert_safe,
    each_write,
    existing,
    ours_alive,
    with_write,
)
from tests.laws.worlds.entra import ADOPTED, BY_HAND, FULL_PLAN, STORE, THEIRS
from tests.laws.worlds.keycloak import merged

from oidc_provision.plans.errors import Refused, RemoteFailure
from oidc_provision.provisioners.entra.patience import LONGEST
from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS, GRANTS


@pytest.mark.battery(39)
@pytest.mark.parametrize("lag", [1.0, 30.0, 60.0])
@pytest.mark.parametrize("staleness", [0.0, 30.0, 60.0])
@pytest.mark.parametrize("plan", [{}, FULL_PLAN], ids=["plain", "everything"])
def test_new_application_that_is_not_found_for_a_while_is_waited_for(
    plan: dict[str, Any], lag: float, staleness: float
):
    where = lab(plan, {"switches": {"lag": lag, "staleness": staleness}})
    settled(where)
    assert where.count(ADDED) >= 1 and len(where.texts) == 1
    assert where.vault.kept[STORE] == where.texts[0]


@pytest.mark.battery(39)
@pytest.mark.parametrize("staleness", [5.0, 30.0, 60.0])
def test_stale_reads_after_a_change_are_waited_out(staleness: float):
    where = lab({"client": {"id": ADOPTED["client"]["id"]}}, {"application": THEIRS, "secrets": [BY_HAND]})
    where.switch(staleness=staleness)
    settled(where)
    assert staleness <= where.slept <= 4 * LONGEST


@pytest.mark.battery(39)
def test_tenant_that_lags_past_all_patience_is_given_up_cleanly_and_healed_later():
    where = lab(live={"switches": {"lag": 1e6}})
    ran = applied(where)
    assert isinstance(ran.errors[0], RemoteFailure) and "404" in ran.errors[0].message
    assert (where.count(UPSERT), where.slept <= 3 * LONGEST + 30) == (1, True)
    assert_safe(where, ran.words)
    where.switch(lag=0.0)
    assert_healed(where)


@pytest.mark.battery(39)
def test_tenant_that_stays_stale_past_all_patience_is_said_to_be_unsettled():
    where = existing({"client": {"name": "Coder for engineers"}})
    where.switch(staleness=1e6)
    ran = applied(where)
    assert ([str(change.address) for _, change in ran.report.unsettled], ran.errors) == (["client/coder"], [])
    assert where.slept <= 2 * LONGEST
    where.switch(staleness=0.0)
    where.forget()
    settled(where)
    assert where.writes == []


@pytest.mark.parametrize("audience", ["AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"])
@pytest.mark.parametrize("start", [lab, existing])
def test_audience_with_personal_accounts_is_taken_by_entra(start: Any, audience: str):
    where = start({"client": {"sign_in_audience": audience}})
    settled(where)
    found = where.directory.find(APPLICATIONS, "uniqueName", "coder")
    assert found
    assert (found["signInAudience"], found["api"]["requestedAccessTokenVersion"]) == (audience, 2)


def test_two_plans_of_one_application_are_refused_before_either_takes_the_others_secret():
    where = existing()
    found = where.directory.find(APPLICATIONS, "uniqueName", "coder")
    assert found
    other = merged(where.plan, {"client": {"id": found["appId"], "secret": {"store": "file:another"}}})
    where.forget()
    ran = applied(where, [where.plan, other])
    assert "are one application" in ran.error.message
    assert where.writes == []


@pytest.mark.battery(39)
def test_consent_that_is_there_and_not_shown_yet_is_waited_for_and_widened():
    where = existing(consent="openid")
    where.on("GET /oauth2PermissionGrants$", *[says(200, {"value": []})] * 4)
    settled(where)
    (grant,) = where.directory.all(GRANTS).values()
    assert (where.unused, set(grant["scope"].split())) == ([], {"openid", "profile", "email", "offline_access"})


@each_write
def test_write_that_meets_another_one_is_tried_again(age: str, write: str):
    where = with_write(age)
    where.on(write, *[refuses(409, "Directory_ConcurrencyViolation")] * 3)
    settled(where)
    assert (where.unused, where.count(write)) == ([], 4)
    assert len(ours_alive(where)) == 1


@each_write
def test_write_that_meets_others_all_the_time_ends_in_one_error(age: str, write: str):
    where = with_write(age)
    where.on(write, *[refuses(409, "Directory_ConcurrencyViolation")] * 1000)
    ran = applied(where)
    assert "Directory_ConcurrencyViolation" in ran.error.message
    assert "at the same moment" in ran.error.fix and where.slept <= LONGEST + 20
    where.forget()
    assert_healed(where)


TOO_FAST = refuses(429, "TooManyRequests")
ACCESS = "/identity/conditionalAccess/policies"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_conditional_access_that_turns_us_away_without_saying_for_how_long_is_asked_again(method: str):
    where = lab({"shared": {"sign_in_frequency": "7d"}})
    where.on(f"{method} {ACCESS}$", *[TOO_FAST] * 7)
    settled(where)
    assert where.unused == []
    made = list(where.directory.all("conditionalAccessPolicies").values())
    assert [each["state"] for each in made] == ["enabledForReportingButNotEnforced"]


def test_conditional_access_that_always_turns_us_away_ends_in_one_error():
    where = lab({"shared": {"sign_in_frequency": "7d"}})
    where.on(f"GET {ACCESS}$", *[TOO_FAST] * 1000)
    ran = planned(where)
    assert "429" in ran.error.message and where.slept <= 4 * LONGEST


@pytest.mark.parametrize("write", [UPSERT, ADDED, CONSENT])
def test_wait_that_is_longer_than_the_run_is_not_begun(write: str):
    where = lab(ALL_PLAN)
    where.on(write, *[refuses(429, "TooManyRequests", Retry_After="86400")] * 10)
    ran = applied(where)
    assert ("86400 s" in ran.error.message, where.count(write)) == (True, 1)
    assert where.slept < 60
    assert_healed(where)


EVENT = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/v2.0/authorize", '
    'error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="'
)
OLD_TOKEN = refuses(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
AFTER_EVENT = refuses(401, "InvalidAuthenticationToken", WWW_Authenticate=EVENT)
READ, READS = "GET /applications", "GET /oauth2PermissionGrants$"


def signed_in(where: Lab) -> int:
    return sum(each.url.path.endswith("/token") for each in where.asked)


@pytest.mark.battery(46)
@pytest.mark.parametrize("refusal", [OLD_TOKEN, AFTER_EVENT], ids=["too old", "after an event"])
@pytest.mark.parametrize("request_", [READ, READS, UPSERT, ADDED, CONSENT])
def test_token_that_is_refused_is_renewed_once(request_: str, refusal: Fault):
    where = lab(ALL_PLAN)
    where.on(request_, refusal)
    settled(where)
    assert (where.unused, signed_in(where), len(where.texts)) == ([], 2, 1)
    used = {each.headers["authorization"] for each in where.asked if "authorization" in each.headers}
    assert len(used) == 2


@pytest.mark.battery(46)
def test_token_that_ends_between_look_and_apply_is_renewed():
    where = lab(ALL_PLAN)
    settled(where, between=lambda: where.wait(3400.0))
    assert signed_in(where) == 2


@pytest.mark.parametrize("refusal", [OLD_TOKEN, AFTER_EVENT], ids=["too old", "after an event"])
def test_token_that_is_never_accepted_ends_in_one_error(refusal: Fault):
    where = lab()
    where.always = lambda sending: (refusal if "/graph/" in str(sending.request.url) else arrived)(sending)
    ran = planned(where)
    assert "InvalidAuthenticationToken" in ran.error.message and ran.error.fix
    # the SDK answers an event with a new token by itself, and we answer the second refusal; three reads are under way at once
    assert signed_in(where) <= 6 and len(where.requests) <= 18


async def arrived(sending: Any) -> Any:
    return await sending.arrive()


@pytest.mark.battery(45)
@pytest.mark.parametrize(
    ("more", "right"),
    [
        ({}, OWNED_BY),
        ({"client": {"admin_consent": True}}, "DelegatedPermissionGrant.ReadWrite.All"),
        ({"shared": {"sign_in_frequency": "7d"}}, "Policy.ReadWrite.ConditionalAccess"),
        ({"shared": {"token_lifetime": "1h"}}, "Policy.ReadWrite.ApplicationConfiguration"),
    ],
)
def test_missing_right_is_named_before_anything_is_read(more: dict[str, Any], right: str):
    where = lab({"client": {"admin_consent": False}, **more})
    where.allow(*({OWNED_BY, "User.Read.All"} - {right}))
    ran = applied(where)
    assert isinstance(ran.error, Refused) and right in ran.words
    assert (where.requests, where.writes) == ([], [])
    assert "az ad app permission add" in ran.words


@pytest.mark.battery(45)
def test_application_that_is_not_ours_is_refused_with_what_to_do():
    where = lab({"client": {"id": ADOPTED["client"]["id"], "admin_consent": False}}, {"application": THEIRS})
    where.allow(OWNED_BY)
    where.disown()
    ran = applied(where)
    assert "Authorization_RequestDenied" in ran.error.message
    assert "owner of the application" in ran.error.fix and "Application.ReadWrite.All" in ran.error.fix
    assert where.writes == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "Request_BadRequest"),
        (403, "Authorization_RequestDenied"),
        (403, "Directory_QuotaExceeded"),
        (400, "CredentialTypeNotAllowedAsPerAppPolicy"),
        (400, "CredentialInvalidLifetimeAsPerAppPolicy"),
        (400, "SomethingNew"),
        (500, "InternalServerError"),
    ],
)
@pytest.mark.parametrize("write", [UPSERT, ADDED, PRINCIPAL, CONSENT])
def test_refusal_is_told_with_code_and_request_id(write: str, status: int, code: str):
    where = lab()
    where.on(write, *[refuses(status, code, "somebody's words", "1234-abcd")] * 5)
    ran = applied(where)
    error = ran.error
    assert code in error.message and "somebody's words" in error.message
    assert error.where == "request-id 1234-abcd"
    assert_safe(where, ran.words)


ODD_WORDS = "\x1b]0;pwned\x07 ::error::x\r\n\u202egnp.exe \x00" + "long " * 1000


@pytest.mark.battery(40)
@pytest.mark.parametrize("write", [READ, UPSERT, ADDED])
def test_words_of_a_refusal_are_shown_as_one_short_line(write: str):
    where = lab()
    where.on(write, refuses(400, "Odd\x1b[31mCode", ODD_WORDS, "id\n\x1b[2J"))
    ran = applied(where)
    assert_safe(where, ran.words)
    assert len(ran.error.message) < 800 and "\n" not in ran.error.message + ran.error.where

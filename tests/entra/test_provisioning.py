"""What a tenant does to the product that no case can say: it lags, refuses, loses answers, is changed by others, and talks nonsense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.entra.lab import (
    ADDED,
    CHANGE,
    CONSENT,
    OWNER_LINK,
    PRINCIPAL,
    REMOVED,
    UPSERT,
    WIDER,
    Fault,
    Lab,
    applied,
    done_but,
    lab,
    lost,
    never_arrived,
    planned,
    refuses,
    says,
    settled,
    spoilt,
    timed_out,
    unsent,
)
from tests.laws.worlds.entra import (
    ADOPTED,
    BY_HAND,
    FULL_PLAN,
    LIVE_SECRET,
    ORPHAN,
    OTHER_API,
    OURS,
    OURS_SECRET,
    OWNER,
    STORE,
    THEIRS,
    guid,
)

from oidc_provision.plans.errors import Refused, RemoteFailure
from oidc_provision.provisioners.entra import codes
from oidc_provision.provisioners.entra.patience import LONGEST
from oidc_provision.provisioners.entra.sandbox.building import TOOL_SECRET
from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS, GRANTS, OWNERS, PRINCIPALS

OWNED_BY = "Application.ReadWrite.OwnedBy"
OURS_LIVE = {"application": {}, "secrets": [OURS], "consent": "openid profile email offline_access"}
STORED = {STORE: OURS_SECRET}
DAY = 86400


def existing(plan: dict[str, Any] | None = None, **more: Any) -> Lab:
    """A tenant with our application, its secret in the store."""
    return lab(plan, {**OURS_LIVE, **more}, STORED)


def ours_alive(where: Lab) -> list[str]:
    """The texts of the secrets that we made."""
    named = [each["displayName"].startswith("oidc-provision") for each in where.application["passwordCredentials"]]
    return [text for text, is_ours in zip(where.texts, named, strict=True) if is_ours]


def assert_healed(where: Lab) -> None:
    """What was left undone is done by one more apply: everything is there once, and the store holds the only new secret."""
    where.forget()
    settled(where)
    assert where.vault.kept[STORE] in where.texts
    ours = where.application
    principals = [each for each in where.directory.all(PRINCIPALS).values() if each["appId"] == ours["appId"]]
    grants = [each for each in where.directory.all(GRANTS).values() if each["clientId"] == principals[0]["id"]]
    assert (len(principals), len(grants)) == (1, 1)
    assert len(ours_alive(where)) <= 2


def assert_safe(where: Lab, words: str) -> None:
    """No secret and no token in what is shown."""
    tokens = [each.headers.get("authorization", "").removeprefix("Bearer ") for each in where.asked]
    hidden = {*where.secrets(), TOOL_SECRET, *filter(None, tokens)}
    assert [each for each in hidden if each in words] == []
    assert words.isprintable() or all(each.isprintable() or each == "\n" for each in words), ascii(words)


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


ALL_LIVE = {**OURS_LIVE, "consent": " openid", "secrets": [OURS, ORPHAN]}
ALL_PLAN = {"client": {"name": "Coder for engineers", "owners": [OWNER]}}
OF_NEW = (UPSERT, ADDED, PRINCIPAL, CONSENT, OWNER_LINK)
OF_OLD = (CHANGE, REMOVED, WIDER, OWNER_LINK)
WRITES = [*(("new", each) for each in OF_NEW), *(("old", each) for each in OF_OLD)]
each_write = pytest.mark.parametrize(("age", "write"), WRITES, ids=[f"{age}: {write}" for age, write in WRITES])


def with_write(age: str) -> Lab:
    """A tenant where the plan has each of these writes to do."""
    return lab(ALL_PLAN) if age == "new" else lab(ALL_PLAN, ALL_LIVE, STORED)


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
    made = [each for each in where.directory.all("conditionalAccessPolicies").values()]
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
    # the SDK answers an event with a new token by itself, and we answer the second refusal
    assert signed_in(where) <= 4 and len(where.requests) <= 12


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


LOST = {
    "busy": says(503),
    "busy for a moment": says(503, Retry_After="1"),
    "bad gateway": says(502, "<html>bad gateway</html>"),
    "lost on the way": never_arrived,
    "answer lost": lost,
    "too late": timed_out,
    "done, but busy": done_but(503),
    "done, but broken": done_but(500, "InternalServerError"),
    "done, but too slow for a gateway": done_but(504),
}
each_loss = pytest.mark.parametrize("loss", LOST.values(), ids=LOST)


@pytest.mark.battery(36)
@pytest.mark.parametrize("age", ["new", "old"])
@each_loss
def test_secret_is_asked_for_once_whatever_becomes_of_the_answer(age: str, loss: Fault):
    where = lab() if age == "new" else lab(live=OURS_LIVE)
    where.on(ADDED, *[loss] * 5)
    ran = applied(where)
    assert where.count(ADDED) == 1
    assert_safe(where, ran.words)
    assert ran.error and STORE not in where.vault.kept
    # nobody knows it, so it is taken away again
    assert [each for each in ours_alive(where) if each != OURS_SECRET] == []
    where.forget()
    assert_healed(where)


@pytest.mark.battery(52)
@each_loss
def test_secret_that_nobody_knows_and_cannot_be_removed_is_reported_by_the_next_plan(loss: Fault):
    where = existing()
    where.on(ADDED, loss)
    where.on(REMOVED, *[says(503)] * 100)
    ran = applied(where, rotate=["coder"])
    assert (where.count(ADDED), bool(ran.errors)) == (1, True)
    where.forget()
    left = [each for each in ours_alive(where) if each != OURS_SECRET]
    assert (codes.ORPHAN.code in planned(where).codes) is bool(left)
    assert_healed(where)
    assert where.vault.kept[STORE] == OURS_SECRET and ours_alive(where) == [OURS_SECRET]


@pytest.mark.parametrize("shown", [None, "", 7, ["x"], ...], ids=str)
def test_answer_without_the_secret_makes_no_second_one(shown: object):
    def change(body: dict[str, Any]) -> None:
        body.pop("secretText")
        if shown is not ...:
            body["secretText"] = shown

    where = lab()
    where.on(ADDED, spoilt(change))
    ran = applied(where)
    assert (where.count(ADDED), where.texts, STORE in where.vault.kept) == (1, [], False)
    assert "the answer holds none" in ran.error.message
    assert_healed(where)


def test_secret_that_could_not_be_kept_is_taken_away_by_the_next_apply():
    where = existing()
    where.vault.refuse = True
    ran = applied(where, rotate=["coder"])
    assert "could not be kept" in ran.error.message and len(ours_alive(where)) == 2
    assert_safe(where, ran.words)
    where.vault.refuse = False
    assert codes.ORPHAN.code in planned(where).codes
    assert_healed(where)
    assert ours_alive(where) == [OURS_SECRET]


OTHER_LOSSES = {**LOST, "never sent": unsent, "done, but unclear": done_but(500)}
OTHER_WRITES = [pair for pair in WRITES if pair[1] != ADDED]


@pytest.mark.battery(36)
@pytest.mark.parametrize("loss", OTHER_LOSSES.values(), ids=OTHER_LOSSES)
@pytest.mark.parametrize(("age", "write"), OTHER_WRITES, ids=[f"{age}: {write}" for age, write in OTHER_WRITES])
def test_lost_answer_of_any_other_write_does_nothing_twice(age: str, write: str, loss: Fault):
    where = with_write(age)
    where.on(write, loss)
    ran = applied(where)
    assert_safe(where, ran.words)
    assert where.unused == []
    assert_healed(where)
    assert OWNER in where.owners and where.tool in where.owners
    assert len(where.directory.linked(where.application["id"], OWNERS)) == len(where.owners)


@pytest.mark.parametrize("loss", [lost, timed_out, done_but(503)])
@pytest.mark.parametrize("write", [UPSERT, PRINCIPAL, CHANGE, CONSENT, OWNER_LINK, WIDER, REMOVED])
def test_what_was_done_although_its_answer_was_lost_counts_as_done(write: str, loss: Fault):
    where = with_write("old" if write in OF_OLD else "new")
    where.on(write, loss)
    settled(where)
    assert where.unused == []


def redirect_added(where: Lab) -> None:
    web = where.application["web"]
    where.change_ours(web={**web, "redirectUris": [*web["redirectUris"], "https://new.example.com/cb"]})


def permission_added(where: Lab) -> None:
    where.change_ours(requiredResourceAccess=[OTHER_API, *where.application["requiredResourceAccess"]])


def claim_added(where: Lab) -> None:
    claim = {"name": "auth_time", "source": None, "essential": True, "additionalProperties": []}
    old = where.application["optionalClaims"] or {"idToken": [], "accessToken": [], "saml2Token": []}
    where.change_ours(optionalClaims={**old, "idToken": [*old["idToken"], claim]})


def certificate_added(where: Lab) -> None:
    times = {"startDateTime": "2025-01-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"}
    told = {"keyId": guid(0xE1), "displayName": "by hand", "customKeyIdentifier": "AB" * 20, "key": "QUJD"}
    where.change_ours(keyCredentials=[{**told, **times, "type": "AsymmetricX509Cert", "usage": "Verify"}])


def owner_added(where: Lab) -> None:
    key = str(where.application["id"])
    where.change(lambda found: found.with_links(key, OWNERS, (*found.linked(key, OWNERS), OWNER)))


def secret_added(where: Lab) -> None:
    each, text = BY_HAND
    where.change_ours(passwordCredentials=[*where.application["passwordCredentials"], each])
    where.change(lambda found: found.with_secret(each["keyId"], text))


def notes_added(where: Lab) -> None:
    where.change_ours(notes="somebody's words", tags=["HideApp"], appRoles=[])


BY_OTHERS = (
    redirect_added,
    permission_added,
    claim_added,
    certificate_added,
    owner_added,
    secret_added,
    notes_added,
)


@pytest.mark.battery(50)
@pytest.mark.parametrize("change", BY_OTHERS, ids=[each.__name__ for each in BY_OTHERS])
@pytest.mark.parametrize("start", ["ours", "theirs"])
def test_what_others_change_between_look_and_apply_survives(start: str, change: Callable[[Lab], None]):
    where = lab(FULL_PLAN, {"application": {}}) if start == "ours" else lab(ADOPTED, {"application": THEIRS}, {})
    kept: list[Any] = []

    def meanwhile() -> None:
        change(where)
        kept.append(where.foreign())

    ran = applied(where, between=meanwhile)
    assert ran.errors == [], ran.words
    after = where.foreign()
    assert {name: after[name] for name in kept[0]} == kept[0]
    where.forget()
    settled(where)


@pytest.mark.battery(50)
def test_consent_that_an_administrator_gives_meanwhile_is_widened_and_not_doubled():
    where = existing(consent=None)
    settled(where, between=lambda: consented(where, "User.Read openid"))
    (grant,) = [each for each in where.directory.all(GRANTS).values()]
    assert set(grant["scope"].split()) == {"User.Read", "openid", "profile", "email", "offline_access"}


def consented(where: Lab, scope: str) -> None:
    client = where.directory.principal_of(where.application["appId"])
    graph = where.directory.principal_of("00000003-0000-0000-c000-000000000000")
    assert client and graph
    pair = {"clientId": client["id"], "resourceId": graph["id"], "consentType": "AllPrincipals", "principalId": None}
    where.change(lambda found: found.with_object(GRANTS, {"id": guid(0xE7), **pair, "scope": scope}))


@pytest.mark.battery(50)
def test_application_that_is_deleted_between_look_and_apply_is_not_made_anew():
    where = existing({"client": {"name": "Coder for engineers"}})
    key = str(where.application["id"])
    ran = applied(where, between=lambda: where.change(lambda found: found.binned(APPLICATIONS, key, 0.0)))
    assert "404" in ran.errors[0].message and where.count(UPSERT) == 0
    assert where.ours() is None


@pytest.mark.battery(49)
def test_secret_that_another_run_makes_meanwhile_stops_ours():
    where = lab(live={"application": {}})

    def another_run() -> None:
        where.change_ours(passwordCredentials=[OURS[0]])
        where.change(lambda found: found.with_secret(OURS[0]["keyId"], OURS_SECRET))

    ran = applied(where, between=another_run)
    assert "was made meanwhile" in ran.error.message
    assert (where.count(ADDED), where.texts) == (0, [OURS_SECRET])


def test_owners_are_added_and_the_tool_stays_one():
    where = lab({"client": {"owners": [OWNER], "admin_consent": False}})
    where.allow(OWNED_BY)
    settled(where)
    assert where.owners == {where.tool, OWNER}
    where.plan["client"]["owners"] = []
    where.forget()
    settled(where)
    assert (where.owners, where.writes) == ({where.tool, OWNER}, [])


def test_owned_by_alone_is_enough_for_the_whole_life_of_an_application():
    plan = {"client": {"admin_consent": False, "groups_claim": "groups", "rotate_before": "30d", "owners": [OWNER]}}
    where = lab(plan)
    where.allow(OWNED_BY)
    where.switch(listing_forbidden=True)
    settled(where)
    first = where.vault.kept[STORE]
    where.plan["client"]["name"] = "Coder for engineers"
    settled(where)
    # the secret ends within `rotate_before`, and after the overlap the one before it goes
    where.wait(160 * DAY)
    settled(where)
    second = where.vault.kept[STORE]
    assert second != first and where.texts == [first, second]
    where.wait(8 * DAY)
    settled(where)
    assert (where.texts, where.application["displayName"]) == ([second], "Coder for engineers")
    settled(where, rotate=["coder"])
    assert len(where.texts) == 2 and where.vault.kept[STORE] == where.texts[1]
    assert not [each for each in where.exchanges if each.status_code == 403]


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

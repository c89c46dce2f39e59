"""The emitted settings in a real sign-in: an offline refresh token comes, refreshes, and stands parallel refreshes where it can."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import applied, edit, planned, settles
from .signing_in import claims

pytestmark = pytest.mark.live
PASSWORD = "correct horse 7Q"


@pytest.fixture
def user(realm) -> str:
    return realm.make_user("anna", PASSWORD)


def test_emitted_settings_sign_in_with_an_offline_refresh_token(realm, user, quiet_plan: Path, coder):
    applied()
    tokens = coder().sign_in("anna", PASSWORD)
    assert "refresh_token" in tokens, tokens
    kinds = claims(tokens["refresh_token"])["typ"], claims(tokens["id_token"])["aud"], claims(tokens["id_token"])["iss"]
    assert kinds == ("Offline", "coder", realm.issuer)
    assert claims(tokens["id_token"])["email"] == "anna@example.com"
    assert "offline_access" in tokens["scope"].split()


def test_refresh_token_refreshes_again_and_four_times_at_once(realm, user, quiet_plan: Path, coder):
    edit(quiet_plan, refresh_tokens={"rotation": "reuse"})
    applied()
    app = coder()
    token = app.sign_in("anna", PASSWORD)["refresh_token"]
    answers = [app.refresh(token), *app.refresh_at_once(token, 4), app.refresh(token)]
    assert ["access_token" in answer for answer in answers] == [True] * 6, answers
    assert {claims(answer["refresh_token"])["typ"] for answer in answers} == {"Offline"}


GROUPS = {
    "groups": ("groups", "groups", ["devs"]),
    "groups with parents": ({"name": "teams", "full_path": True}, "teams", ["/devs"]),
    "a URL as the claim": ("https://example.com/groups", "https://example.com/groups", ["devs"]),
    "realm roles": ({"name": "roles", "from": "realm_roles"}, "roles", ["boss"]),
}


@pytest.mark.parametrize("case", GROUPS)
def test_id_token_carries_the_groups_claim(realm, user, quiet_plan: Path, coder, case):
    claim, name, expected = GROUPS[case]
    group = realm.request("POST", f"{realm.admin}/groups", json={"name": "devs"}).headers["Location"].rsplit("/", 1)[-1]
    realm.request("PUT", f"{realm.admin}/users/{user}/groups/{group}")
    realm.request("POST", f"{realm.admin}/roles", json={"name": "boss"})
    role = realm.request("GET", f"{realm.admin}/roles/boss").json()
    realm.request("POST", f"{realm.admin}/users/{user}/role-mappings/realm", json=[role])
    edit(quiet_plan, client__groups_claim=claim)
    settles()
    app = coder()
    found = claims(app.sign_in("anna", PASSWORD)["id_token"])[name]
    assert (set(expected) <= set(found), app.settings["CODER_OIDC_GROUP_FIELD"]) == (True, name)


def test_rotation_is_warned_of_and_a_second_refresh_ends_the_session(realm, user, quiet_plan: Path, coder):
    edit(
        quiet_plan,
        refresh_tokens={"rotation": "rotate"},
        shared={"revoke_refresh_token": True, "refresh_token_max_reuse": 0},
    )
    warned = planned()
    codes = ("rotation-race", "keycloak-rotation-hits-issued")
    assert (warned.code, [code for code in codes if f"[{code}]" in warned.out]) == (2, list(codes)), warned.all
    settles()
    app = coder()
    token = app.sign_in("anna", PASSWORD)["refresh_token"]
    first, second = app.refresh(token), app.refresh(token)
    assert second["error_description"] == "Maximum allowed refresh token reuse exceeded"
    assert app.refresh(first["refresh_token"])["error"] == "invalid_grant"


def test_parallel_refreshes_under_rotation_leave_at_most_one_winner(realm, user, quiet_plan: Path, coder):
    edit(quiet_plan, shared={"revoke_refresh_token": True})
    settles()
    app = coder()
    answers = app.refresh_at_once(app.sign_in("anna", PASSWORD)["refresh_token"], 4)
    refused = [answer for answer in answers if "error" in answer]
    assert len(refused) >= 3, answers


def test_user_without_the_realm_role_gets_what_the_finding_says(realm, user, quiet_plan: Path, coder):
    realm.drop_default_role("offline_access")
    settles()
    assert "[keycloak-offline-role-not-default]" in planned().out
    refusal = coder().sign_in("anna", PASSWORD)
    assert refusal["error_description"] == "Offline tokens not allowed for the user or client"
    edit(quiet_plan, shared={"default_roles": ["offline_access"]})
    settles()
    assert "refresh_token" in coder().sign_in("anna", PASSWORD)


def test_what_apply_repairs_makes_the_sign_in_work_again(realm, user, quiet_plan: Path, coder):
    applied()
    realm.detach("coder", "offline_access")
    app = coder()
    assert app.sign_in("anna", PASSWORD)["error"] == "invalid_scope"
    settles()
    assert claims(app.sign_in("anna", PASSWORD)["refresh_token"])["typ"] == "Offline"


def test_sessions_from_before_are_named_and_hold_no_lasting_token(realm, user, quiet_plan: Path, coder):
    edit(quiet_plan, client__scopes=["openid", "profile", "email"])
    applied()
    realm.change_client("coder", attributes={"use.refresh.tokens": "false"})
    app = coder()
    assert "refresh_token" not in app.sign_in("anna", PASSWORD)
    assert "users of `coder` must sign in again" in settles().err
    app.cookies.clear()
    assert "refresh_token" in app.sign_in("anna", PASSWORD)

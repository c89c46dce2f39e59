"""The two lists of client scopes: kept, filled, moved where the plan fixes the kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import applied, edit, planned, settles, writes
from .signing_in import claims

pytestmark = pytest.mark.live
PASSWORD = "correct horse 7Q"


def lists(client: dict) -> tuple[set[str], set[str]]:
    return set(client["defaultClientScopes"]), set(client["optionalClientScopes"])


def asked(**kinds: str) -> list:
    names = ("openid", "profile", "email", "offline_access", "phone")
    return [{"name": name, "kind": kinds[name]} if name in kinds else name for name in names]


def test_new_client_has_what_the_realm_gives_and_what_was_asked_for_in_one_write(realm, quiet_plan: Path):
    realm.make_client("by-hand")
    written = writes(settles())
    assert written == [f"POST {realm.url}{realm.admin}/clients"]
    assert lists(realm.client("coder")) == lists(realm.client("by-hand"))


def test_new_client_gets_offline_access_in_one_write_where_the_realm_does_not_give_it(realm, quiet_plan: Path):
    for name in ("offline_access", "email"):
        for kind in ("default", "optional"):
            realm.request("DELETE", f"{realm.admin}/default-{kind}-client-scopes/{realm.scope_id(name)}")
    assert len(writes(settles())) == 1
    default, optional = lists(realm.client("coder"))
    assert ({"offline_access", "email"} <= optional, "profile" in default) == (True, True)


@pytest.mark.parametrize("kind", ["default", "optional"])
def test_new_client_has_the_kinds_that_the_plan_fixes(realm, quiet_plan: Path, kind):
    edit(quiet_plan, client__scopes=asked(email=kind, offline_access=kind, phone=kind))
    assert len(writes(settles())) == 1
    default, optional = lists(realm.client("coder"))
    fixed = {"email", "offline_access", "phone"}
    assert (fixed & default, fixed & optional) == ((fixed, set()) if kind == "default" else (set(), fixed))


def test_fixed_kinds_move_both_ways_and_back(realm, quiet_plan: Path):
    settles()
    before = lists(realm.client("coder"))
    edit(quiet_plan, client__scopes=asked(email="optional", offline_access="default", phone="default"))
    seen = planned()
    assert (seen.code, "defaultClientScopes" in seen.out, "optionalClientScopes" in seen.out) == (2, True, True)
    moved = writes(settles())
    assert len(moved) == 6, moved
    default, optional = lists(realm.client("coder"))
    assert ({"offline_access", "phone"} <= default, "email" in optional, "email" in default) == (True, True, False)
    edit(quiet_plan, client__scopes=asked(email="default", offline_access="optional", phone="optional"))
    settles()
    assert lists(realm.client("coder")) == before


def test_moved_offline_access_still_gives_offline_tokens(realm, quiet_plan: Path, coder):
    realm.make_user("anna", PASSWORD)
    settles()
    app = coder()
    before = app.sign_in("anna", PASSWORD)["refresh_token"]
    edit(quiet_plan, client__scopes=asked(offline_access="default"))
    settles()
    assert "access_token" in app.refresh(before)
    assert claims(app.sign_in("anna", PASSWORD)["refresh_token"])["typ"] == "Offline"


def test_kind_that_is_not_fixed_stays_as_it_was_made_by_hand(realm, quiet_plan: Path):
    body = {"defaultClientScopes": ["offline_access", "basic"], "optionalClientScopes": ["profile", "email"]}
    realm.make_client("coder", publicClient=False, **body)
    settles()
    assert lists(realm.client("coder")) == ({"offline_access", "basic"}, {"profile", "email"})


def test_scope_that_is_missing_comes_as_optional(realm, quiet_plan: Path):
    realm.make_client("coder", publicClient=False, defaultClientScopes=["basic"])
    settles()
    assert lists(realm.client("coder")) == ({"basic"}, {"profile", "email", "offline_access"})


def test_scope_that_the_server_adds_by_itself_is_no_difference(realm, quiet_plan: Path):
    edit(quiet_plan, client__service_accounts=True)
    settles()
    assert "service_account" in lists(realm.client("coder"))[0]
    edit(quiet_plan, client__service_accounts=False)
    settles()
    assert "service_account" not in lists(realm.client("coder"))[0]


def test_scope_attached_by_hand_the_other_way_is_moved_back_only_where_fixed(realm, quiet_plan: Path):
    edit(quiet_plan, client__scopes=asked(profile="default"))
    applied()
    for scope in ("profile", "email"):
        realm.detach("coder", scope)
        realm.attach("coder", scope, "optional")
    settles()
    default, optional = lists(realm.client("coder"))
    assert ("profile" in default, "email" in optional) == (True, True)

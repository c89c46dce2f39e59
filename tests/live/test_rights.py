"""Too few rights: every partial set ends with the missing role by name, before any difference is shown, with nothing written."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from .conftest import Realm, write_plan
from .running import applied, edit, emitted, here, refused, writes

pytestmark = pytest.mark.live
SECRET = "a-secret-of-the-robot-7Q"
# roles held -> what is missing for: plan, plan with shared, apply, apply with shared
MISSING = {
    "": ("view-clients", "view-clients view-realm", "manage-clients", "manage-clients manage-realm"),
    "query-clients": ("view-clients", "view-clients view-realm", "manage-clients", "manage-clients manage-realm"),
    "view-clients": ("", "view-realm", "manage-clients", "manage-clients manage-realm"),
    "view-realm": ("view-clients", "view-clients", "manage-clients", "manage-clients manage-realm"),
    "view-clients view-realm": ("", "", "manage-clients", "manage-clients manage-realm"),
    "manage-clients": ("", "view-realm", "", "manage-realm"),
    "manage-clients view-realm": ("", "", "", "manage-realm"),
    "manage-realm": ("view-clients", "view-clients", "manage-clients", "manage-clients"),
    "view-clients manage-realm": ("", "", "manage-clients", "manage-clients"),
    "view-clients view-realm manage-clients": ("", "", "", "manage-realm"),
    "view-clients view-realm manage-clients manage-realm": ("", "", "", ""),
    "manage-clients manage-realm": ("", "", "", ""),
    "realm-admin": ("", "", "", ""),
}
VERBS = (("plan", "-vv"), ("plan", "-vv"), ("apply", "-vv", "--auto-approve"), ("apply", "-vv", "--auto-approve"))
LADDER = ("view-clients", "manage-clients", "view-realm", "manage-realm")
COUNT = itertools.count(1)


@pytest.fixture
def plan(common_realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan for a client of this test's own in the module's realm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADMIN_SECRET", SECRET)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", common_realm.password)
    path = write_plan(tmp_path, common_realm)
    return edit(path, client__id=f"coder-{tmp_path.name}", refresh_tokens=..., client__secret=...)


def robot(realm: Realm, roles: str, **more) -> dict[str, str]:
    name = f"robot-{next(COUNT)}-{len(roles)}"
    realm.service_account(name, SECRET, roles.split(), **more)
    return {"client_id": name, "client_secret": "env:ADMIN_SECRET"}


def person(realm: Realm, roles: str) -> dict[str, str]:
    name = f"person-{next(COUNT)}-{len(roles)}"
    realm.make_user(name, SECRET, roles.split())
    return {"username": name, "password": "env:ADMIN_SECRET"}


def named(words: str) -> set[str]:
    return {role for role in LADDER if re.search(rf"grant role `{role}` of client `realm-management`", words)}


def lifetime() -> str:
    """A value that the realm does not have yet, so that there is something to write."""
    return f"{1500 + next(COUNT)}h"


@pytest.mark.parametrize("column", range(4), ids=["plan", "plan shared", "apply", "apply shared"])
@pytest.mark.parametrize("held", MISSING)
def test_service_account_is_told_exactly_what_it_lacks(common_realm, plan, held, column):
    edit(
        plan,
        identity_provider__admin=robot(common_realm, held),
        shared={"offline_session_max_lifespan": lifetime()} if column % 2 else ...,
    )
    ran = here(*VERBS[column])
    missing = set(MISSING[held][column].split())
    assert named(ran.all) == missing, ran.all
    if missing:
        refused(ran)
        assert "will be" not in ran.out
        assert "service-account-robot-" in ran.all
    assert ran.code == (4 if missing else 0), ran.all


@pytest.mark.parametrize("column", range(4), ids=["plan", "plan shared", "apply", "apply shared"])
@pytest.mark.parametrize("held", MISSING)
def test_person_is_told_what_is_lacking_although_the_token_names_no_roles(common_realm, plan, held, column):
    common_realm.make_client(f"coder-{plan.parent.name}")
    edit(
        plan,
        identity_provider__admin=person(common_realm, held),
        shared={"offline_session_max_lifespan": lifetime()} if column % 2 else ...,
    )
    ran = here(*VERBS[column])
    missing = set(MISSING[held][column].split())
    assert (bool(named(ran.all)), named(ran.all) <= missing) == (bool(missing), True), ran.all
    if missing:
        refused(ran)
    assert ran.code == (4 if missing else 0), ran.all


TOKENS_WITHOUT_ROLES = {
    "lightweight": {"attributes": {"client.use.lightweight.access.token.enabled": "true"}},
    "without the scope roles": {"defaultClientScopes": ["basic"]},
}


@pytest.mark.parametrize("kind", TOKENS_WITHOUT_ROLES)
@pytest.mark.parametrize("held", ["view-clients", "manage-clients", "view-realm", "manage-clients manage-realm"])
def test_token_without_roles_is_probed(common_realm, plan, held, kind):
    edit(plan, identity_provider__admin=robot(common_realm, held, **TOKENS_WITHOUT_ROLES[kind]))
    ran = here(*VERBS[2])
    missing = set(MISSING[held][2].split())
    assert (named(ran.all), ran.code) == (missing, 4 if missing else 0), ran.all
    assert bool(writes(ran)) is not bool(missing)


def test_service_account_cut_by_its_scope_mappings_is_refused(common_realm, plan):
    admin = robot(common_realm, "manage-clients manage-realm", fullScopeAllowed=False)
    edit(plan, identity_provider__admin=admin)
    assert "grant role `manage-clients`" in refused(here(*VERBS[2]))


@pytest.mark.parametrize("roles", ["view-clients", "manage-clients", "manage-clients manage-realm", ""])
def test_sign_in_from_realm_master_names_the_roles_of_its_stand_in(common_realm, plan, roles):
    master = Realm(common_realm.url, "master", common_realm.password, common_realm.http)
    name = f"robot-{plan.parent.name}"
    person_id = master.make_user(name, SECRET, roles.split(), by=f"{common_realm.name}-realm")
    admin = {"realm": "master", "username": name, "password": "env:ADMIN_SECRET"}
    edit(plan, identity_provider__admin=admin, shared={"offline_session_max_lifespan": lifetime()})
    ran = here(*VERBS[3])
    master.request("DELETE", f"/admin/realms/master/users/{person_id}")
    if roles == "manage-clients manage-realm":
        assert (ran.code, len(writes(ran))) == (0, 3), ran.all
    else:
        assert f"of client `{common_realm.name}-realm` to `{name}` in realm `master`" in refused(ran)


@pytest.mark.parametrize("held", ["view-clients", "manage-clients", "manage-clients manage-realm", ""])
def test_service_account_of_realm_master_is_told_exactly_what_it_lacks(common_realm, plan, held):
    master = Realm(common_realm.url, "master", common_realm.password, common_realm.http)
    name, stand_in = f"robot-{plan.parent.name}", f"{common_realm.name}-realm"
    master.service_account(name, SECRET, held.split(), by=stand_in)
    admin = {"realm": "master", "client_id": name, "client_secret": "env:ADMIN_SECRET"}
    edit(plan, identity_provider__admin=admin, shared={"offline_session_max_lifespan": lifetime()})
    ran = here(*VERBS[3])
    master.delete_client(name)
    missing = set(MISSING[held][3].split())
    assert {role for role in LADDER if f"role `{role}` of client `{stand_in}`" in ran.all} == missing, ran.all
    assert (ran.code, bool(writes(ran))) == ((4, False) if missing else (0, True)), ran.all


def test_service_account_of_another_realm_is_refused(make_realm, common_realm, plan):
    other = make_realm()
    edit(plan, identity_provider__admin={**robot(other, "realm-admin"), "realm": other.name})
    refused(here(*VERBS[2]))


SIGN_INS = {
    "wrong secret": ({"client_id": "robot", "client_secret": "env:WRONG"}, "secret is wrong"),
    "unknown client": ({"client_id": "nobody", "client_secret": "env:WRONG"}, "unknown or disabled"),
    "wrong password": ({"username": "person", "password": "env:WRONG"}, "password is wrong"),
    "wrong realm": (
        {"realm": "master", "client_id": "robot", "client_secret": "env:ADMIN_SECRET"},
        "unknown or disabled",
    ),
    "unknown sign-in realm": (
        {"realm": "nowhere", "client_id": "robot", "client_secret": "env:ADMIN_SECRET"},
        "realm `nowhere` does not exist",
    ),
}


@pytest.mark.parametrize("verb", [VERBS[0], VERBS[2]], ids=["plan", "apply"])
@pytest.mark.parametrize("case", SIGN_INS)
def test_sign_in_that_fails_says_why(common_realm, plan, monkeypatch, case, verb):
    if not common_realm.client("robot"):
        common_realm.service_account("robot", SECRET)
        common_realm.make_user("person", SECRET)
    monkeypatch.setenv("WRONG", "another-secret-9K")
    admin, words = SIGN_INS[case]
    edit(plan, identity_provider__admin=admin)
    ran = here(*verb)
    assert (ran.code, words in ran.all, writes(ran)) == (1, True, []), ran.all
    assert not {SECRET, "another-secret-9K"} & set(ran.all.split())


@pytest.mark.parametrize("verb", [VERBS[0], VERBS[2]], ids=["plan", "apply"])
def test_managed_realm_that_does_not_exist_is_an_error_and_not_an_empty_one(common_realm, plan, monkeypatch, verb):
    monkeypatch.setenv("ADMIN_PASSWORD", common_realm.password)
    admin = {"realm": "master", "username": "admin", "password": "env:ADMIN_PASSWORD"}
    edit(plan, identity_provider__admin=admin, identity_provider__realm="nowhere")
    words = refused(here(*verb))
    assert ("realm `nowhere` does not exist" in words, "will be created" in words) == (True, False), words


def test_unknown_realm_that_is_signed_in_to_is_refused_as_well(common_realm, plan):
    admin = {"client_id": "robot", "client_secret": "env:ADMIN_SECRET"}
    edit(plan, identity_provider__admin=admin, identity_provider__realm="nowhere")
    assert "realm `nowhere` does not exist" in refused(here(*VERBS[0]))


def test_settings_are_emitted_with_the_right_to_view_clients_alone(common_realm, plan):
    applied()
    edit(plan, identity_provider__admin=robot(common_realm, "view-clients"))
    assert emitted()["CODER_OIDC_ISSUER_URL"] == common_realm.issuer
    assert "[keycloak-realm-hidden]" in here("plan").out

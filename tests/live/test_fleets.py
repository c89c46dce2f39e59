"""Several plans at once: one look a realm, one failure that keeps no other from being done, names as they are."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from .conftest import write_plan
from .running import applied, edit, emitted, here, planned, settles, writes

pytestmark = pytest.mark.live
TOKEN = "POST /realms/{realm}/protocol/openid-connect/token"


def counted(ran) -> Counter:
    return Counter({shape: int(count) for count, shape in re.findall(r"^ *(\d+) ([A-Z]+ /.*)$", ran.err, re.MULTILINE)})


@pytest.fixture
def fleet(realm, quiet_plan: Path) -> Path:
    """Two plans for two clients of the realm, in one folder."""
    for name in ("a", "b"):
        edit(
            quiet_plan,
            to=Path(f"fleet/{name}.yaml"),
            client__id=f"coder-{name}",
            client__secret={"store": f"file:{name}.env#S"},
        )
    return Path("fleet")


def test_two_clients_of_one_realm_cost_one_look(realm, fleet: Path):
    settles(fleet)
    counts = counted(here("plan", "-v", fleet))
    assert (counts[TOKEN], counts["GET /admin/realms/{realm}"], counts["GET /admin/realms/{realm}/client-scopes"]) == (
        1,
        1,
        1,
    )
    assert sum(counts.values()) <= 1 + 8, counts


def test_two_clients_are_made_with_one_write_each(realm, fleet: Path):
    assert sorted(writes(settles(fleet))) == [f"POST {realm.url}{realm.admin}/clients"] * 2
    assert Path("fleet/a.env").read_text() != Path("fleet/b.env").read_text()


@pytest.mark.parametrize("exists", [False, True], ids=["created", "changed"])
def test_refused_client_leaves_the_other_done(realm, fleet: Path, exists):
    if exists:
        settles(fleet)
    # a fragment is what the server refuses, in words of its own
    edit(fleet / "a.yaml", client__redirect_uris=["https://coder.example.com/#x"], client__name="A")
    edit(fleet / "b.yaml", client__name="B")
    ran = here("apply", "--auto-approve", fleet)
    assert (ran.code, "client/coder-a" in ran.err) == (3, True), ran.all
    assert (realm.client("coder-a").get("name"), realm.client("coder-b")["name"]) == (None, "B")
    assert "fragment" in ran.err


def test_refused_client_alone_is_a_failure(realm, quiet_plan: Path):
    applied()
    edit(quiet_plan, client__redirect_uris=["https://coder.example.com/#x"])
    ran = here("apply", "--auto-approve", "-vv")
    assert (ran.code, writes(ran)) == (1, []), ran.all


def test_conflicting_shared_settings_are_an_error_at_both_places(realm, fleet: Path):
    edit(fleet / "a.yaml", shared={"revoke_refresh_token": False})
    edit(fleet / "b.yaml", shared={"revoke_refresh_token": True})
    ran = here("plan", "-vv", fleet)
    assert (ran.code, "trace:" in ran.err) == (64, False), ran.all
    assert ("fleet/a.yaml:" in ran.err, "fleet/b.yaml:" in ran.err) == (True, True), ran.all


def test_same_client_twice_is_an_error_at_both_places(realm, fleet: Path):
    edit(fleet / "b.yaml", client__id="coder-a")
    ran = here("plan", "-vv", fleet)
    assert (ran.code, "fleet/a.yaml:" in ran.err, "fleet/b.yaml:" in ran.err) == (64, True, True), ran.all


def test_only_the_named_address_is_applied(realm, fleet: Path):
    ran = applied(fleet, "--target", "client/coder-b", "--target", "store/coder-b")
    assert ("Restricted by --target" in ran.out, realm.client("coder-a"), realm.client("coder-b")["enabled"]) == (
        True,
        {},
        True,
    )


def test_target_that_is_down_does_not_hide_the_other(realm, fleet: Path):
    edit(fleet / "a.yaml", identity_provider__url="http://127.0.0.1:9")
    seen = here("plan", fleet)
    assert (seen.code, "`client/coder-b` will be created" in seen.out, "127.0.0.1:9" in seen.all) == (1, True, True), (
        seen.all
    )
    ran = here("apply", "--auto-approve", fleet)
    assert (ran.code, realm.client("coder-b")["enabled"]) == (3, True), ran.all


def test_two_realms_are_both_done(make_realm, fleet: Path):
    other = make_realm()
    edit(fleet / "a.yaml", identity_provider__realm=other.name)
    settles(fleet)
    assert other.client("coder-a")["enabled"]


NAMES = [" two words", "%2eb", "%2Fb", "..%2f..", " rocket 🚀", " straße", "it's", " ends."]


@pytest.mark.parametrize("name", NAMES)
def test_realm_is_managed_under_exactly_its_name(make_realm, keycloak_url, admin_password, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", admin_password)
    realm = make_realm(uuid.uuid4().hex[:8] + name)
    plan = write_plan(tmp_path, realm)
    edit(plan, client__groups_claim="groups", refresh_tokens=..., shared={"revoke_refresh_token": True})
    settles()
    assert (realm.client("coder")["enabled"], realm.read()["revokeRefreshToken"]) == (True, True)
    assert unquote(emitted()["CODER_OIDC_ISSUER_URL"]) == f"{realm.url}/realms/{realm.name}"
    assert "[issuer-mismatch]" not in planned().out
    realm.detach("coder", "offline_access")
    assert planned().code == 2
    settles()


# Keycloak makes no realm of such a name; a plan may still say it
@pytest.mark.parametrize("name", ["a#b", "a;b", "a+b", "..", "a/b"])
def test_realm_that_cannot_be_is_refused_and_reaches_no_other(realm, plan_file: Path, name):
    edit(plan_file, identity_provider__realm=name)
    ran = here("apply", "--auto-approve", "-vv")
    assert (ran.code in (4, 64), writes(ran), "should not have happened" in ran.all) == (True, [], False), ran.all


IDS = ["two words", "https://coder.example.com/oidc", "ü%2f/../#?&=+;", "rocket 🚀", "Coder", "a,b", "a'b\"c"]


@pytest.mark.parametrize("client_id", IDS)
def test_client_is_managed_under_exactly_its_id(common_realm, tmp_path, monkeypatch, client_id):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", common_realm.password)
    edit(write_plan(tmp_path, common_realm), client__id=client_id, client__groups_claim="groups", client__secret=...)
    assert len(writes(settles())) == 1
    common_realm.change_client(client_id, standardFlowEnabled=False)
    common_realm.detach(client_id, "offline_access")
    settles()
    assert emitted()["CODER_OIDC_CLIENT_ID"] == client_id


def test_in_a_crowded_fleet_one_document_tells_all_issuers_but_those_of_realms_with_a_front_end(
    make_realm, fleet: Path, quiet_plan: Path
):
    names = [f"a realm {uuid.uuid4().hex[:6]}", f"test-{uuid.uuid4().hex[:8]}", f"test-{uuid.uuid4().hex[:8]}"]
    for number, name in enumerate(names):
        elsewhere = {"attributes": {"frontendUrl": "https://sso.example.com"}} if number == 2 else {}
        make_realm(name, **elsewhere)
        plan = {"identity_provider__realm": name, "client__secret": {"store": f"file:{number}.env#S"}}
        edit(quiet_plan, to=Path(f"crowd/{number}.yaml"), **plan)
    ran = here("plan", "-v", "--format", "json", "--parallelism", "1", "crowd")
    counts = counted(ran)
    assert ran.code == 0 and counts["GET /realms/{realm}/.well-known/openid-configuration"] == 2, ran.all
    # found at the one realm that has a name of its own, and at no other: theirs are to the letter what the plan suggests
    assert ran.out.count("issuer-mismatch") == 1 and f"https://sso.example.com/realms/{names[2]}" in ran.out

"""What somebody changes by hand: ours is seen and repaired, theirs is kept, also by a later change of something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import applied, edit, planned, settles, writes

pytestmark = pytest.mark.live
SHARED = {"offline_session_idle_timeout": "30d", "revoke_refresh_token": False, "default_roles": ["offline_access"]}
IDLE = "client.offline.session.idle.timeout"
GROUPS = "oidc-group-membership-mapper"
REALM_ROLES = "oidc-usermodel-realm-role-mapper"


@pytest.fixture
def plan(plan_file: Path) -> Path:
    """Everything that can drift, applied."""
    edit(plan_file, client__groups_claim="groups", shared=SHARED)
    applied()
    return plan_file


OURS = {
    "attribute changed": (lambda r: r.change_client("coder", attributes={IDLE: "60"}), IDLE),
    "attribute removed": (lambda r: r.change_client("coder", attributes={IDLE: ""}), IDLE),
    "attribute nonsense": (
        lambda r: r.change_client("coder", attributes={"access.token.lifespan": "abc"}),
        "access.token.lifespan",
    ),
    "refresh tokens off": (
        lambda r: r.change_client("coder", attributes={"use.refresh.tokens": "false"}),
        "use.refresh.tokens",
    ),
    "PKCE off": (
        lambda r: r.change_client("coder", attributes={"pkce.code.challenge.method": ""}),
        "pkce.code.challenge.method",
    ),
    "standard flow off": (lambda r: r.change_client("coder", standardFlowEnabled=False), "standardFlowEnabled"),
    "bearer only": (lambda r: r.change_client("coder", bearerOnly=True), "bearerOnly"),
    "offline_access detached": (lambda r: r.detach("coder", "offline_access"), "optionalClientScopes"),
    "profile detached": (lambda r: r.detach("coder", "profile"), "optionalClientScopes"),
    "redirect URI removed": (
        lambda r: r.change_client("coder", redirectUris=["https://other.example.com/cb"]),
        "redirectUris",
    ),
    "web origin removed": (lambda r: r.change_client("coder", webOrigins=[]), "webOrigins"),
    "mapper deleted": (lambda r: r.delete_mapper("coder", "groups"), "mapper[groups].name"),
    "mapper switched off": (
        lambda r: r.change_mapper("coder", "groups", {"id.token.claim": "false"}),
        "mapper[groups].id.token.claim",
    ),
    "mapper with parents": (
        lambda r: r.change_mapper("coder", "groups", {"full.path": "true"}),
        "mapper[groups].full.path",
    ),
    "mapper of another type": (
        lambda r: r.change_mapper("coder", "groups", {}, protocolMapper=REALM_ROLES),
        "mapper[groups].type",
    ),
    "mapper for another claim": (
        lambda r: r.change_mapper("coder", "groups", {"claim.name": "teams"}),
        "mapper[groups].claim.name",
    ),
    "realm idle timeout": (lambda r: r.change(offlineSessionIdleTimeout=60), "offlineSessionIdleTimeout"),
    "realm rotation": (lambda r: r.change(revokeRefreshToken=True), "revokeRefreshToken"),
    "default role": (lambda r: r.drop_default_role("offline_access"), "defaultRoles"),
}


@pytest.mark.parametrize("drift", OURS)
def test_drift_is_named_and_repaired_in_place(realm, plan: Path, drift):
    uuid, secret = realm.client("coder")["id"], realm.client("coder")["secret"]
    by_hand, field = OURS[drift]
    by_hand(realm)
    seen = planned()
    assert (seen.code, field in seen.out) == (2, True), seen.all
    settles()
    assert (realm.client("coder")["id"], realm.client("coder")["secret"]) == (uuid, secret)


def test_client_made_public_gets_its_stored_secret_back(realm, plan: Path):
    before = realm.client("coder")
    realm.change_client("coder", publicClient=True)
    assert "secret" not in realm.client("coder")
    seen = planned()
    assert (seen.code, "publicClient" in seen.out) == (2, True), seen.all
    settles()
    after = realm.client("coder")
    assert (after["id"], after["secret"]) == (before["id"], before["secret"])
    assert before["secret"] in Path("secrets/coder.env").read_text(encoding="utf-8")


def test_deleted_client_is_made_again_with_its_stored_secret(realm, plan: Path):
    secret = realm.client("coder")["secret"]
    realm.delete_client("coder")
    seen = planned()
    assert (seen.code, "`client/coder` will be created" in seen.out) == (2, True), seen.all
    settles()
    assert realm.client("coder")["secret"] == secret
    assert realm.mapper("coder", "groups")["protocolMapper"] == GROUPS


def _foreign_client(realm):
    realm.make_client("other", attributes={"use.refresh.tokens": "false"})
    return lambda: realm.client("other")


def _foreign_scope(realm):
    realm.make_scope("theirs")
    realm.attach("coder", "theirs", "default")
    return lambda: "theirs" in realm.client("coder")["defaultClientScopes"]


def _foreign_mapper(realm):
    config = {"claim.name": "shoe_size", "claim.value": "43", "id.token.claim": "true", "jsonType.label": "String"}
    mapper = {
        "name": "shoes",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-hardcoded-claim-mapper",
        "config": config,
    }
    realm.make_mapper("coder", mapper)
    return lambda: realm.mapper("coder", "shoes")


def _changed(**changes):
    def change(realm):
        realm.change_client("coder", **changes)
        return lambda: (
            {name: _sorted(realm.client("coder")[name]) for name in changes if name != "attributes"}
            | {name: realm.client("coder")["attributes"].get(name) for name in changes.get("attributes", ())}
        )

    return change


def _sorted(value):
    return sorted(value) if isinstance(value, list) else value


def _realm_setting(realm):
    realm.change(accessTokenLifespan=777, ssoSessionIdleTimeout=2222)
    return lambda: (realm.read()["accessTokenLifespan"], realm.read()["ssoSessionIdleTimeout"])


CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
THEIRS = {
    "unmanaged attribute": _changed(attributes={"login_theme": "keycloak", "x-team": "blue"}),
    "description": _changed(description="by hand"),
    "direct access grants": _changed(directAccessGrantsEnabled=True),
    "service account": _changed(serviceAccountsEnabled=True),
    "foreign redirect URI": _changed(redirectUris=[CALLBACK, "https://other.example.com/cb"]),
    "foreign web origin": _changed(webOrigins=["https://coder.example.com", "https://other.example.com"]),
    "foreign mapper": _foreign_mapper,
    "foreign scope": _foreign_scope,
    "foreign client": _foreign_client,
    "realm setting that is not stated": _realm_setting,
}


@pytest.mark.parametrize("theirs", THEIRS)
def test_what_is_not_ours_is_kept_also_by_a_later_change(realm, plan: Path, theirs):
    look = THEIRS[theirs](realm)
    before = look()
    assert planned().code == 0
    edit(
        plan,
        client__name="Renamed",
        client__groups_claim={"name": "groups", "full_path": True},
        refresh_tokens__idle_timeout="7d",
    )
    edit(plan, client__scopes=["openid", "profile", "email", "phone", {"name": "address", "kind": "default"}])
    settles()
    assert look() == before
    assert realm.client("coder")["name"] == "Renamed"


def test_secret_rotated_by_hand_moves_the_store_and_not_the_client(realm, plan: Path):
    realm.request("POST", f"{realm.client_path('coder')}/client-secret")
    secret = realm.client("coder")["secret"]
    seen = planned()
    assert (seen.code, "store/coder" in seen.out, "client/coder" in seen.out.split("\n\n")[-2]) == (2, True, False), (
        seen.all
    )
    ran = settles()
    assert writes(ran) == []
    assert realm.client("coder")["secret"] == secret
    assert secret in Path("secrets/coder.env").read_text(encoding="utf-8")


def test_one_change_among_many_clients_writes_that_one(realm, plan: Path):
    for number in range(5):
        edit(plan, to=plan.parent / f"fleet/{number}.yaml", client__id=f"coder-{number}", client__secret=...)
    settles("fleet")
    realm.change_client("coder-3", attributes={IDLE: "60"})
    uuid = realm.client("coder-3")["id"]
    assert writes(settles("fleet")) == [f"PUT {realm.url}{realm.admin}/clients/{uuid}"]


@pytest.mark.parametrize("nothing", [None, ""], ids=["null", "empty"])
def test_name_is_taken_away_where_the_plan_says_so(realm, plan: Path, nothing):
    realm.change_client("coder", name="by hand")
    edit(plan, client__name=nothing)
    settles()
    assert not realm.client("coder").get("name")

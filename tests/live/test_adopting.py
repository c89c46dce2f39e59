"""`import`: the plan of a client that was made by hand, for which `plan` finds nothing; and mappers that were there before."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from .running import applied, edit, here, planned, settles, writes

pytestmark = pytest.mark.live
CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
GROUPS, ROLES = "oidc-group-membership-mapper", "oidc-usermodel-realm-role-mapper"


def mapper(name: str, claim: str = "groups", kind: str = GROUPS, **config: str) -> dict:
    whole = {"claim.name": claim, "id.token.claim": "true", "full.path": "true", **config}
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": whole}


def import_coder(realm, *more: str):
    where = {"url": realm.url, "realm": realm.name, "admin.realm": "master", "admin.username": "admin"}
    where["admin.password"] = "env:KEYCLOAK_ADMIN_PASSWORD"
    settings = [f"--set={key}={value}" for key, value in where.items()]
    return here("import", "coder", "--type", "keycloak", *settings, "--access-url", "https://coder.example.com", *more)


BASE = {"redirectUris": [CALLBACK], "publicClient": False, "standardFlowEnabled": True}
MADE = {
    "bare": {},
    "quoted name": {"name": 'It\'s "SSO" $HOME %n #1: {x} \\x é'},
    "name like a number": {"name": "0123"},
    "name like a date": {"name": "2024-01-01"},
    "foreign URIs": {"redirectUris": [CALLBACK, "https://other.example.com/cb"], "webOrigins": ["+"]},
    "Coder's origin": {"webOrigins": ["https://coder.example.com"]},
    "kinds swapped": {"defaultClientScopes": ["offline_access", "basic"], "optionalClientScopes": ["email", "profile"]},
    "few scopes": {"defaultClientScopes": ["email"], "optionalClientScopes": ["offline_access"]},
    "own lifetimes": {
        "attributes": {
            "client.offline.session.idle.timeout": "123457",
            "client.offline.session.max.lifespan": "7776000",
            "access.token.lifespan": "1801",
            "client.session.idle.timeout": "1799",
            "client.session.max.lifespan": "3600",
        }
    },
    "zero lifetimes": {"attributes": {"client.offline.session.idle.timeout": "0", "access.token.lifespan": ""}},
    "flows and service account": {
        "directAccessGrantsEnabled": True,
        "implicitFlowEnabled": True,
        "serviceAccountsEnabled": True,
    },
    "mapper of another name": {"protocolMappers": [mapper("my own groups")]},
    "mapper for roles": {
        "protocolMappers": [mapper("r", kind=ROLES, multivalued="true", **{"jsonType.label": "String"})]
    },
    "mapper for roles, single": {"protocolMappers": [mapper("r", kind=ROLES)]},
    "two mappers": {"protocolMappers": [mapper("a"), mapper("b", **{"full.path": "false"})]},
    "mapper into the access token alone": {"protocolMappers": [mapper("a", **{"id.token.claim": "false"})]},
}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("version", [(), ("--coder-version", "2.34")], ids=["", "2.34"])
def test_imported_plan_finds_nothing_to_change(common_realm, tmp_path, monkeypatch, made, version):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", common_realm.password)
    if common_realm.client("coder"):
        common_realm.delete_client("coder")
    common_realm.make_client("coder", **{**BASE, **MADE[made]})
    ran = import_coder(common_realm, "--output", "imported.yaml", *version)
    assert (ran.code, "would still change" in ran.err) == (0, False), ran.all
    after = planned("imported.yaml")
    assert after.code == 0, Path("imported.yaml").read_text("utf-8") + after.all


@pytest.mark.parametrize(("version", "left"), [("2.34", False), ("2.29", True)])
def test_imported_pkce_is_left_to_be_changed_only_where_coder_cannot_do_it(realm, quiet_plan, version, left):
    realm.make_client("coder", **BASE, attributes={"pkce.code.challenge.method": "S256"})
    ran = import_coder(realm, "--output", "imported.yaml", "--coder-version", version)
    assert (ran.code, "pkce.code.challenge.method" in ran.err) == (0, left), ran.all
    assert planned("imported.yaml").code == (2 if left else 0)


def test_import_keeps_to_what_the_client_has(realm, quiet_plan):
    realm.make_client("coder", **BASE, name="Ours", protocolMappers=[mapper("odd name")])
    data = yaml.safe_load(import_coder(realm).out)
    assert data["client"]["name"] == "Ours"
    assert data["client"]["groups_claim"] == {"name": "groups", "from": "groups", "full_path": True}
    assert {"refresh_tokens", "access_tokens", "shared", "env"} & set(data) == set()


def test_import_says_what_apply_would_still_change(realm, quiet_plan):
    realm.make_client("coder", publicClient=True, standardFlowEnabled=False)
    ran = import_coder(realm)
    assert (
        ran.code,
        [word for word in ("publicClient", "standardFlowEnabled", "redirectUris") if word not in ran.err],
    ) == (0, []), ran.all
    assert writes(ran) == []


def test_import_of_an_unknown_client_fails_and_writes_no_file(realm, quiet_plan):
    ran = import_coder(realm, "--output", "imported.yaml")
    assert (ran.code, "client `coder` does not exist" in ran.err, Path("imported.yaml").exists()) == (1, True, False), (
        ran.all
    )


def test_groups_mapper_is_adopted_whatever_its_name_and_changed_where_wanted(realm, quiet_plan):
    realm.make_client(
        "coder", **BASE, protocolMappers=[mapper("odd name", **{"userinfo.token.claim": "false", "x": "y"})]
    )
    edit(quiet_plan, client__groups_claim={"name": "groups", "from": "realm_roles"})
    before = realm.mapper("coder", "odd name")
    settles()
    after = realm.mapper("coder", "odd name")
    assert (after["id"], after["protocolMapper"]) == (before["id"], ROLES)
    assert (after["config"]["multivalued"], after["config"]["userinfo.token.claim"], after["config"]["x"]) == (
        "true",
        "false",
        "y",
    )
    assert len(realm.client("coder")["protocolMappers"]) == 1


def test_second_mapper_for_the_claim_is_a_finding_and_stays(realm, quiet_plan):
    realm.make_client("coder", **BASE, protocolMappers=[mapper("a"), mapper("b")])
    edit(quiet_plan, client__groups_claim="groups")
    seen = planned()
    assert ("[keycloak-second-mapper]" in seen.out, "`b`" in seen.out) == (True, True), seen.all
    settles()
    assert {each["name"] for each in realm.client("coder")["protocolMappers"]} == {"a", "b"}


@pytest.mark.parametrize("exists", [True, False])
def test_claim_of_an_attached_scope_needs_no_mapper_of_the_clients_own(realm, quiet_plan, exists):
    realm.make_scope("teams", protocolMappers=[mapper("groups")])
    if exists:
        applied()
        realm.attach("coder", "teams", "default")
    edit(quiet_plan, client__scopes=["openid", "profile", "email", "teams"], client__groups_claim="groups")
    assert "[keycloak-claim-by-scope]" in planned().out
    settles()
    assert realm.client("coder").get("protocolMappers", []) == []

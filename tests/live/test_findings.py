"""What is wrong or risky at a real realm and is not ours to change: said, and left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import applied, edit, emitted, here, planned, settles, writes

pytestmark = pytest.mark.live
CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"


def client(**changes):
    return lambda realm: realm.change_client("coder", **changes)


FOUND = {
    "keycloak-client-disabled": client(enabled=False),
    "keycloak-realm-disabled": lambda realm: realm.change(enabled=False),
    "keycloak-not-by-secret": client(clientAuthenticatorType="client-jwt"),
    "keycloak-broken-lifespan": client(attributes={"client.session.max.lifespan": "abc"}),
    "keycloak-offline-role-not-default": lambda realm: realm.drop_default_role("offline_access"),
    "redirect-wildcard": client(redirectUris=[CALLBACK, "https://coder.example.com/*"]),
    "redirect-plain-http": client(redirectUris=[CALLBACK, "http://coder.example.com/cb"]),
    "rotation-race": lambda realm: realm.change(revokeRefreshToken=True),
    "idle-not-above-access": lambda realm: realm.change(offlineSessionIdleTimeout=300),
    "access-token-short": lambda realm: realm.change(accessTokenLifespan=600),
    "issuer-mismatch": lambda realm: realm.change(attributes={"frontendUrl": "https://sso.example.com"}),
}


@pytest.mark.parametrize("code", FOUND)
def test_finding_is_shown_and_nothing_is_written_for_it(realm, quiet_plan: Path, code):
    edit(quiet_plan, coder__session_duration="30d")
    applied()
    realm.change(accessTokenLifespan=1800)
    assert f"[{code}]" not in planned().out
    FOUND[code](realm)
    before = realm.client("coder")
    seen = planned()
    assert (seen.code, f"[{code}]" in seen.out, "fix:" in seen.out) == (0, True, True), seen.all
    assert (writes(settles()), realm.client("coder")) == ([], before)


def test_emitted_issuer_is_what_the_server_states(realm, quiet_plan: Path):
    applied()
    realm.change(attributes={"frontendUrl": "https://sso.example.com/auth"})
    assert emitted()["CODER_OIDC_ISSUER_URL"] == f"https://sso.example.com/auth/realms/{realm.name}"


def test_admin_api_on_another_host_keeps_the_public_issuer(realm, quiet_plan: Path):
    public = realm.url.replace("127.0.0.1", "localhost")
    edit(quiet_plan, identity_provider__url=public, identity_provider__admin__url=realm.url)
    assert all(path.startswith(f"POST {realm.url}/admin/") for path in writes(settles()))
    assert emitted()["CODER_OIDC_ISSUER_URL"] == f"{public}/realms/{realm.name}"
    assert "[issuer-mismatch]" not in planned().out


def test_broken_lifetime_of_ours_is_repaired_and_no_finding_is_left(realm, plan_file: Path):
    applied()
    realm.change_client("coder", attributes={"access.token.lifespan": "abc"})
    assert "[keycloak-broken-lifespan]" in planned().out
    settles()
    assert "[keycloak-broken-lifespan]" not in planned().out


def test_server_that_is_not_keycloak_is_a_clean_failure(realm, quiet_plan: Path):
    edit(quiet_plan, identity_provider__url=f"{realm.url}/auth")
    ran = here("plan", "-vv")
    assert (ran.code, "/auth" in ran.all, "should not have happened" in ran.all) == (1, True, False), ran.all


def test_public_address_that_cannot_be_reached_is_a_warning_and_keeps_env_alone_from_working(realm, quiet_plan: Path):
    edit(quiet_plan, identity_provider__url="http://127.0.0.1:9", identity_provider__admin__url=realm.url)
    assert "[issuer-unknown]" in settles().all
    refused = here("env")
    assert (refused.code, "refused the connection" in refused.err, refused.out) == (1, True, "")

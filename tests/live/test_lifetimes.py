"""Lifetimes: what is written, in which order, what is warned of, and what the server then really does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from .running import applied, edit, here, planned, refused, settles, writes

pytestmark = pytest.mark.live
PASSWORD = "correct horse 7Q"
DAY, HOUR = 86400, 3600
ATTRIBUTES = {
    "client.offline.session.idle.timeout": ("refresh_tokens__idle_timeout", "8d", 8 * DAY),
    "client.offline.session.max.lifespan": ("refresh_tokens__max_lifetime", "61d", 61 * DAY),
    "access.token.lifespan": ("access_tokens__lifetime", "31m", 31 * 60),
    "client.session.idle.timeout": ("client__session_idle_timeout", "20m", 1200),
    "client.session.max.lifespan": ("client__session_max_lifespan", "5h", 5 * HOUR),
}
SHARED = {
    "offlineSessionMaxLifespanEnabled": ("offline_session_max_lifespan_enabled", True, True),
    "offlineSessionMaxLifespan": ("offline_session_max_lifespan", "90d", 90 * DAY),
    "offlineSessionIdleTimeout": ("offline_session_idle_timeout", "31d", 31 * DAY),
    "ssoSessionIdleTimeout": ("sso_session_idle_timeout", "40m", 2400),
    "ssoSessionMaxLifespan": ("sso_session_max_lifespan", "11h", 11 * HOUR),
    "revokeRefreshToken": ("revoke_refresh_token", True, True),
    "refreshTokenMaxReuse": ("refresh_token_max_reuse", 2, 2),
}


def test_every_client_lifetime_is_written_and_taken_away_by_null(realm, plan_file: Path):
    edit(plan_file, **{key: value for key, value, _ in ATTRIBUTES.values()})
    settles()
    stored = realm.client("coder")["attributes"]
    assert {name: stored.get(name) for name in ATTRIBUTES} == {
        name: str(seconds) for name, (_, _, seconds) in ATTRIBUTES.items()
    }
    edit(plan_file, **{key: None for key, _, _ in ATTRIBUTES.values()})
    settles()
    assert not set(ATTRIBUTES) & set(realm.client("coder")["attributes"])


def test_unlimited_takes_the_clients_maximum_away(realm, plan_file: Path):
    settles()
    edit(plan_file, refresh_tokens__max_lifetime="unlimited")
    settles()
    assert "client.offline.session.max.lifespan" not in realm.client("coder")["attributes"]


@pytest.mark.parametrize("setting", SHARED)
def test_shared_setting_is_written_alone(realm, quiet_plan: Path, setting):
    key, value, expected = SHARED[setting]
    edit(quiet_plan, shared={key: value})
    before = realm.read()
    settles()
    after = realm.read()
    assert {name for name in before if before[name] != after[name]} - {"attributes"} == {setting}
    assert after[setting] == expected


WARNED = {
    "idle above the realm's": (
        {"refresh_tokens": {"idle_timeout": "60d"}},
        ("keycloak-offline-idle-capped", "offline idle timeout is 60d", "effective is 30d"),
    ),
    "maximum above the realm's": (
        {"refresh_tokens": {"max_lifetime": "90d"}, "shared": {"offline_session_max_lifespan_enabled": True}},
        ("keycloak-offline-max-capped", "effective is 60d", "keycloak-maximum-caps-all", "capped at 60d"),
    ),
    "unlimited under a realm's maximum": (
        {"refresh_tokens": {"max_lifetime": "unlimited"}, "shared": {"offline_session_max_lifespan_enabled": True}},
        ("keycloak-offline-max-capped", "is unlimited but", "effective is 60d"),
    ),
    "realm's own idle lowered under the client's": (
        {"refresh_tokens": {"idle_timeout": "14d"}, "shared": {"offline_session_idle_timeout": "7d"}},
        ("keycloak-offline-idle-capped", "effective is 7d", "keycloak-lifetime-shortened"),
    ),
    "rotation that only the realm has": (
        {"refresh_tokens": {"rotation": "rotate"}},
        ("keycloak-shared-needed", "revoke_refresh_token: true"),
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_cap_of_the_realm_is_a_warning_with_the_effective_value(realm, quiet_plan: Path, case):
    changes, words = WARNED[case]
    edit(quiet_plan, **changes)
    seen = planned()
    assert (seen.code, [word for word in words if word not in seen.out]) == (2, []), seen.all
    settles()


SECONDS = 5
ENDS = {
    "client's idle timeout": {"refresh_tokens": {"idle_timeout": f"{SECONDS}s"}},
    "realm's idle timeout below the client's": {
        "refresh_tokens": {"idle_timeout": "1000s"},
        "shared": {"offline_session_idle_timeout": f"{SECONDS}s"},
    },
    "client's maximum, the realm's switch off": {"refresh_tokens": {"max_lifetime": f"{SECONDS}s"}},
    "realm's maximum below the client's": {
        "refresh_tokens": {"max_lifetime": "90d"},
        "shared": {"offline_session_max_lifespan_enabled": True, "offline_session_max_lifespan": f"{SECONDS}s"},
    },
}


@pytest.mark.parametrize("case", ENDS)
def test_server_ends_the_session_at_the_effective_value(realm, quiet_plan: Path, coder, case):
    realm.make_user("anna", PASSWORD)
    edit(quiet_plan, **ENDS[case])
    ran = settles()
    assert ("capped" in ran.out) == ("below" in case), ran.out
    app = coder()
    token = app.sign_in("anna", PASSWORD)["refresh_token"]
    time.sleep(SECONDS * 0.4)
    again = app.refresh(token)
    assert "refresh_token" in again, again
    time.sleep(SECONDS + 2)
    assert app.refresh(again["refresh_token"])["error"] == "invalid_grant"


def sso(idle: str, longest: str) -> dict[str, str]:
    return {"sso_session_idle_timeout": idle, "sso_session_max_lifespan": longest}


ORDERS = {
    "both raised": ("2h", "20h", ["realm", "client"]),
    "both lowered": ("10m", "2h", ["client", "realm"]),
    "one raised, one lowered": ("2h", "2h", ["realm", "client", "realm"]),
}


@pytest.mark.parametrize("case", ORDERS)
def test_realm_and_client_move_together_in_the_order_that_keycloak_takes(realm, quiet_plan: Path, case):
    edit(quiet_plan, client__session_idle_timeout="20m", client__session_max_lifespan="5h", shared=sso("30m", "10h"))
    settles()
    idle, longest, order = ORDERS[case]
    edit(quiet_plan, client__session_idle_timeout=idle, client__session_max_lifespan=longest, shared=sso(idle, longest))
    first, *written = ("client" if "/clients/" in path else "realm" for path in writes(settles()))
    # the first is empty: it shows whether this sign-in, whose token names no roles, may change the realm at all
    assert (first, written) == ("realm", order)


@pytest.mark.parametrize("verb", [("plan",), ("apply", "--auto-approve")], ids=["plan", "apply"])
@pytest.mark.parametrize("key", ["session_idle_timeout", "session_max_lifespan"])
def test_plain_session_above_the_realms_is_refused(realm, quiet_plan: Path, key, verb):
    edit(quiet_plan, **{f"client__{key}": "11h"})
    words = refused(here(*verb, "-vv"))
    assert ("keycloak-session-above-realm" in words, "11h" in words) == (True, True)
    assert realm.client("coder") == {}


def test_stored_value_above_a_lowered_realm_is_refused_before_the_400(realm, quiet_plan: Path):
    edit(quiet_plan, client__session_idle_timeout="20m")
    settles()
    realm.change(ssoSessionIdleTimeout=600)
    edit(quiet_plan, client__session_idle_timeout=..., access_tokens={"lifetime": "45m"})
    assert "state `client: {session_idle_timeout: 10m}`" in refused(here("apply", "--auto-approve", "-vv"))
    edit(quiet_plan, client__session_idle_timeout="10m")
    settles()


@pytest.mark.parametrize("whose", ["coder", "other"])
def test_lowering_the_realm_below_a_stored_value_is_warned_of(realm, quiet_plan: Path, whose):
    applied()
    if whose == "other":
        realm.make_client("other")
    realm.change_client(whose, attributes={"client.session.idle.timeout": "1200"})
    edit(quiet_plan, shared={"sso_session_idle_timeout": "10m"})
    seen = planned()
    assert "keycloak-lowered-below-clients" in seen.out, seen.all
    assert f"`{whose}`" in seen.out


def test_shortened_lifetimes_say_who_is_signed_out(realm, plan_file: Path):
    applied()
    edit(plan_file, refresh_tokens__idle_timeout="7d", refresh_tokens__max_lifetime="30d")
    seen = planned()
    assert seen.out.count("[keycloak-lifetime-shortened]") == 2, seen.all

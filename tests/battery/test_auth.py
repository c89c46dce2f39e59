"""Signing in that fails, rights that are missing, clocks that differ, tokens that end too early: the whole command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.battery.clean import ADMIN, CANARY, assert_failed
from tests.faults import asking
from tests.faults.proxy import Exchange, Proxy, answers, passed
from tests.live import running
from tests.live.conftest import Realm, realms
from tests.live.running import edit

from oidc_provision.provisioners.clock import SystemClock
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.serving import Sandbox

APPLY = ("apply", "--auto-approve")
WRONG = "another-secret-of-somebody-9K"
SIGN_IN = "POST /protocol/openid-connect/token$"
BY_SECRET = {"client_id": "robot", "client_secret": "env:KEYCLOAK_ADMIN_SECRET"}
BY_PASSWORD = {"username": "person", "password": "env:KEYCLOAK_ADMIN_SECRET"}

SIGN_INS: dict[str, tuple[dict[str, str], int, str, str]] = {
    "wrong secret": (
        BY_SECRET | {"client_secret": "env:WRONG"},
        1,
        "the client secret is wrong",
        "check `admin.client_secret`",
    ),
    "unknown client": (
        BY_SECRET | {"client_id": "nobody"},
        1,
        "the client is unknown or disabled",
        "check `admin.client_id`",
    ),
    "disabled client": (
        BY_SECRET | {"client_id": "disabled"},
        1,
        "the client is unknown or disabled",
        "check `admin.client_id`",
    ),
    "no service account": (
        BY_SECRET | {"client_id": "plain"},
        1,
        "the client may not sign in this way",
        "service account",
    ),
    "wrong password": (
        BY_PASSWORD | {"password": "env:WRONG"},
        1,
        "the user name or password is wrong",
        "check `admin.username`",
    ),
    "unknown user": (
        BY_PASSWORD | {"username": "nobody"},
        1,
        "the user name or password is wrong",
        "check `admin.username`",
    ),
    "disabled user": (
        BY_PASSWORD | {"username": "gone"},
        1,
        "the user may not sign in: Account disabled",
        "enable the account",
    ),
    "realm of nobody": (BY_SECRET | {"realm": "nowhere"}, 1, "realm `nowhere` does not exist", "check `admin.realm`"),
}


def people(realm: Realm) -> None:
    realm.make_client("disabled", secret=CANARY, serviceAccountsEnabled=True, enabled=False)
    realm.make_client("plain", secret=CANARY)
    realm.make_user("person", CANARY, ["manage-clients", "manage-realm"])
    gone = realm.make_user("gone", CANARY)
    realm.request("PUT", f"{realm.admin}/users/{gone}", json={"enabled": False})


@pytest.mark.battery(45)
@pytest.mark.parametrize("verb", [("plan",), APPLY], ids=["plan", "apply"])
@pytest.mark.parametrize("case", SIGN_INS)
def test_sign_in_that_fails_is_named_with_its_cause(
    plan: Path, emulated: Realm, monkeypatch: pytest.MonkeyPatch, case: str, verb: tuple[str, ...]
):
    people(emulated)
    monkeypatch.setenv("WRONG", WRONG)
    admin, code, words, fix = SIGN_INS[case]
    edit(plan, identity_provider__admin=admin)
    ran = running.here(*verb)
    assert_failed(ran, code, words, "fix: ", fix)
    assert WRONG not in ran.all


LACKING = {"": "manage-clients", "view-clients": "manage-clients", "manage-clients": "manage-realm"}


@pytest.mark.battery(45)
@pytest.mark.parametrize("held", LACKING)
@pytest.mark.parametrize("kind", ["robot", "person"])
def test_missing_role_is_named_with_the_command_that_grants_it(plan: Path, emulated: Realm, held: str, kind: str):
    roles = held.split()
    emulated.service_account("poor-robot", CANARY, roles)
    emulated.make_user("poor-person", CANARY, roles)
    admin = BY_SECRET | {"client_id": "poor-robot"} if kind == "robot" else BY_PASSWORD | {"username": "poor-person"}
    edit(plan, identity_provider__admin=admin, shared={"revoke_refresh_token": True})
    ran = running.here(*APPLY)
    user = "service-account-poor-robot" if kind == "robot" else "poor-person"
    grant = f"kcadm.sh add-roles -r {emulated.name} --uusername {user} --cclientid realm-management --rolename "
    assert_failed(ran, 4, "[keycloak-missing-role]", f"{grant}{LACKING[held]}")
    assert (emulated.client("coder"), Path("secrets").exists()) == ({}, False)


class Shifted(SystemClock):
    """A clock that goes so many seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self._ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self._ahead


@contextmanager
def server_of_another_time(plan: Path, seconds: float) -> Iterator[Realm]:
    clock = MovableClock(Shifted(seconds))
    with Sandbox(["keycloak"], clock=clock) as sandbox, realms(sandbox.at("keycloak"), "admin") as make:
        realm = make()
        realm.service_account("robot", CANARY, ["manage-clients", "manage-realm"])
        edit(plan, identity_provider__url=realm.url, identity_provider__realm=realm.name)
        yield realm


@pytest.mark.battery(45)
@pytest.mark.parametrize("minutes", [-10, 10, -(40 * 365 * 24 * 60)], ids=["behind", "ahead", "decades behind"])
def test_clock_of_the_server_may_differ_from_ours(plan: Path, minutes: int):
    with server_of_another_time(plan, minutes * 60) as realm:
        running.settles()
        assert realm.client("coder")["standardFlowEnabled"] is True


@pytest.mark.battery(46)
@pytest.mark.parametrize("kind", [asking.LIST, asking.REALM, asking.CREATE])
def test_token_that_ends_too_early_is_renewed_once_and_nothing_is_lost(proxy: Proxy, emulated: Realm, kind: str):
    proxy.on(kind, answers(401))
    running.settles()
    asked = asking.kinds(proxy)
    # one of apply, one more for the 401; the plan after it signs in for itself
    assert (proxy.unused, len([each for each in proxy.asked if each.endswith("/token")])) == ([], 3)
    assert asked[asking.CREATE] == (2 if kind == asking.CREATE else 1)
    assert emulated.client("coder")["standardFlowEnabled"] is True


@pytest.mark.battery(46)
def test_account_that_is_taken_away_amid_a_run_ends_it_cleanly(proxy: Proxy, emulated: Realm):
    def taken_away(exchange: Exchange) -> None:
        emulated.change_client("robot", secret=WRONG)
        exchange.answer(401)

    proxy.on(asking.CREATE, taken_away)
    ran = running.here(*APPLY)
    assert (ran.code, "the client secret is wrong" in ran.err, WRONG in ran.all) == (3, True, False), ran.all
    assert emulated.client("coder") == {}
    emulated.change_client("robot", secret=CANARY)
    running.settles()


@pytest.mark.battery(46)
def test_sign_in_that_is_refused_for_a_while_is_tried_again(proxy: Proxy):
    proxy.on(SIGN_IN, answers(503), answers(429), passed)
    running.settles()
    assert (proxy.unused, ADMIN["KEYCLOAK_ADMIN_SECRET"]) == ([], CANARY)

"""Tokens that expire in the middle of a run, and servers that are too slow for it."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.asking import CHANGE, CREATE, LIST, TOKEN, kinds
from tests.faults.conftest import ON_EMULATION
from tests.faults.proxy import Fault, Proxy, all_at_once, answers, done_but_late, dripping, late, silent
from tests.live.conftest import Realm
from tests.live.running import applied, edit, here, planned

MANY = 30
SECRET = "secret of the robot 4711"


def many_plans(plan: Path, **more: object) -> Path:
    for number in range(MANY):
        store = {"store": f"file:../secrets/many.env#SECRET_{number}"}
        to = Path("many") / f"{number:02}.yaml"
        edit(plan, to=to, client__id=f"many-{number}", client__secret=store, **more)
    return Path("many")


def assert_each_once(realm: Realm) -> None:
    listed = realm.request("GET", f"{realm.admin}/clients").json()
    secrets = {each["clientId"]: each["secret"] for each in listed if each["clientId"].startswith("many-")}
    assert sorted(secrets) == sorted(f"many-{number}" for number in range(MANY))
    stored = Path("secrets/many.env").read_text(encoding="utf-8").splitlines()
    assert Counter(stored) == Counter(f"SECRET_{name.removeprefix('many-')}={secrets[name]}" for name in secrets)


@pytest.mark.battery(46)
def test_token_that_expires_again_and_again_loses_no_write(
    make_realm, proxy: Proxy, proxied_plan: Path, monkeypatch: pytest.MonkeyPatch
):
    realm = make_realm(accessTokenLifespan=3)
    realm.service_account("robot", SECRET, ["manage-clients", "manage-realm"])
    monkeypatch.setenv("ROBOT", SECRET)
    admin = {"client_id": "robot", "client_secret": "env:ROBOT"}
    folder = many_plans(proxied_plan, identity_provider__realm=realm.name, identity_provider__admin=admin)
    proxy.always = late(0.15)
    ran = here("apply", "--auto-approve", "--parallelism", "1", folder)
    assert ran.code == 0, ran.all
    tokens = [number for number, each in enumerate(proxy.asked) if each.endswith("/token")]
    assert kinds(proxy)[CREATE] == MANY
    assert 2 <= len(tokens) < MANY / 3
    assert all(later - earlier > 3 for earlier, later in itertools.pairwise(tokens)), "renewed without need"
    assert_each_once(realm)


@pytest.mark.battery(46)
def test_eight_writes_refused_at_once_cost_one_renewal(common_realm: Realm, proxy: Proxy, proxied_plan: Path):
    folder = many_plans(proxied_plan)
    proxy.on(CREATE, *([all_at_once(8, answers(401))] * 8))
    ran = here("apply", "--auto-approve", "--parallelism", "8", folder)
    assert (ran.code, proxy.unused) == (0, []), ran.all
    asked = kinds(proxy)
    assert (asked[TOKEN], asked[CREATE]) == (2, MANY + 8)
    assert_each_once(common_realm)


SLOW: dict[str, tuple[str, Fault]] = {
    "silent read": (LIST, silent),
    "dripping read": (LIST, dripping(0.5)),
    "silent sign-in": (TOKEN, silent),
    "dripping sign-in": (TOKEN, dripping(0.5)),
    "silent write": (CHANGE, silent),
    "write done in silence": (CHANGE, done_but_late(60)),
}


@pytest.mark.battery(29)
@ON_EMULATION
@pytest.mark.parametrize("case", SLOW)
def test_server_that_is_too_slow_ends_the_run_at_its_deadline(
    common_realm: Realm, proxy: Proxy, proxied_plan: Path, case: str
):
    applied()
    common_realm.change_client("coder", standardFlowEnabled=False)
    request, fault = SLOW[case]
    proxy.on(request, *([fault] * 5))
    ran = here("apply", "--auto-approve", "--deadline", "4")
    said = re.search(r"^error: .* gave no complete answer: the run's deadline of 4 s is over$", ran.err, re.MULTILINE)
    assert (ran.code, said is not None) == (1, True), ran.all
    proxy.forget()
    applied()
    assert (common_realm.client("coder")["standardFlowEnabled"], planned().code) == (True, 0)

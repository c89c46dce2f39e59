"""Row 58: little of everything. A fleet of twenty clients is made and looked at all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.battery.clean import assert_failed, assert_no_accident, shell
from tests.live.conftest import Realm
from tests.live.running import edit

CLIENTS = 20
LITTLE = {
    "open files": "ulimit -n 20; ",
    "addresses": "ulimit -v 262144; ",
    "one CPU": "taskset -c 0 ",
    "processes": "ulimit -u 1; ",
    "stack": "ulimit -s 256; ",
    "core": "ulimit -c 0; ",
    "all of it": "ulimit -n 20 -v 262144; taskset -c 0 ",
}


@pytest.fixture
def fleet(plan: Path) -> Path:
    Path("fleet").mkdir()
    for number in range(CLIENTS):
        store = {"store": f"file:../secrets/{number}.env#CODER_OIDC_CLIENT_SECRET"}
        edit(plan, to=Path(f"fleet/{number}.yaml"), client__id=f"coder-{number}", client__secret=store)
    return Path("fleet")


@pytest.mark.battery(58)
@pytest.mark.parametrize("limit", LITTLE)
def test_a_fleet_is_made_with_little(emulated: Realm, fleet: Path, limit: str):
    made = shell(f"{LITTLE[limit]}$OP apply --auto-approve {fleet}", Path())
    assert_no_accident(made)
    assert made.code == 0, made.all
    named = {each["clientId"] for each in emulated.request("GET", f"{emulated.admin}/clients?max=100").json()}
    assert {f"coder-{number}" for number in range(CLIENTS)} <= named
    again = shell(f"{LITTLE[limit]}$OP plan --detailed-exitcode {fleet}", Path())
    assert again.code == 0, again.all


@pytest.mark.battery(58)
@pytest.mark.parametrize("limit", ["ulimit -n 9; ", "ulimit -n 10; ", "ulimit -n 12; "])
def test_too_few_open_files_are_told_of_and_no_accident(emulated: Realm, fleet: Path, limit: str):
    ran = shell(f"{limit}$OP plan {fleet}", Path())
    assert_no_accident(ran)
    if ran.code:
        assert_failed(ran, 1, "too many open files")

"""Requests against a real realm, counted by the command itself: design 12. Times are the bench's affair."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from tests.bench.fleet import write_plans
from tests.command import Ran, oidc_provision

pytestmark = pytest.mark.live
COUNT = re.compile(r"^ +(\d+) ([A-Z]+) (\S+)$", re.MULTILINE)


def sent(ran: Ran) -> dict[str, int]:
    """Requests by method, from the counts that -v prints; asking for a token is counted apart."""
    found: dict[str, int] = {}
    for count, method, path in COUNT.findall(ran.err):
        name = "token" if path.endswith("/token") else method
        found[name] = found.get(name, 0) + int(count)
    return found


def total(ran: Ran) -> int:
    return int(re.findall(r"(\d+) requests", ran.out)[-1])


def look_budget(count: int, realm_clients: int) -> int:
    return min(count, math.ceil(realm_clients / 50)) + 8


@pytest.mark.parametrize("count", [1, 2, 60])
def test_requests_stay_within_the_budget(realm, tmp_path: Path, monkeypatch, count: int):
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", realm.password)
    write_plans(tmp_path / "plans", realm.url, realm.name, count)
    before, after = look_budget(count, 6), look_budget(count, 6 + count)

    made = oidc_provision("apply", "--auto-approve", tmp_path / "plans")
    assert made.code == 0, made.all
    assert total(made) <= count + before + after

    looked = oidc_provision("plan", "-v", tmp_path / "plans")
    assert total(looked) <= after
    assert set(sent(looked)) == {"GET", "token"}

    write_plans(tmp_path / "plans", realm.url, realm.name, count, idle="15d")
    changed = oidc_provision("apply", "--auto-approve", "--force", "a test", tmp_path / "plans")
    assert changed.code == 0, changed.all
    assert total(changed) <= count + 2 * after


def test_few_clients_in_a_large_realm_are_looked_up_by_name(realm, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", realm.password)
    for number in range(100):
        realm.request("POST", f"{realm.admin}/clients", json={"clientId": f"foreign-{number}"})
    write_plans(tmp_path / "plans", realm.url, realm.name, 2)
    assert total(oidc_provision("plan", tmp_path / "plans")) <= look_budget(2, 106)

"""The figures that the README states, counted against the emulation; the real server is counted in tests/live/test_budgets.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bench.fleet import write_plans
from tests.command import ROOT, oidc_provision
from tests.live.conftest import Realm, realms

from oidc_provision.provisioners.sandbox.serving import Sandbox

MANY = 500


@pytest.fixture
def realm() -> Iterator[Realm]:
    with Sandbox(["keycloak"]) as sandbox, realms(sandbox.at("keycloak"), "admin") as make:
        yield make()


def requests(ran) -> int:
    assert ran.code == 0, ran.all
    return int(re.findall(r"(\d+) requests", ran.out)[-1])


def test_requests_for_five_hundred_clients_are_those_of_the_readme(realm, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", realm.password)
    write_plans(tmp_path / "plans", realm.url, realm.name, MANY)
    made = requests(oidc_provision("apply", "--auto-approve", "--quiet", tmp_path / "plans"))
    looked = requests(oidc_provision("plan", "--quiet", tmp_path / "plans"))
    stated = f"A look at {MANY} clients is {looked} requests; creating {MANY} is {made}."
    assert stated in (ROOT / "README.md").read_text(encoding="utf-8")

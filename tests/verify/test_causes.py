"""What `tests/live/test_verify.py` shows on the real Keycloak, on the emulation: so that a machine without Java proves it too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.live.conftest import Realm, realms, write_plan
from tests.live.running import applied
from tests.live.test_verify import FAULTS, Fault
from tests.verify.verifying import PASSWORD, verified

from oidc_provision.provisioners.sandbox.serving import Sandbox


@pytest.fixture
def realm(standing_sandbox: Sandbox) -> Iterator[Realm]:
    with realms(standing_sandbox.at("keycloak"), "admin") as make:
        yield make()


@pytest.fixture
def proven(realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan that is applied, and somebody who can sign in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", "admin")
    realm.make_user("anna", PASSWORD)
    path = write_plan(tmp_path, realm)
    applied()
    return path


def told(fault: Fault) -> dict[str, str]:
    """What has to come out of a fault, by step."""
    return {fault.cause: "failed", **dict.fromkeys(fault.follows, "follows")}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_one_cause_with_its_fix_and_the_rest_follows(name: str, proven: Path, realm: Realm):
    fault = FAULTS[name]
    fault.make(realm, proven)
    found = verified(*fault.options)
    assert found.code == 1
    seen = {step: found.steps[step]["verdict"] for step in found.named("failed") | found.named("follows")}
    assert seen == told(fault), found.steps
    assert [words for words in fault.words if words not in json.dumps(found.steps[fault.cause])] == []


def test_an_applied_plan_is_verified(proven: Path):
    found = verified("--login", "--username", "anna", "--password", "env:ANNA", "--probe-reuse")
    assert (found.code, found.named("failed") | found.named("follows")) == (0, set()), found.steps

"""What the rows of the battery are run against: a server that only remembers, and the sandbox's Keycloak in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.battery.clean import ADMIN, CANARY, Listener, assert_clean, listening, plan_for
from tests.cli.conftest import command, here
from tests.command import Ran, oidc_provision
from tests.faults.hostile import proxy
from tests.live.conftest import Realm, realms, write_plan
from tests.live.running import edit

from oidc_provision.provisioners.sandbox.serving import Sandbox

__all__ = ["command", "here", "proxy"]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


@pytest.fixture
def refused(tmp_path: Path, listener: Listener) -> Callable[..., Ran]:
    """Plans a good file and a bad one: the bad one must end it, cleanly, before the good one's server is asked."""
    (tmp_path / "good.yaml").write_text(plan_for(listener))

    def tried(content: str | bytes, *words: str) -> Ran:
        bad = tmp_path / "bad.yaml"
        bad.write_bytes(content if isinstance(content, bytes) else content.encode())
        before = sorted(tmp_path.iterdir())
        ran = oidc_provision("plan", "-vv", "good.yaml", "bad.yaml", cwd=tmp_path, env=ADMIN)
        assert_clean(ran, 64, "bad.yaml", *words)
        assert (listener.connections, sorted(tmp_path.iterdir())) == (0, before)
        return ran

    return tried


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(["keycloak"]) as running:
        yield running


@pytest.fixture
def emulated(sandbox: Sandbox) -> Iterator[Realm]:
    """A fresh realm of the sandbox, with an account for the tool whose secret is the canary."""
    sandbox.faults.clear()
    with realms(sandbox.at("keycloak"), "admin") as make:
        realm = make()
        realm.service_account("robot", CANARY, ["manage-clients", "manage-realm"])
        yield realm


@pytest.fixture
def plan(tmp_path: Path, emulated: Realm, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan for that realm, in a folder of its own that is the working folder."""
    monkeypatch.chdir(tmp_path)
    for name, value in ADMIN.items():
        monkeypatch.setenv(name, value)
    admin = {"client_id": "robot", "client_secret": "env:KEYCLOAK_ADMIN_SECRET"}
    return edit(write_plan(tmp_path, emulated), identity_provider__admin=admin, refresh_tokens=..., access_tokens=...)

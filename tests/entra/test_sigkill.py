"""Real processes killed with SIGKILL around the requests and file operations that matter; `test_killed` has the whole matrix."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from tests.command import ROOT
from tests.entra.describing import GRAPH
from tests.entra.faults import ADDED, CONSENT, REMOVED, UPSERT
from tests.entra.javascript.recording import RecordedSandbox
from tests.entra.lab import described
from tests.entra.tenant import fresh
from tests.faults.proxy import Proxy, proxying
from tests.faults.test_killed import Victim
from tests.laws.worlds.entra import ADMIN, PLAN
from tests.live.running import applied, planned

from oidc_provision.provisioners.clock import SystemClock
from oidc_provision.provisioners.entra.sandbox import emulate
from oidc_provision.provisioners.entra.sandbox.building import TOOL_SECRET
from oidc_provision.provisioners.entra.sandbox.emulation import EntraEmulation
from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.serving import random_id

pytestmark = [pytest.mark.battery(52), pytest.mark.timeout(300)]
STORE = Path("secrets/coder.env")
NAME = "CODER_OIDC_CLIENT_SECRET"
READY = """
import sys
sys.path[:0] = sys.argv[1:]
import oidc_provision.cli.commands.apply
import oidc_provision.provisioners.entra.opening, oidc_provision.provisioners.entra.api, oidc_provision.provisioners.entra.ways
from tests.faults import nursery
nursery.main()
"""


@dataclass(frozen=True)
class Stage:
    """A tenant behind a proxy, and a process that forks a command for each order."""

    emulation: EntraEmulation
    proxy: Proxy
    nursery: subprocess.Popen[str]
    folder: Path

    def run(self, *args: str, step: int = 0, victim: Victim | None = None) -> dict[str, Any]:
        """Apply in a process of its own; tell its end and its file operations."""
        assert self.nursery.stdin is not None and self.nursery.stdout is not None
        env = {"TMPDIR": str(self.folder / "tmp"), ADMIN.removeprefix("env:"): TOOL_SECRET}
        order = {"args": ("apply", "--auto-approve", *args), "cwd": str(Path.cwd()), "env": env, "step": step}
        self.nursery.stdin.write(json.dumps({**order, "said": str(self.folder / "said")}) + "\n")
        self.nursery.stdin.flush()
        child = int(self.nursery.stdout.readline())
        if victim is not None:
            victim.child = child
            victim.known.set()
        ended: dict[str, Any] = json.loads(self.nursery.stdout.readline())
        return ended

    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def applications(self) -> list[Any]:
        return [
            each
            for each in self.emulation.box.value.all(APPLICATIONS).values()
            if each["displayName"] != "oidc-provision"
        ]

    def texts(self) -> list[str]:
        """The texts of the only application's secrets."""
        directory = self.emulation.box.value
        (only,) = self.applications()
        return [directory.secrets[each["keyId"]] for each in only["passwordCredentials"]]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    folder, work = tmp_path / "nursery", tmp_path / "work"
    (folder / "tmp").mkdir(parents=True)
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv(ADMIN.removeprefix("env:"), TOOL_SECRET)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))  # the same locks as those of the child
    clock = MovableClock(SystemClock())
    sandbox, emulation = RecordedSandbox(["keycloak"], clock=clock), emulate(clock, random_id)
    emulation.load(fresh())
    sandbox.emulations = {"entra": emulation}
    command = [sys.executable, "-c", READY, str(ROOT / ".src"), str(ROOT)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with sandbox, proxying(sandbox.at("entra")) as proxy, subprocess.Popen(command, text=True, **streams) as nursery:
        yield Stage(emulation, proxy, nursery, folder)
    for exchange in sandbox.exchanges:
        if GRAPH in exchange.request.url.path:
            described(exchange)


def ready(stage: Stage, *, existing: bool, adopted: bool = False) -> None:
    """Write the plan; with `existing` apply it; with `adopted` let it name the application by its appId, and lose the store."""
    provider = {**PLAN["identity_provider"], "authority": stage.proxy.url, "graph": f"{stage.proxy.url}/graph"}
    client = {"id": "coder", "admin_consent": True, "secret": {"store": f"file:{STORE}#{NAME}"}}
    plan = {**PLAN, "identity_provider": provider, "client": client}
    Path("oidc-provision.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    STORE.parent.mkdir(mode=0o700, exist_ok=True)
    if existing:
        applied()
    if adopted:
        (only,) = stage.applications()
        client["id"] = only["appId"]
        only = {**only, "passwordCredentials": [], "isFallbackPublicClient": True}
        stage.emulation.box.put(stage.emulation.box.value.with_object(APPLICATIONS, only))
        STORE.unlink()
        Path("oidc-provision.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")


def stored() -> str:
    return (dotenv_values(STORE).get(NAME) or "") if STORE.exists() else ""


def assert_converges(stage: Stage, known: str = "") -> None:
    """The next plan tells of an orphan where there is one; a plain apply leaves nothing to do."""
    orphans = [text for text in (stage.texts() if stage.applications() else []) if text not in {stored(), known}]
    assert ("secret of ours that nobody knows" in planned().all) is bool(orphans)
    applied()
    assert stored() in stage.texts() and len(stage.texts()) <= 2
    assert planned().code == 0


STARTS = {
    "first apply": {"existing": False},
    "rotation": {"existing": True},
    "adoption": {"existing": True, "adopted": True},
}
POINTS = [("first apply", UPSERT), ("first apply", ADDED), ("first apply", CONSENT), ("rotation", ADDED)]
POINTS += [("adoption", "PATCH /applications/"), ("adoption", ADDED)]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("name", "write"), POINTS, ids=[f"{name}: {write}" for name, write in POINTS])
def test_process_killed_around_a_write_is_healed(stage: Stage, name: str, write: str, after: bool):
    ready(stage, **STARTS[name])
    before, victim = stored(), Victim(1, after)
    stage.proxy.on(write, victim.meet)
    ended = stage.run(*(("--rotate-secret", "coder") if name == "rotation" else ()), victim=victim)
    assert (ended["status"], stage.proxy.unused) == (-signal.SIGKILL, []), stage.said()
    stage.proxy.forget()
    assert_converges(stage, before)


@pytest.mark.parametrize("name", ["first apply", "rotation"])
def test_process_killed_at_every_file_operation_of_the_store_is_healed(stage: Stage, name: str):
    ready(stage, **STARTS[name])
    start, flags = stage.emulation.dump(), ("--rotate-secret", "coder") if name == "rotation" else ()
    kept = STORE.read_bytes() if STORE.exists() else None
    steps = stage.run(*flags)["steps"]
    # from the new file beside the store to the store itself; what is before is the lock, and reads
    first = steps.index("os.chmod")
    for number in range(first, len(steps) + 1):
        stage.emulation.load(start)
        STORE.unlink(missing_ok=True) if kept is None else STORE.write_bytes(kept)
        before = stored()
        assert stage.run(*flags, step=number)["status"] == -signal.SIGKILL, stage.said()
        assert_converges(stage, before)


def test_removal_that_was_killed_is_done_by_the_next_apply(stage: Stage):
    ready(stage, existing=True)
    stage.run("--rotate-secret", "coder", victim=None)
    victim, kept = Victim(1, after=False), stored()
    stage.proxy.on(REMOVED, victim.meet)
    assert stage.run("--rotate-secret", "coder", victim=victim)["status"] == -signal.SIGKILL, stage.said()
    stage.proxy.forget()
    assert_converges(stage, stage.texts()[0])
    assert stored() == kept

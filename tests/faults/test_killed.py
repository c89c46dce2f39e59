"""Killed before and after every request and before every file operation: the next run converges, nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.command import ROOT
from tests.faults.conftest import ON_EMULATION
from tests.faults.proxy import Exchange, Proxy
from tests.faults.works import CREATE, CREATE_FOLDER, MOVE, MUCH, ROTATION, STORE, Work, no_client
from tests.live.conftest import Realm
from tests.live.running import applied, edit, planned

pytestmark = pytest.mark.timeout(300)
WORKS = {"create": CREATE, "update": MUCH, "scope moved": MOVE, "secret replaced": ROTATION}
ALL = {**WORKS, "create in a new folder": CREATE_FOLDER}
NOTHING_LEFT = re.compile("No changes|a new look finds nothing left to change")
FEWEST = 10
"""Any of these applies sends more requests, and touches files more often, than that."""


@dataclass
class Victim:
    """Who is killed, at which request, on which side of it."""

    last: int
    after: bool
    count: int = 0
    child: int = 0
    known: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def meet(self, exchange: Exchange) -> None:
        with self.lock:
            self.count += 1
            is_last = self.count == self.last
        answer = exchange.forward() if self.after or not is_last else (0, [], b"")
        if is_last:
            self.known.wait(10)
            os.kill(self.child, signal.SIGKILL)
            exchange.cut()
        else:
            exchange.answer(*answer)


@dataclass
class Nursery:
    """Commands in processes of their own, without half a second for each start."""

    process: subprocess.Popen[str]
    folder: Path

    def run(self, *args: str, step: int = 0, victim: Victim | None = None) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        env = {"TMPDIR": str(self.folder / "tmp"), "KEYCLOAK_ADMIN_PASSWORD": os.environ["KEYCLOAK_ADMIN_PASSWORD"]}
        order = {"args": args, "cwd": str(Path.cwd()), "env": env, "step": step, "said": str(self.folder / "said")}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        if victim is not None:
            victim.child = child
            victim.known.set()
        ended: dict[str, Any] = json.loads(self.process.stdout.readline())
        return ended

    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")


@pytest.fixture
def nursery(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    folder = tmp_path_factory.mktemp("nursery")
    (folder / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))  # the same locks as those of the child
    command = [sys.executable, str(ROOT / "tests/faults/nursery.py"), str(ROOT / ".src")]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **streams) as process:
        yield Nursery(process, folder)


def secret_in_store(foreign: str) -> str | None:
    text = STORE.read_text(encoding="utf-8") if STORE.exists() else ""
    assert text.startswith(foreign)
    return text.removeprefix(foreign).strip().removeprefix("CODER_OIDC_CLIENT_SECRET=") or None


def leftovers() -> list[Path]:
    return list(Path().rglob(".oidc-provision-*"))


def assert_converges(realm: Realm, work: Work, where: str) -> None:
    """A plain apply ends well and leaves nothing to do; what had a secret by then keeps it."""
    left, stored = realm.client("coder").get("secret"), secret_in_store(work.foreign)
    said = applied().out
    assert NOTHING_LEFT.search(said), f"{where}: {said}"
    live = realm.client("coder")["secret"]
    assert live == (left or stored or live), f"{where}: another secret was made"
    assert STORE.read_text(encoding="utf-8") == f"{work.foreign}CODER_OIDC_CLIENT_SECRET={live}\n", where
    named = realm.request("GET", f"{realm.admin}/clients?clientId=coder&search=true").json()
    assert (len(named), len(leftovers()) <= 1) == (1, True), where


def ready(realm: Realm, plan: Path, work: Work) -> None:
    edit(plan, **work.wish)
    no_client(realm)
    applied()


@pytest.mark.battery(52)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", WORKS)
def test_killed_at_every_request_the_next_run_converges(
    common_realm: Realm, proxy: Proxy, proxied_plan: Path, nursery: Nursery, name: str, after: bool
):
    work = WORKS[name]
    ready(common_realm, proxied_plan, work)
    for number in count(1):
        work.drift(common_realm)
        victim = Victim(number, after)
        proxy.always = victim.meet
        ended = nursery.run("apply", "--auto-approve", *work.flags, victim=victim)
        proxy.forget()
        assert_converges(common_realm, work, f"{name}, request {number}")
        if ended["status"] != -signal.SIGKILL:
            break
    assert (ended["status"], number > FEWEST, planned().code) == (0, True, 0), nursery.said()


@pytest.mark.battery(52)
@ON_EMULATION
@pytest.mark.parametrize("name", ALL)
def test_killed_at_every_file_operation_the_next_run_converges(
    common_realm: Realm, proxied_plan: Path, nursery: Nursery, name: str
):
    work = ALL[name]
    ready(common_realm, proxied_plan, work)
    for number in count(1):
        work.drift(common_realm)
        ended = nursery.run("apply", "--auto-approve", *work.flags, step=number)
        assert_converges(common_realm, work, f"{name}, before {number} after {ended['steps'][-1:]}")
        if ended["status"] != -signal.SIGKILL:
            break
    assert (ended["status"], leftovers(), planned().code) == (0, [], 0), nursery.said()


@pytest.mark.battery(53)
@ON_EMULATION
def test_new_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(
    common_realm: Realm, proxied_plan: Path, nursery: Nursery
):
    ready(common_realm, proxied_plan, ROTATION)
    steps = nursery.run("apply", "--auto-approve", *ROTATION.flags)["steps"]
    at = steps.index("os.fsync")
    assert steps[at - 2 : at + 3] == ["os.chmod", "os.write", "os.fsync", "os.rename", "os.fsync"], steps

"""Signals, a reader that leaves, a client among many that fails: processes of the real command, and how the next run goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.battery.clean import assert_no_accident
from tests.cli.children import started
from tests.command import Ran
from tests.faults import asking
from tests.faults.proxy import Exchange, Fault, Proxy, passed
from tests.live import running
from tests.live.conftest import Realm
from tests.live.running import edit
from tests.servers import free_port

APPLY = ("apply", "--auto-approve")
ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: -signal.SIGHUP}
NAMES = tuple(f"coder-{number:02}" for number in range(20))


@pytest.fixture
def fleet(plan: Path) -> Path:
    """Plans of twenty clients."""
    for name in NAMES:
        store = {"store": f"file:../secrets/{name}.env#CODER_OIDC_CLIENT_SECRET"}
        edit(plan, to=Path("plans") / f"{name}.yaml", client__id=name, client__secret=store)
    return Path("plans")


def made(realm: Realm) -> list[str]:
    listed = realm.request("GET", f"{realm.admin}/clients").json()
    return sorted(client["clientId"] for client in listed if client["clientId"].startswith("coder"))


class Signalled:
    """A fault that signals whoever is asking, so many times, while the request is under way."""

    def __init__(self, *numbers: signal.Signals, then: Fault = passed) -> None:
        self.child: subprocess.Popen[str] | None = None
        self._numbers, self._then = numbers, then

    def __call__(self, exchange: Exchange) -> None:
        for number in self._numbers:
            assert self.child is not None
            self.child.send_signal(number)
        self._then(exchange)


def signalled(fault: Signalled, *args: str | Path, cwd: Path) -> Ran:
    with started(*args, cwd=cwd) as child:
        fault.child = child
        out, err = child.communicate(timeout=60)
    return Ran(child.returncode, out, err)


def settles_with_all(realm: Realm, fleet: Path) -> None:
    """The next run does what is left, and nobody is there twice or without the secret that was kept for it."""
    running.settles(fleet)
    assert made(realm) == list(NAMES)
    for name in NAMES:
        stored = Path(f"secrets/{name}.env").read_text(encoding="utf-8")
        assert stored == f"CODER_OIDC_CLIENT_SECRET={realm.client(name)['secret']}\n"


@pytest.mark.battery(53)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signal_finishes_what_is_under_way_and_the_next_run_does_the_rest(
    proxy: Proxy, emulated: Realm, fleet: Path, number: signal.Signals
):
    fault = Signalled(number)
    proxy.on(asking.CREATE, fault)
    ran = signalled(fault, *APPLY, "--parallelism", "2", fleet, cwd=fleet.parent.absolute())
    assert_no_accident(ran)
    assert (ran.code, 1 <= len(made(emulated)) < len(NAMES)) == (ENDS[number], True), ran.all
    assert "stopping: what is under way is finished first" in ran.err
    # what was sent has been answered: each that the server made is told
    assert sorted(made(emulated)) == sorted(name for name in NAMES if f"done: `client/{name}`" in ran.err)
    settles_with_all(emulated, fleet)


@pytest.mark.battery(53)
@pytest.mark.parametrize(
    "numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT), (signal.SIGHUP,)], ids=str
)
def test_second_signal_and_a_terminal_that_closes_end_it_at_once(
    proxy: Proxy, emulated: Realm, fleet: Path, numbers: tuple[signal.Signals, ...]
):
    # the first is heard before the second is sent: two of a kind at once are one to the kernel
    first, second = Signalled(*numbers[:1], then=_late), Signalled(*numbers[1:], then=_late)
    proxy.on(asking.CREATE, first, second)
    with started(*APPLY, "--parallelism", "2", fleet, cwd=fleet.parent.absolute()) as child:
        first.child = second.child = child
        out, err = child.communicate(timeout=60)
    ran = Ran(child.returncode, out, err)
    assert ("Traceback" in ran.all, ran.code) == (False, ENDS[numbers[-1]]), ran.all
    proxy.forget()
    settles_with_all(emulated, fleet)


def _late(exchange: Exchange) -> None:
    """Answer when nobody waits any more."""
    answer = exchange.forward()
    exchange.rfile.read(1)
    exchange.answer(*answer)


@pytest.mark.battery(53)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("kind", ["POST /protocol/openid-connect/token$", asking.LIST])
def test_signal_during_the_look_ends_it_at_once_and_nothing_is_written(
    proxy: Proxy, emulated: Realm, plan: Path, kind: str, number: signal.Signals
):
    fault = Signalled(number, then=_late)
    proxy.on(kind, fault)
    ran = signalled(fault, *APPLY, cwd=plan.parent)
    assert (ran.code, ran.err) == (ENDS[number], "interrupted\n")
    assert (made(emulated), Path("secrets").exists()) == ([], False)


BUFFERING: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "unbuffered": lambda env: {**env, "PYTHONUNBUFFERED": "1"},
    "buffered": lambda env: {name: value for name, value in env.items() if name != "PYTHONUNBUFFERED"},
}


@pytest.mark.battery(53)
@pytest.mark.parametrize("how", BUFFERING)
def test_reader_that_leaves_stops_no_write(
    proxy: Proxy, emulated: Realm, fleet: Path, monkeypatch: pytest.MonkeyPatch, how: str
):
    environment = BUFFERING[how](dict(os.environ))
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    left: list[subprocess.Popen[str]] = []

    def leave(exchange: Exchange) -> None:
        for stream in (left[0].stdout, left[0].stderr):
            assert stream is not None
            stream.close()
        passed(exchange)

    proxy.on(asking.CREATE, leave)
    child = started(*APPLY, fleet, cwd=fleet.parent.absolute(), env=environment)
    left.append(child)
    code = child.wait(timeout=60)
    # SIGPIPE would be a negative one; that nobody reads is told by 1 at most, as documented for a result that is lost
    assert (code in (0, 1), made(emulated)) == (True, list(NAMES))
    settles_with_all(emulated, fleet)


def refusing(name: str) -> Fault:
    """Refuse to create this client, and no other."""

    def fault(exchange: Exchange) -> None:
        is_create = exchange.command == "POST" and exchange.path.endswith("/clients")
        if is_create and json.loads(exchange.body)["clientId"] == name:
            exchange.answer(400, [("Content-Type", "application/json")], b'{"errorMessage": "not this one"}')
        else:
            passed(exchange)

    return fault


@pytest.mark.battery(54)
@pytest.mark.parametrize("parallelism", ["1", "8"])
def test_one_of_twenty_that_fails_is_reported_and_keeps_no_other_back(
    proxy: Proxy, emulated: Realm, fleet: Path, parallelism: str
):
    proxy.always = refusing(NAMES[6])
    ran = running.here(*APPLY, "--parallelism", parallelism, fleet)
    assert_no_accident(ran)
    assert (ran.code, made(emulated)) == (3, [name for name in NAMES if name != NAMES[6]]), ran.all
    assert "39 changes were made, 1 were not" in ran.err
    assert [line for line in ran.err.splitlines() if "not done: " in line] == [
        f"  note: not done: `client/{NAMES[6]}` at realm {emulated_issuer(proxy, emulated)}"
    ]
    assert "was answered 400, not this one" in ran.err
    proxy.forget()
    settles_with_all(emulated, fleet)
    assert asking.kinds(proxy)[asking.CREATE] == 1


def emulated_issuer(proxy: Proxy, realm: Realm) -> str:
    return f"{proxy.url}/realms/{realm.name}"


@pytest.mark.battery(54)
def test_target_that_fails_keeps_no_other_back(emulated: Realm, plan: Path):
    nobody = f"http://127.0.0.1:{asyncio.run(free_port())}"
    edit(plan, to=Path("plans/here.yaml"), client__secret=...)
    edit(plan, to=Path("plans/there.yaml"), client__secret=..., identity_provider__url=nobody)
    ran = running.here(*APPLY, "plans")
    assert_no_accident(ran)
    assert (ran.code, made(emulated), "refused the connection" in ran.err) == (3, ["coder"], True), ran.all

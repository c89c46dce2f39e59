"""Two at once, and somebody who edits meanwhile: the whole command, with hooks where a request passes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from tests.battery.clean import CANARY, assert_failed, assert_no_accident
from tests.cli.children import started
from tests.faults import asking
from tests.faults.proxy import Exchange, Fault, Proxy, passed
from tests.live import running
from tests.live.conftest import Realm
from tests.live.running import edit

CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
APPLY = ("apply", "--auto-approve")


class Gate:
    """A fault that holds a request until it is opened."""

    def __init__(self) -> None:
        self._open, self._there = threading.Event(), threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        self._there.set()
        assert self._open.wait(60)
        passed(exchange)

    def reached(self) -> None:
        assert self._there.wait(60)

    def open(self) -> None:
        self._open.set()


def named(realm: Realm) -> list[dict[str, Any]]:
    listed = realm.request("GET", f"{realm.admin}/clients").json()
    return [client for client in listed if client["clientId"] == "coder"]


def second_during(proxy: Proxy, cwd: Path, env: dict[str, str]) -> tuple[int, int, str]:
    """Start an apply, and another one while the first is creating; return how both ended and what the second said."""
    gate = Gate()
    proxy.on(asking.CREATE, gate)
    with started(*APPLY, cwd=cwd) as first:
        gate.reached()
        with started(*APPLY, cwd=cwd, env=env) as second:
            out, err = second.communicate(timeout=60)
        gate.open()
        first.communicate(timeout=60)
    return first.returncode, second.returncode, out + err


@pytest.mark.battery(49)
def test_of_two_applies_on_one_machine_one_writes_and_the_other_is_refused(proxy: Proxy, emulated: Realm, plan: Path):
    first, second, said = second_during(proxy, plan.parent, {})
    assert (first, second, "another apply is at work" in said) == (0, 4, True), said
    assert (len(named(emulated)), asking.kinds(proxy)[asking.CREATE]) == (1, 1)
    assert running.planned().code == 0


@pytest.mark.battery(49)
def test_of_two_applies_on_two_machines_one_client_remains_and_the_next_run_settles(
    proxy: Proxy, emulated: Realm, plan: Path, tmp_path: Path
):
    (tmp_path / "other").mkdir()
    # locks are kept in the temporary folder: with another one it is another machine
    first, second, said = second_during(proxy, plan.parent, {"TMPDIR": str(tmp_path / "other")})
    assert (first, second, len(named(emulated))) == (3, 0, 1), said
    running.settles()
    stored = Path("secrets/coder.env").read_text(encoding="utf-8")
    assert stored == f"CODER_OIDC_CLIENT_SECRET={named(emulated)[0]['secret']}\n"


def hooked(action: Any) -> Fault:
    """Let the server answer first, then do this, then pass the answer on."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.forward()
        action()
        exchange.answer(*answer)

    return fault


@pytest.mark.battery(50)
def test_edit_of_a_foreign_setting_between_look_and_write_is_kept(proxy: Proxy, emulated: Realm):
    running.settles()
    emulated.change_client("coder", standardFlowEnabled=False)
    by_hand = {
        "description": "by hand",
        "redirectUris": [CALLBACK, "https://by.example/hand"],
        "attributes": {"foreign": "1"},
    }
    proxy.on(asking.LIST, hooked(lambda: emulated.change_client("coder", **by_hand)))
    running.settles()
    (client,) = named(emulated)
    kept = (client["description"], client["attributes"]["foreign"], client["standardFlowEnabled"])
    assert (proxy.unused, kept) == ([], ("by hand", "1", True))
    assert "https://by.example/hand" in client["redirectUris"]


@pytest.mark.battery(50)
def test_edit_of_a_setting_of_ours_between_look_and_write_is_seen_by_the_look_after(proxy: Proxy, emulated: Realm):
    running.settles()
    emulated.change_client("coder", standardFlowEnabled=False)

    def undone(exchange: Exchange) -> None:
        answer = exchange.forward()
        emulated.change_client("coder", publicClient=True)
        exchange.answer(*answer)

    proxy.on(asking.CHANGE, undone)
    assert_failed(running.here(*APPLY), 1, "the next look still finds a difference", "`client/coder`: publicClient")
    running.settles()


@pytest.mark.battery(50)
def test_saved_plan_is_refused_when_an_administrator_was_quicker(proxy: Proxy, emulated: Realm):
    running.settles()
    emulated.change_client("coder", standardFlowEnabled=False)
    running.here("plan", "--out", "saved.plan")
    emulated.change_client("coder", publicClient=True)
    proxy.forget()
    assert_failed(
        running.here("apply", "saved.plan"), 4, "the live state moved since the plan was made", "publicClient"
    )
    assert asking.kinds(proxy)[asking.CHANGE] == 0


@pytest.mark.battery(50)
def test_client_that_is_deleted_between_look_and_write_is_told_and_made_by_the_next_run(proxy: Proxy, emulated: Realm):
    running.settles()
    emulated.change_client("coder", standardFlowEnabled=False)
    proxy.on(asking.LIST, hooked(lambda: emulated.delete_client("coder")))
    ran = running.here(*APPLY)
    assert_failed(ran, 1, "answered 404")
    running.settles()
    assert len(named(emulated)) == 1


@pytest.mark.battery(51)
@pytest.mark.parametrize("kind", ["POST /protocol/openid-connect/token$", asking.LIST, asking.CREATE])
def test_plan_that_is_edited_during_a_run_counts_as_it_was_read(proxy: Proxy, emulated: Realm, plan: Path, kind: str):
    edit(plan, client__name="As it was")
    proxy.on(kind, hooked(lambda: plan.write_text("no longer: [a plan")))
    ran = running.here(*APPLY)
    assert (ran.code, proxy.unused, named(emulated)[0]["name"]) == (0, [], "As it was"), ran.all


@pytest.mark.battery(51)
@pytest.mark.parametrize("reference", ["file:given", "file:given.env#SECRET"])
def test_secret_that_is_rotated_during_a_run_counts_as_it_was_read(
    proxy: Proxy, emulated: Realm, plan: Path, reference: str
):
    old, new = "the-old-secret-of-coder-1", "the-new-secret-of-coder-2"

    def put(secret: str) -> None:
        for name, text in (("given", secret), ("given.env", f"SECRET={secret}")):
            Path(name).write_text(text, encoding="utf-8")
            Path(name).chmod(0o600)

    put(old)
    edit(plan, client__secret={"from": reference})
    proxy.on(asking.CREATE, hooked(lambda: put(new)))
    ran = running.here(*APPLY)
    assert (ran.code, proxy.unused, named(emulated)[0]["secret"]) == (0, [], old), ran.all
    # the next run sees it, and replaces a secret only where it is asked to
    after = running.here(*APPLY, "--rotate-secret", "coder")
    assert (after.code, named(emulated)[0]["secret"]) == (0, new), after.all
    assert not {old, new} & set((ran.all + after.all).split())


@pytest.mark.battery(51)
def test_admin_secret_that_is_rotated_during_a_run_is_read_once(proxy: Proxy, emulated: Realm, plan: Path):
    Path("admin").write_text(CANARY, encoding="utf-8")
    Path("admin").chmod(0o600)
    edit(plan, identity_provider__admin={"client_id": "robot", "client_secret": "file:admin"})

    def renewed(exchange: Exchange) -> None:
        Path("admin").write_text("another-secret", encoding="utf-8")
        exchange.answer(401)

    proxy.on(asking.CREATE, renewed)
    ran = running.here(*APPLY)
    assert_no_accident(ran)
    assert (ran.code, proxy.unused) == (0, []), ran.all

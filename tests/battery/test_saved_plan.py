"""Rows 16 to 18: saved plans that are not what was saved, not about what is live now, or applied before."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.battery.clean import assert_clean, assert_no_accident
from tests.cli.conftest import Here
from tests.live.conftest import Realm
from tests.live.running import edit, writes
from tests.live.running import here as run

from oidc_provision.plans.diff import digest_of


def zipped(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return archive.getvalue()


def changed(data: bytes, **changes: object) -> bytes:
    return json.dumps({**json.loads(data), **changes}).encode()


def flipped(data: bytes) -> bytes:
    place = data.index(b'"lifetime"') + 3
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) // 2],
    "cut off by a byte": lambda data: data.rstrip()[:-1],
    "a bit flipped": flipped,
    "newer format": lambda data: changed(data, format_version=2),
    "format from far away": lambda data: changed(data, format_version="9" * 4000),
    "digest of another plan": lambda data: changed(data, digest="0" * 64),
    "plans of somebody else": lambda data: changed(data, plans=[]),
    "Terraform's": lambda data: zipped("tfplan", data),
    "zip bomb": lambda _: zipped("tfplan", bytes(500_000_000)),
    "gzip bomb": lambda _: gzip.compress(bytes(100_000_000)),
    "nested": lambda _: b'{"changes":' + b"[" * 200_000,
    "empty": lambda _: b"",
}


@pytest.mark.battery(16)
@pytest.mark.parametrize("name", ["saved.plan", "saved"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_saved_plan_that_is_not_what_was_saved_is_refused_and_nobody_asked(here: Here, damage: str, name: str):
    here.plan()
    here.command("plan", "--out", name)
    (here.folder / name).write_bytes(DAMAGE[damage]((here.folder / name).read_bytes()))
    here.tenant().log.clear()
    ran = here.command("apply", name, "--auto-approve")
    assert ran.code in (4, 64), ran.all
    assert_clean(ran, ran.code, name)
    assert here.tenant().log == []


@pytest.mark.battery(16)
def test_a_digest_of_another_plan_sealed_anew_writes_nothing(here: Here):
    here.plan()
    here.command("plan", "--out", "saved.plan")
    body = json.loads((here.folder / "saved.plan").read_text())
    del body["checksum"]
    body["digest"] = "0" * 64
    (here.folder / "saved.plan").write_text(json.dumps({**body, "checksum": digest_of(body)}))
    ran = here.command("apply", "saved.plan")
    assert_no_accident(ran)
    assert (ran.code, here.tenant().writes) == (4, []) and "not those of the saved plan" in ran.err


@pytest.fixture
def saved(plan: Path) -> Path:
    """A saved plan that changes a client which is there."""
    assert run("apply", "--auto-approve").code == 0
    edit(plan, access_tokens={"lifetime": "45m"})
    assert run("plan", "--out", "saved.plan").code == 0
    return Path("saved.plan")


MOVES: dict[str, tuple[Callable[[Realm], None], str]] = {
    "changed": (
        lambda realm: realm.change_client("coder", attributes={"access.token.lifespan": "77"}),
        "`client/coder` field `attributes.access.token.lifespan` was absent, is ",
    ),
    "deleted": (lambda realm: realm.delete_client("coder"), "`client/coder` does not exist any more"),
    "scope taken away": (lambda realm: realm.detach("coder", "offline_access"), "`client/coder` field "),
    "secret replaced": (
        lambda realm: realm.request("POST", f"{realm.client_path('coder')}/client-secret") and None,
        "`store/coder` field `value` is to be changed otherwise",
    ),
}


@pytest.mark.battery(17)
@pytest.mark.parametrize("move", MOVES)
def test_what_moved_since_is_named_and_nothing_is_written(emulated: Realm, saved: Path, move: str):
    act, words = MOVES[move]
    act(emulated)
    before = emulated.client("coder")
    ran = run("apply", "-vv", saved)
    assert_no_accident(ran)
    assert (ran.code, writes(ran), emulated.client("coder")) == (4, [], before), ran.all
    assert words in ran.err


@pytest.mark.battery(17)
def test_what_was_made_since_is_named_and_left_alone(emulated: Realm, plan: Path):
    assert run("plan", "--out", "saved.plan").code == 0
    emulated.make_client("coder")
    before = emulated.client("coder")
    ran = run("apply", "-vv", "saved.plan")
    assert (ran.code, writes(ran), emulated.client("coder")) == (4, [], before), ran.all
    assert "`client/coder` exists now" in ran.err


@pytest.mark.battery(18)
def test_applied_twice_it_writes_once(emulated: Realm, saved: Path):
    first, second = run("apply", "-vv", saved), run("apply", "-vv", saved)
    assert (first.code, len(writes(first))) == (0, 1), first.all
    assert (second.code, writes(second), "already applied" in second.out) == (0, [], True), second.all

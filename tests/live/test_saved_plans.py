"""Saved plans and digests: what was reviewed is what is applied, or nothing is."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest

from .running import applied, edit, here, planned, refused, writes

pytestmark = pytest.mark.live


@pytest.fixture
def saved(realm, quiet_plan: Path) -> Path:
    """A saved plan that creates the client, made and not applied."""
    ran = here("plan", "--out", "saved.plan")
    assert ran.code == 0, ran.all
    return Path("saved.plan")


def test_saved_plan_is_private_and_applied_without_being_asked(realm, saved: Path):
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    ran = here("apply", saved)
    assert ran.code == 0, ran.all
    assert planned().code == 0


def test_saved_plan_applied_twice_writes_once(realm, saved: Path):
    applied(saved)
    before = realm.client("coder")
    again = applied(saved)
    assert ("already applied" in again.out, writes(again)) == (True, [])
    assert realm.client("coder") == before


HAND_EDITS = {
    "attributes.access.token.lifespan": {"attributes": {"access.token.lifespan": "600"}},
    "standardFlowEnabled": {"standardFlowEnabled": False},
    "redirectUris": {"redirectUris": ["https://other.example.com/cb"]},
}


@pytest.mark.parametrize("field", HAND_EDITS)
def test_hand_edit_after_saving_is_refused_by_name(realm, quiet_plan: Path, field):
    applied()
    edit(quiet_plan, access_tokens__lifetime="45m")
    assert here("plan", "--out", "saved.plan").code == 0
    realm.change_client("coder", **HAND_EDITS[field])
    before = realm.client("coder")
    words = refused(here("apply", "-vv", "saved.plan"))
    assert ("client/coder" in words, field in words) == (True, True), words
    assert realm.client("coder") == before


def test_client_made_by_somebody_after_saving_is_refused(realm, saved: Path):
    realm.make_client("coder")
    words = refused(here("apply", "-vv", saved))
    assert "`client/coder` exists now" in words


def test_rotation_by_hand_after_saving_is_not_overwritten(realm, quiet_plan: Path):
    applied()
    edit(quiet_plan, access_tokens__lifetime="45m")
    assert here("plan", "--out", "saved.plan").code == 0
    realm.request("POST", f"{realm.client_path('coder')}/client-secret")
    secret = realm.client("coder")["secret"]
    refused(here("apply", "-vv", "saved.plan"))
    assert realm.client("coder")["secret"] == secret


def _newer(data: bytes) -> bytes:
    return json.dumps({**json.loads(data), "format_version": 2}).encode()


def _flipped(data: bytes) -> bytes:
    middle = data.index(b"standardFlowEnabled") + 3
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def _zip(_: bytes) -> bytes:
    with zipfile.ZipFile("other.zip", "w") as other:
        other.writestr("tfplan", "{}")
    return Path("other.zip").read_bytes()


BROKEN = {
    "truncated": lambda data: data[: len(data) // 2],
    "truncated by one byte": lambda data: data.rstrip()[:-1],
    "one bit flipped": _flipped,
    "newer format": _newer,
    "another tool's": _zip,
    "a list": lambda _: b"[]",
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("damage", BROKEN)
def test_damaged_plan_is_refused_without_a_request(realm, saved: Path, damage):
    # nothing listens there: a request would show as another error and another code
    data = saved.read_bytes().replace(realm.url.encode(), b"http://127.0.0.1:9")
    saved.write_bytes(BROKEN[damage](data))
    ran = here("apply", "-vv", "--auto-approve", saved)
    assert ran.code in (4, 64), ran.all
    assert ("trace:" in ran.all, "Traceback" in ran.all, "should not have happened" in ran.all) == (
        False,
        False,
        False,
    ), ran.all
    assert realm.client("coder") == {}


def test_expected_digest_lets_pass_only_what_was_reviewed(realm, quiet_plan: Path):
    digest = json.loads(here("plan", "--format", "json").out)["digest"]
    words = refused(here("apply", "-vv", "--auto-approve", "--expect", "0" * 16))
    assert digest in words
    assert realm.client("coder") == {}
    applied("--expect", digest[:16])
    assert planned().code == 0


def test_expected_digest_refuses_what_moved_since(realm, quiet_plan: Path):
    applied()
    edit(quiet_plan, access_tokens__lifetime="45m")
    digest = json.loads(here("plan", "--format", "json").out)["digest"]
    realm.change_client("coder", standardFlowEnabled=False)
    refused(here("apply", "-vv", "--auto-approve", "--expect", digest))


def test_without_a_terminal_and_approval_nothing_is_asked_of_the_server(realm, quiet_plan: Path):
    ran = here("apply", "-vv")
    assert (ran.code, "trace:" in ran.err) == (64, False), ran.all

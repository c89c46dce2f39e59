"""Rows 19 to 25: secrets that are not there, not alone, not quiet or not secret. The whole command, in a process of its own."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from tests.battery.clean import (
    ADMIN,
    CANARY,
    Listener,
    assert_clean,
    assert_failed,
    assert_no_accident,
    plan_for,
    shell,
)
from tests.command import Ran, oidc_provision
from tests.live.conftest import Realm
from tests.live.running import edit
from tests.live.running import here as run
from tests.live.test_client_secrets import forms, watched

Tried = Callable[..., Ran]


@pytest.fixture
def tried(tmp_path: Path, listener: Listener) -> Tried:
    """Plans with another reference for the administrator's secret; nobody may be asked with what it gives."""

    def plan_with(reference: str, *words: str, **env: str) -> Ran:
        text = plan_for(listener).replace("env:KEYCLOAK_ADMIN_SECRET", reference)
        (tmp_path / "plan.yaml").write_text(text)
        ran = oidc_provision("plan", "-vv", "--debug", "plan.yaml", cwd=tmp_path, env=env)
        assert_failed(ran, 1, *words)
        assert listener.connections == 0
        return ran

    return plan_with


def kept(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    file = folder / "kept"
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.battery(19)
def test_a_variable_that_is_not_set_is_named(tried: Tried):
    tried("env:NOT_SET_ANYWHERE", "`NOT_SET_ANYWHERE`", "not set", "fix: ")


@pytest.mark.battery(19)
@pytest.mark.parametrize("value", ["", "\n", " \n"])
def test_a_variable_that_holds_nothing_is_named(tried: Tried, value: str):
    tried("env:HOLDS_NOTHING", "HOLDS_NOTHING", "empty", HOLDS_NOTHING=value)


USELESS = {
    "empty": (b"", "empty"),
    "only a line end": (b"\n", "empty"),
    "1 MB": ((CANARY * 50_000).encode()[:1_000_000], "larger than"),
    "NUL inside": (f"{CANARY}\0{CANARY}".encode(), "NUL"),
    "not UTF-8": (CANARY.encode() + b"\xff", "UTF-8"),
}


@pytest.mark.battery(19)
@pytest.mark.parametrize("reference", ["file:kept", "{exec: [cat, kept]}"])
@pytest.mark.parametrize("case", USELESS)
def test_what_cannot_be_a_secret_is_told_of_and_not_shown(tmp_path: Path, tried: Tried, case: str, reference: str):
    content, words = USELESS[case]
    kept(tmp_path, content)
    tried(reference, words, "kept", "fix: ")


@pytest.mark.battery(19)
@pytest.mark.parametrize(("content", "sent"), [("{}\n", "{}"), ("{}\r\n", "{}"), ("{}\n\n", "{}\n"), ("{}", "{}")])
def test_one_line_end_at_the_end_is_not_sent(tmp_path: Path, listener: Listener, content: str, sent: str):
    kept(tmp_path, content.format(CANARY).encode())
    (tmp_path / "plan.yaml").write_text(plan_for(listener).replace("env:KEYCLOAK_ADMIN_SECRET", "file:kept"))
    ran = oidc_provision("plan", "plan.yaml", cwd=tmp_path)
    assert_no_accident(ran)
    assert parse_qs(listener.bodies[0])["client_secret"] == [sent.format(CANARY)]


@pytest.mark.battery(20)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o606, 0o620, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path: Path, tried: Tried, mode: int):
    kept(tmp_path, CANARY.encode(), mode)
    tried("file:kept", "chmod 600 ", "kept")


@pytest.mark.battery(20)
def test_a_link_to_a_file_of_somebody_else_is_refused(tmp_path: Path, tried: Tried):
    theirs = Path("/etc/hostname")
    if os.geteuid() == 0:
        theirs = kept(tmp_path, CANARY.encode())
        os.chown(theirs, 12345, 12345)
    (tmp_path / "link").symlink_to(theirs)
    tried("file:link", "link", "fix: ")


@pytest.mark.battery(20)
@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_a_store_that_others_may_read_or_write_is_refused_before_anything_is_made(
    emulated: Realm, plan: Path, mode: int
):
    kept(Path(), b"CODER_OIDC_CLIENT_SECRET='kept from before, 40 characters'\n", mode)
    edit(plan, client__secret={"store": "file:kept#CODER_OIDC_CLIENT_SECRET"})
    ran = run("apply", "--auto-approve")
    assert_failed(ran, 1, "kept", "chmod 600 ")
    assert (emulated.client("coder"), Path("kept").stat().st_mode & 0o777) == ({}, mode)


LOUD = {
    "fails": ("exit 1", "exit code 1"),
    "is killed": ("kill -9 $$", "signal 9"),
    "tells it on stderr": (f"echo {CANARY}; echo got {CANARY} >&2; exit 1", "not shown"),
    "tells it on stderr alone": (f"echo token {CANARY} is bad >&2; exit 1", "token ... is bad"),
    "prints 1 GB": ("head -c 1000000000 /dev/zero", "printed more than"),
    "prints without end": (f"yes {CANARY}", "printed more than"),
    "talks without end": ("head -c 100000000 /dev/zero >&2; exit 1", "exit code 1"),
    "wants a terminal": ("read secret </dev/tty && echo $secret", "exit code"),
    "wants input": ("read secret && echo $secret", "exit code 1"),
}


@pytest.mark.battery(21)
@pytest.mark.parametrize("case", LOUD)
def test_a_command_that_misbehaves_ends_and_is_not_repeated(tmp_path: Path, tried: Tried, case: str):
    script, words = LOUD[case]
    (tmp_path / "loud.sh").write_text(script)
    ran = tried("{exec: [sh, loud.sh]}", words)
    assert len(ran.err) < 6000


@pytest.mark.battery(21)
def test_a_command_gets_no_terminal_also_where_there_is_one(tmp_path: Path, listener: Listener):
    command = json.dumps({"exec": ["sh", "-c", "read secret </dev/tty && echo $secret"]})
    (tmp_path / "plan.yaml").write_text(plan_for(listener).replace("env:KEYCLOAK_ADMIN_SECRET", command))
    ours, theirs = pty.openpty()
    os.write(ours, b"typed\n")
    terminal = os.ttyname(theirs)
    # a session of its own whose controlling terminal is the one with the typed line
    ran = shell(f"setsid -cw $OP plan plan.yaml <{terminal}", tmp_path)
    os.close(ours)
    os.close(theirs)
    assert_failed(ran, 1, "exit code")
    assert listener.connections == 0


@pytest.mark.battery(22)
@pytest.mark.parametrize("secret", ["coder", "abc", "a", "password"])
def test_a_common_secret_is_warned_of_and_shreds_nothing(
    emulated: Realm, plan: Path, monkeypatch: pytest.MonkeyPatch, secret: str
):
    monkeypatch.setenv("COMMON", secret)
    edit(plan, client__secret={"from": "env:COMMON"})
    ran = run("plan")
    assert_no_accident(ran)
    assert ran.code == 0 and "[weak-secret]" in ran.out and "(redacted)" not in ran.all
    assert "client/coder" in ran.out and "access_url" not in ran.err


MADE = "f1le-and ch1ld/+=&% é canary"


@pytest.fixture
def canaries(emulated: Realm, plan: Path) -> set[str]:
    """The plan with the client's secret from a command whose surroundings are noted, and the realm with an old secret."""
    kept(Path(), MADE.encode())
    edit(plan, client__secret={"from": {"exec": ["sh", "-c", "env >child; cat kept"]}})
    edit(plan, to=Path("down.yaml"), identity_provider__url="http://127.0.0.1:9")
    edit(plan, to=Path("wrong.yaml"), identity_provider__admin__client_id="nobody")
    edit(plan, to=Path("broken.yaml"), client__scopes=[f"{CANARY} "])
    return forms(MADE) | forms(CANARY)


RUNS = {
    "traced": (("plan", "-vvv"), 0),
    "as JSON": (("plan", "--format", "json", "-vvv", "--output", "md=out.md,json=out.json,text=out.txt"), 0),
    "as Markdown": (("plan", "--format", "markdown"), 0),
    "saved": (("plan", "--out", "out.plan"), 0),
    "applied": (("apply", "--auto-approve", "-vvv", "--debug"), 0),
    "no server": (("plan", "down.yaml", "--debug", "-vvv"), 1),
    "sign-in refused": (("plan", "wrong.yaml", "--debug", "-vvv"), 1),
    "no client yet": (("env", "--debug", "-vvv"), 1),
}


@pytest.mark.battery(24)
@pytest.mark.parametrize("case", RUNS)
def test_a_canary_is_in_no_byte_that_is_produced(canaries: set[str], case: str):
    args, code = RUNS[case]
    ended, printed, arguments = watched(*args)
    assert ended == code, printed
    produced = [printed, arguments, *(file.read_text("utf-8") for file in Path().glob("out.*"))]
    assert [form for form in canaries if form in "".join(produced)] == []


@pytest.mark.battery(24)
def test_a_secret_of_a_file_is_in_no_environment_of_a_child(canaries: set[str]):
    assert watched("plan")[0] == 0
    surroundings = Path("child").read_text("utf-8")
    assert "PATH=" in surroundings
    assert [form for form in forms(MADE) if form in surroundings] == []


@pytest.mark.battery(24)
def test_a_canary_in_the_place_of_a_reference_is_not_shown(plan: Path):
    edit(plan, client__secret={"from": f"{CANARY}"}, identity_provider__admin__client_secret=f"{CANARY}:{CANARY}")
    ran = run("plan", "--debug", "-vvv")
    assert (ran.code, CANARY in ran.all) == (64, False), ran.all


@pytest.mark.battery(25)
@pytest.mark.parametrize("reference", ["vault:kv/coder#secret", "keyring:coder/me", "kubernetes:coder/oidc#secret"])
def test_a_vault_that_is_not_there_yet_is_refused_by_name(tmp_path: Path, listener: Listener, reference: str):
    (tmp_path / "plan.yaml").write_text(plan_for(listener).replace("env:KEYCLOAK_ADMIN_SECRET", f'"{reference}"'))
    ran = oidc_provision("plan", "plan.yaml", cwd=tmp_path, env=ADMIN)
    assert_clean(ran, 64, f"`{reference.partition(':')[0]}` reference", "not supported yet", "plan.yaml:7:")
    assert listener.connections == 0

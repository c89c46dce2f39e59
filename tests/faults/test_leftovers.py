"""What killed writers leave behind: removed by the next write to the same file, and a living writer's file never."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command import ROOT

from oidc_provision.provisioners.files import confirm_writable, write_private

WRITER = "import os, signal, sys; from pathlib import Path; from oidc_provision.provisioners import files\n"
DIES = "os.{call} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
WAITS = "rename = os.rename\ndef late(*a, **k):\n  print('at it', flush=True); sys.stdin.readline(); rename(*a, **k)\nos.rename = late\n"
WRITES = "files.write_private(Path('f'), b'of the child')"


def child(folder: Path, code: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".src")}
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", WRITER + code], cwd=folder, env=environment, text=True, **streams)


def killed_at(folder: Path, call: str) -> None:
    """Write in a process that is killed when it makes this system call."""
    with child(folder, DIES.format(call=call) + WRITES) as process:
        assert process.wait(timeout=60) == -signal.SIGKILL


def leftovers(folder: Path) -> list[Path]:
    return sorted(folder.glob(".oidc-provision-*.tmp"))


@pytest.mark.battery(52)
@pytest.mark.parametrize("call", ["fchmod", "write", "fsync", "rename"])
def test_next_write_removes_what_a_killed_one_left(tmp_path: Path, call: str):
    (tmp_path / "f").write_text("old")
    killed_at(tmp_path, call)
    assert ((tmp_path / "f").read_text(), len(leftovers(tmp_path))) == ("old", 1)
    write_private(tmp_path / "f", b"new")
    assert ((tmp_path / "f").read_text(), leftovers(tmp_path)) == ("new", [])


def test_many_kills_leave_one_file_at_most(tmp_path: Path):
    for _ in range(5):
        killed_at(tmp_path, "rename")
    assert len(leftovers(tmp_path)) == 1


def test_leftover_of_another_file_is_not_ours_to_remove(tmp_path: Path):
    killed_at(tmp_path, "rename")
    write_private(tmp_path / "g", b"new")
    assert len(leftovers(tmp_path)) == 1


@pytest.mark.battery(52)
def test_living_writer_is_left_alone_and_the_last_to_finish_wins(tmp_path: Path):
    with child(tmp_path, WAITS + WRITES) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at it\n"
        write_private(tmp_path / "f", b"ours")
        assert ((tmp_path / "f").read_text(), len(leftovers(tmp_path))) == ("ours", 1)
        process.communicate("\n", timeout=60)
    assert ((tmp_path / "f").read_text(), leftovers(tmp_path)) == ("of the child", [])


@pytest.mark.battery(49)
def test_writers_at_once_never_mix_and_leave_nothing(tmp_path: Path):
    code = "text = (sys.argv[0] + str(os.getpid())).encode() * 500\nfor _ in range(100): files.write_private(Path('f'), text)"
    processes = [child(tmp_path, code) for _ in range(6)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 6
    whole = {f"-c{process.pid}" * 500 for process in processes}
    assert ((tmp_path / "f").read_text() in whole, leftovers(tmp_path)) == (True, [])


def test_what_only_looks_like_a_leftover_stays(tmp_path: Path):
    killed_at(tmp_path, "rename")
    (leftover,) = leftovers(tmp_path)
    leftover.unlink()
    leftover.symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text("victim")
    os.mkfifo(leftover.with_name(leftover.name.replace("-0.tmp", "-1.tmp")))
    leftover.with_name(leftover.name.replace("-0.tmp", "-2.tmp")).mkdir()
    write_private(tmp_path / "f", b"new")
    assert ((tmp_path / "f").read_text(), (tmp_path / "victim").read_text()) == ("new", "victim")
    assert len(leftovers(tmp_path)) == 3


def test_trying_whether_a_file_can_be_written_changes_nothing(tmp_path: Path):
    (tmp_path / "f").write_text("old")
    killed_at(tmp_path, "rename")
    confirm_writable(tmp_path / "f", 100)
    confirm_writable(tmp_path / "g", 100)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("f", "old")]

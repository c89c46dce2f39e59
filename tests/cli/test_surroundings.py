"""Odd surroundings: no home, no folder, no terminal, narrow, ASCII, full or closed outputs. Never a traceback, always a documented end."""

import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.children import PLAN, stranger_installed
from tests.command import ROOT, Ran, oidc_provision

from oidc_provision.cli.exit_codes import MEANING

COMMAND = f"{shlex.quote(sys.executable)} -c 'from oidc_provision.cli.main import main; main()'"
ADMIN = {"KEYCLOAK_ADMIN_SECRET": "a-long-admin-secret"}


def shell(script: str, cwd: Path, env: dict[str, str] | None = None) -> Ran:
    """Run a line of shell in which `$OP` is the command."""
    whole = {**os.environ, "PYTHONPATH": str(ROOT / ".src"), **(env or {})}
    line = script.replace("$OP", COMMAND)
    done = subprocess.run(
        ["bash", "-c", line], cwd=cwd, env=whole, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def unreachable(tmp_path: Path, closed_port: int) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN.format(port=closed_port))
    return tmp_path


def test_a_closed_port_is_a_clean_failure(unreachable: Path, closed_port: int):
    ran = shell("$OP plan plan.yaml", unreachable, ADMIN)
    assert ran.code == 1
    assert "error: " in ran.err and f"127.0.0.1:{closed_port}" in ran.all
    assert "a-long-admin-secret" not in ran.all


def test_nobody_to_ask_ends_before_any_request(unreachable: Path):
    ran = shell("$OP apply plan.yaml < /dev/null", unreachable, ADMIN)
    assert ran.code == 64 and "--auto-approve" in ran.err and "127.0.0.1" not in ran.err


@pytest.mark.battery(19)
def test_an_unset_admin_secret_is_named(unreachable: Path):
    ran = shell("unset KEYCLOAK_ADMIN_SECRET; $OP plan plan.yaml", unreachable)
    assert ran.code == 1 and "KEYCLOAK_ADMIN_SECRET" in ran.err


@pytest.mark.battery(24)
def test_a_traceback_on_request_holds_no_secret(unreachable: Path):
    whole = {**os.environ, "PYTHONPATH": str(ROOT / ".src"), **ADMIN}
    line = f"{COMMAND} env plan.yaml --debug -vv"
    done = subprocess.run(
        ["bash", "-c", line], cwd=unreachable, env=whole, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback (most recent call last)" in done.stderr
    assert "a-long-admin-secret" not in done.stdout + done.stderr


@pytest.mark.battery(59)
@pytest.mark.parametrize(
    "script",
    [
        "$OP explain | head -1",
        "$OP schema | true",
        "$OP --help | true",
        "$OP plan plan.yaml --format json | true",
        "$OP plan plan.yaml 2>&1 | true",
        "$OP completion bash | true",
    ],
)
def test_a_reader_that_has_gone_is_no_accident(tmp_path: Path, script):
    ran = shell(f"{script}; exit ${{PIPESTATUS[0]}}", tmp_path, stranger_installed(tmp_path))
    assert ran.code in (0, 1) and ran.err == ""


@pytest.mark.battery(55, 59)
@pytest.mark.parametrize(
    "script", ["$OP explain", "$OP --help", "$OP --version", "$OP schema", "$OP plan plan.yaml", "$OP completion bash"]
)
def test_a_full_disk_under_stdout_is_told(tmp_path: Path, script):
    ran = shell(f"{script} > /dev/full", tmp_path, stranger_installed(tmp_path))
    assert ran.code == 1 and "no space left on device" in ran.err


@pytest.mark.battery(59)
@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize(
    "verb",
    ["explain 4", "plan plan.yaml", "apply plan.yaml --auto-approve", "validate nothing.yaml", "--help", "nonsense"],
)
def test_streams_that_are_closed_end_as_documented(tmp_path: Path, closing, verb):
    ran = shell(f"$OP {verb} {closing}", tmp_path, stranger_installed(tmp_path))
    assert ran.code in MEANING


@pytest.mark.battery(59)
@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        {"COLUMNS": "10"},
        {"COLUMNS": "0"},
        {"COLUMNS": "nonsense"},
        {"TERM": "dumb"},
        {"TERM": ""},
        {"FORCE_COLOR": "1"},
    ],
)
def test_any_terminal_will_do(tmp_path: Path, env):
    settled = stranger_installed(tmp_path) | env
    for verb in ("--help", "plan --help", "plan plan.yaml", "explain"):
        assert shell(f"$OP {verb}", tmp_path, settled).code == 0, verb


@pytest.mark.battery(59)
def test_ascii_gets_escapes_and_no_question_marks(tmp_path: Path):
    env = stranger_installed(tmp_path) | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    plan = tmp_path / "plan.yaml"
    plan.write_text(plan.read_text().replace("id: coder", "id: größe"), encoding="utf-8")
    out = shell("$OP plan plan.yaml", tmp_path, env).out
    assert "client/gr\\xf6\\xdfe" in out


@pytest.mark.battery(59)
def test_colour_is_forced_and_forbidden(tmp_path: Path):
    env = stranger_installed(tmp_path)
    assert "\x1b[" not in shell("$OP plan plan.yaml", tmp_path, env).out
    assert "\x1b[32m" in shell("$OP plan plan.yaml --color always", tmp_path, env).out
    assert "\x1b[32m" in shell("$OP plan plan.yaml", tmp_path, env | {"FORCE_COLOR": "1"}).out
    assert "\x1b[" not in shell("$OP plan plan.yaml --color never", tmp_path, env | {"FORCE_COLOR": "1"}).out
    assert "\x1b[" not in shell("$OP plan plan.yaml --color always --format json", tmp_path, env).out


@pytest.mark.battery(57)
def test_a_folder_that_was_deleted_under_us(tmp_path: Path):
    env = stranger_installed(tmp_path)
    gone = "mkdir gone; cd gone; rmdir ../gone; "
    assert shell(gone + "$OP plan", tmp_path, env).code == 64
    assert shell(gone + f"$OP plan {tmp_path}/plan.yaml", tmp_path, env).code == 0
    assert shell(gone + "$OP --help", tmp_path, env).code == 0
    assert shell(gone + f"$OP apply {tmp_path}/plan.yaml --auto-approve", tmp_path, env).code == 0
    assert shell(gone + f"$OP plan {tmp_path}/plan.yaml --out saved.plan", tmp_path, env).code == 1


@pytest.mark.battery(57)
@pytest.mark.parametrize("home", ["unset HOME; ", "HOME=/nonexistent ", "HOME=/proc "])
def test_no_home_is_needed(tmp_path: Path, home):
    assert shell(home + "$OP apply plan.yaml --auto-approve", tmp_path, stranger_installed(tmp_path)).code == 0


@pytest.mark.battery(57)
def test_without_a_folder_for_locks_nothing_is_applied(tmp_path: Path):
    (tmp_path / "file").write_text("")
    ran = shell("$OP apply plan.yaml --auto-approve", tmp_path, stranger_installed(tmp_path) | {"TMPDIR": "/proc"})
    assert ran.code in (0, 1)


@pytest.mark.battery(58)
def test_few_open_files_are_enough(tmp_path: Path):
    assert shell("ulimit -n 20; $OP apply plan.yaml --auto-approve", tmp_path, stranger_installed(tmp_path)).code == 0


@pytest.mark.battery(55)
def test_a_limit_on_file_sizes_leaves_the_old_file(tmp_path: Path):
    saved = tmp_path / "saved.plan"
    saved.write_text("old")
    ran = shell("ulimit -f 0; $OP plan plan.yaml --out saved.plan", tmp_path, stranger_installed(tmp_path))
    assert (ran.code, saved.read_text()) == (1, "old")
    assert list(tmp_path.glob(".oidc-provision-*.tmp")) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FORMAT", "json", '"format_version"'),
        ("TARGET", "client/typo", "no plan has the address"),
        ("COLOR", "always", "\x1b[32m"),
    ],
)
def test_options_come_from_the_environment_by_the_name_of_their_flag(tmp_path: Path, name, value, words):
    env = stranger_installed(tmp_path) | {f"OIDC_PROVISION_PLAN_{name}": value}
    assert words in shell("$OP plan plan.yaml", tmp_path, env).all


def test_words_after_two_dashes_are_paths(tmp_path: Path):
    stranger_installed(tmp_path)
    ran = oidc_provision("validate", "--", "--plan.yaml", cwd=tmp_path)
    assert ran.code == 64 and "--plan.yaml" in ran.err

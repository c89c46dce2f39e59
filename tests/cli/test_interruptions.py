"""Ctrl-C, SIGTERM, two applies at once: what has been done, what is said, how it ends."""

import os
import signal
import socket
from pathlib import Path

import pytest
from tests.cli.children import PLAN, started, stranger_installed
from tests.cli.conftest import Here

ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.mark.battery(53)
@pytest.mark.parametrize("number", ENDS)
def test_a_signal_during_apply_finishes_what_is_under_way_and_starts_nothing_more(here: Here, number):
    for name in "abc":
        here.plan(name, file=f"{name}.yaml")
    here.tenant().before_write = lambda _name: os.kill(os.getpid(), number)
    ran = here.command("apply", ".", "--auto-approve", "--parallelism", "1")
    assert ran.code == ENDS[number]
    assert len(here.tenant().writes) == 1
    assert "stopping: what is under way is finished first" in ran.err
    assert "interrupted: 1 of 3 changes were made; run `apply` again for the rest" in ran.err


@pytest.mark.battery(53)
def test_after_an_interruption_the_next_apply_does_the_rest(here: Here):
    for name in "abc":
        here.plan(name, file=f"{name}.yaml")
    here.tenant().before_write = lambda _name: os.kill(os.getpid(), signal.SIGINT)
    here.command("apply", ".", "--auto-approve", "--parallelism", "1")
    here.tenant().before_write = lambda _name: None
    assert here.command("apply", ".", "--auto-approve").code == 0
    assert sorted(here.tenant().writes) == ["create a", "create b", "create c"]


@pytest.mark.battery(53)
def test_a_second_signal_ends_an_apply_at_once(here: Here):
    here.plan()

    def twice(_name: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    here.tenant().before_write = twice
    ran = here.command("apply", "--auto-approve")
    assert (ran.code, "Traceback" in ran.all) == (130, False)
    assert ran.err.rstrip().endswith("interrupted")


@pytest.fixture
def silent_server():
    """Takes a connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


@pytest.mark.battery(53)
@pytest.mark.parametrize("number", ENDS)
def test_a_signal_during_plan_ends_it_at_once(tmp_path: Path, silent_server: socket.socket, number):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format(port=silent_server.getsockname()[1]))
    child = started("plan", plan, env={"KEYCLOAK_ADMIN_SECRET": "a-long-admin-secret"})
    connection, _ = silent_server.accept()
    with connection:
        connection.recv(1)
        child.send_signal(number)
        out, err = child.communicate(timeout=30)
    assert child.returncode == ENDS[number], err
    assert (out, err) == ("", "interrupted\n")


@pytest.mark.battery(49)
def test_two_applies_at_once_on_one_target_and_the_second_is_refused(tmp_path: Path):
    """The first one stands still in its first write, until the second has ended."""
    env = stranger_installed(tmp_path) | {"STRANGER_STANDS_STILL": str(tmp_path / "go")}
    os.mkfifo(tmp_path / "go")
    first = started("apply", "plan.yaml", "--auto-approve", cwd=tmp_path, env=env)
    with (tmp_path / "go").open("w") as gate:
        second = started("apply", "plan.yaml", "--auto-approve", cwd=tmp_path, env=env)
        _, said = second.communicate(timeout=30)
        gate.write("go\n")
    _, err = first.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 4), (err, said)
    assert "another apply is at work on tenant acme" in said


@pytest.mark.battery(52)
def test_a_killed_apply_leaves_no_lock(tmp_path: Path):
    env = stranger_installed(tmp_path)
    os.mkfifo(tmp_path / "go")
    first = started(
        "apply", "plan.yaml", "--auto-approve", cwd=tmp_path, env=env | {"STRANGER_STANDS_STILL": str(tmp_path / "go")}
    )
    with (tmp_path / "go").open("w"):
        first.kill()
        first.communicate(timeout=30)
    again = started("apply", "plan.yaml", "--auto-approve", cwd=tmp_path, env=env)
    _, err = again.communicate(timeout=30)
    assert again.returncode == 0, err

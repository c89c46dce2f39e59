"""What a person at a terminal sees: questions, colours, and a way out."""

import signal
from pathlib import Path

import pytest
from tests.cli.children import Terminal, stranger_installed
from tests.command import oidc_provision

from oidc_provision.cli.console import wants_color
from oidc_provision.provisioners.keycloak import ASKS


@pytest.mark.battery(59)
@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "coloured"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"CLICOLOR": "0"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_about_colour(choice, environment, terminal, coloured):
    assert wants_color(choice, environment, lambda: terminal) is coloured


def test_apply_asks_and_takes_yes(tmp_path: Path):
    terminal = Terminal("apply", "plan.yaml", cwd=tmp_path, env=stranger_installed(tmp_path))
    terminal.until("Only `yes` is accepted:")
    terminal.type("yes")
    assert terminal.ended() == 0, terminal.shown
    assert "\x1b[32m+\x1b[0m" in terminal.shown and "Applied: 1 changes" in terminal.shown


@pytest.mark.parametrize("answer", ["y", "YES", "", "no", "yes please"])
def test_apply_takes_nothing_else_for_yes(tmp_path: Path, answer):
    terminal = Terminal("apply", "plan.yaml", cwd=tmp_path, env=stranger_installed(tmp_path))
    terminal.until("Only `yes` is accepted:")
    terminal.type(answer)
    assert terminal.ended() == 4
    assert "not approved: nothing was written" in terminal.shown


@pytest.mark.battery(53)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_at_the_question_ends_it(tmp_path: Path, number, code):
    terminal = Terminal("apply", "plan.yaml", cwd=tmp_path, env=stranger_installed(tmp_path))
    terminal.until("Only `yes` is accepted:")
    terminal.child.send_signal(number)
    assert terminal.ended() == code
    assert "interrupted" in terminal.shown and "Traceback" not in terminal.shown


def test_the_end_of_input_is_no_yes(tmp_path: Path):
    terminal = Terminal("apply", "plan.yaml", cwd=tmp_path, env=stranger_installed(tmp_path))
    terminal.until("Only `yes` is accepted:")
    terminal.type_end()
    assert terminal.ended() == 4


def test_init_asks_for_what_no_flag_gives_and_writes_a_valid_plan(tmp_path: Path):
    terminal = Terminal("init", "--coder-version", "2.30", cwd=tmp_path, env={})
    answers = ["https://sso.example.com", "engineering", "oidc-provision", "env:KEYCLOAK_ADMIN_SECRET"]
    terminal.until("Identity provider type (entra, keycloak): ")
    terminal.type("keycloak")
    terminal.until("Coder's access URL: ")
    terminal.type("https://coder.example.com")
    for question, answer in zip(ASKS.values(), answers, strict=True):
        terminal.until(f"{question}: ")
        terminal.type(answer)
    assert terminal.ended() == 0, terminal.shown
    assert "wrote oidc-provision.yaml" in terminal.shown
    checked = oidc_provision("validate", cwd=tmp_path)
    assert (checked.code, checked.out) == (0, "1 plan is valid\n")
    assert 'version: "2.30"' in (tmp_path / "oidc-provision.yaml").read_text()


def test_an_empty_answer_is_missing(tmp_path: Path):
    terminal = Terminal("init", "--type", "keycloak", cwd=tmp_path, env={})
    terminal.until("Coder's access URL: ")
    terminal.type("")
    assert terminal.ended() == 64
    assert "--access-url" in terminal.shown and not (tmp_path / "oidc-provision.yaml").exists()


def test_a_plan_file_that_is_there_is_not_overwritten(tmp_path: Path):
    (tmp_path / "oidc-provision.yaml").write_text("mine")
    ran = oidc_provision("init", cwd=tmp_path)
    assert ran.code == 64 and (tmp_path / "oidc-provision.yaml").read_text() == "mine"

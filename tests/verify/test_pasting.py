"""Where nobody may listen: the address is opened, and what the browser ends at is pasted."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.cli.children import Terminal
from tests.command import oidc_provision
from tests.live.conftest import Realm
from tests.verify.verifying import CALLBACK, SECRET, at

LOGIN = ("verify", "--no-coder", "--login", "--no-browser")


def state_of(terminal: Terminal) -> str:
    """Return the `state` of the address that a person is told to open."""
    address = next(line for line in terminal.shown.split() if line.startswith("http") and "state=" in line)
    return parse_qs(urlsplit(address).query)["state"][0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (f"{CALLBACK}?error=access_denied&error_description=no+thanks&state={{state}}", "no thanks"),
        (f"{CALLBACK}?code=nonsense&state={{state}}", "Code not valid"),
        (f"{CALLBACK}?code=nonsense&state=another", "belongs to another sign-in"),
        ("what?", "no answer of the identity provider"),
    ],
)
def test_what_is_pasted_is_read_as_the_answer(coder_realm: Realm, tmp_path: Path, answer: str, words: str):
    terminal = Terminal(*LOGIN, *at(coder_realm.issuer), cwd=tmp_path, env={"CLIENT_SECRET": SECRET})
    terminal.until("Paste the whole address")
    terminal.type(answer.format(state=state_of(terminal)))
    assert terminal.ended() == 1
    assert words in terminal.shown and "Traceback" not in terminal.shown


def test_without_a_terminal_nobody_can_paste(coder_realm: Realm, tmp_path: Path):
    ran = oidc_provision(*LOGIN, *at(coder_realm.issuer), cwd=tmp_path, env={"CLIENT_SECRET": SECRET})
    assert "there is nobody here to paste" in ran.all and "--username" in ran.all

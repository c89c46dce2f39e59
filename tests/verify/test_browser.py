"""A browser signs in to the real Keycloak through `verify --login --temporary-redirect`; and whoever ends the wait, the redirect URI goes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.children import started
from tests.live.conftest import Realm, admin_password, keycloak_url, make_realm, plan_file, realm
from tests.live.running import applied, here, planned
from tests.verify.browser import Browser, browsing
from tests.verify.verifying import PASSWORD, WITH_A_SIGN_IN

__all__ = ["admin_password", "keycloak_url", "make_realm", "plan_file", "realm"]
pytestmark = pytest.mark.live
LOGIN = ("verify", "--no-coder", "--format", "json", "--login", "--temporary-redirect", "--probe-reuse")
TEMPORARY = "/oidc-provision/verify/callback"


@pytest.fixture
def proven(realm: Realm, plan_file: Path) -> Path:
    """A plan that is applied, and somebody who can sign in."""
    realm.make_user("anna", PASSWORD)
    applied()
    return plan_file


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as made:
        yield made


def temporary(realm: Realm) -> list[str]:
    """Return the redirect URIs of ours that the client has now."""
    return [uri for uri in realm.client("coder")["redirectUris"] if TEMPORARY in uri]


def asked_to_open(child: subprocess.Popen[str]) -> str:
    """Return the address that a person is told to open."""
    assert child.stderr is not None
    said = []
    for line in iter(child.stderr.readline, ""):
        said.append(line)
        if line.startswith("http"):
            return line.strip()
    raise AssertionError("".join(said))


def sign_in(browser: Browser, address: str, password: str = PASSWORD) -> None:
    browser.open(address)
    browser.type("input[name=username]", "anna")
    browser.type("input[name=password]", password)
    browser.click("[type=submit]")


def ended(child: subprocess.Popen[str]) -> tuple[int, dict[str, str], str]:
    """Return the exit code, the verdicts by step, and all that was said."""
    out, err = child.communicate(timeout=60)
    steps = json.loads(out)["steps"] if out else []
    return child.returncode, {step["name"]: step["verdict"] for step in steps}, out + err


def browser_command(folder: Path) -> dict[str, str]:
    """A stand-in for the person's browser, as the environment names it: it notes the address that it is given."""
    script = folder / "open-it"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > "{folder}/opened"\n')
    script.chmod(0o700)
    return {"BROWSER": f"{script} %s"}


@pytest.mark.parametrize("way", ["opened for the person", "printed for the person"])
def test_browser_signs_in_and_the_redirect_uri_is_there_only_meanwhile(way, proven, realm, browser, tmp_path):
    opens = way == "opened for the person"
    env = browser_command(tmp_path) if opens else {}
    with started(*LOGIN, *([] if opens else ["--no-browser"]), env=env) as child:
        address = asked_to_open(child)
        if opens:
            assert (tmp_path / "opened").read_text() == address
        assert len(temporary(realm)) == 1
        sign_in(browser, address)
        assert browser.shows("Signed in. You can close this window.")
        code, verdicts, said = ended(child)
    assert (code, set(verdicts)) == (0, WITH_A_SIGN_IN | {"plan", "sessions"}), said
    assert {step for step, verdict in verdicts.items() if verdict != "ok"} <= {"sessions"}, said
    assert (temporary(realm), planned().code) == ([], 0)
    assert "eyJ" not in said and PASSWORD not in said


def test_wrong_password_in_the_browser_is_the_persons_own_affair(proven, realm, browser):
    with started(*LOGIN, "--no-browser") as child:
        address = asked_to_open(child)
        sign_in(browser, address, "not the password")
        assert browser.shows("Invalid username or password")
        # the wait goes on
        browser.type("input[name=password]", PASSWORD)
        browser.click("[type=submit]")
        assert browser.shows("Signed in.")
        code, verdicts, said = ended(child)
    assert (code, verdicts["sign-in"], temporary(realm)) == (0, "ok", []), said


def test_killed_wait_leaves_a_redirect_uri_that_plan_shows_and_the_next_verify_removes(proven, realm):
    with started(*LOGIN, "--no-browser") as child:
        asked_to_open(child)
        child.kill()
        child.wait(30)
    left = temporary(realm)
    assert len(left) == 1
    shown = planned()
    assert (shown.code, left[0] in shown.out) == (2, True), shown.all
    again = here("verify", "--no-coder")
    assert again.code == 0 and "removed the redirect URI that a `verify` before this one" in again.err, again.all
    assert (temporary(realm), planned().code) == ([], 0)


def test_killed_wait_is_put_right_by_apply_as_well(proven, realm):
    with started(*LOGIN, "--no-browser") as child:
        asked_to_open(child)
        child.kill()
        child.wait(30)
    applied()
    assert (temporary(realm), planned().code) == ([], 0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_wait_takes_the_redirect_uri_away(number, code, proven, realm):
    with started(*LOGIN, "--no-browser") as child:
        asked_to_open(child)
        child.send_signal(number)
        ran, _, said = ended(child)
    assert (ran, temporary(realm), planned().code) == (code, [], 0), said
    assert "Traceback" not in said


def test_nobody_who_comes_takes_the_redirect_uri_away(proven, realm):
    ran = here(*LOGIN, "--no-browser", "--wait", "1")
    steps = {step["name"]: step for step in json.loads(ran.out)["steps"]}
    assert (ran.code, steps["sign-in"]["verdict"], temporary(realm)) == (1, "failed", []), ran.all
    assert "nobody came back from the sign-in within 1 s" in steps["sign-in"]["problem"]

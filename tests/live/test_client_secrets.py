"""The client's secret: given, stored, kept, replaced when asked; and never shown unasked."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
from tests.command import ROOT

from .running import applied, edit, emitted, here, planned, refused, settles, writes

pytestmark = pytest.mark.live
CANARY = "aB3/ + = & % é canary-9Q"
ADMIN_CANARY = "zY8/ + = & % é admins-7K"
STORE = Path("secrets/coder.env")


def proves(realm, secret: str) -> bool:
    """Tell whether the token endpoint takes the secret, by a refresh token that never was."""
    form = {"grant_type": "refresh_token", "refresh_token": "none", "client_id": "coder", "client_secret": secret}
    answer = realm.http.post(f"/realms/{realm.name}/protocol/openid-connect/token", data=form).json()
    return answer["error"] == "invalid_grant"


def test_filled_store_gives_the_new_client_its_secret(realm, quiet_plan: Path):
    STORE.parent.mkdir(mode=0o700)
    STORE.write_text("# ours\nOTHER=1\nCODER_OIDC_CLIENT_SECRET='from before, 64 long'\n", encoding="utf-8")
    STORE.chmod(0o600)
    before = STORE.read_text(encoding="utf-8")
    assert len(writes(settles())) == 1
    assert (realm.client("coder")["secret"], STORE.read_text(encoding="utf-8")) == ("from before, 64 long", before)


def test_empty_store_is_filled_before_the_client_is_made(realm, quiet_plan: Path):
    settles()
    secret = realm.client("coder")["secret"]
    assert (f"CODER_OIDC_CLIENT_SECRET={secret}" in STORE.read_text(encoding="utf-8"), len(secret) >= 43) == (
        True,
        True,
    )
    assert (STORE.stat().st_mode & 0o777, proves(realm, secret)) == (0o600, True)


def test_store_that_cannot_be_written_keeps_the_client_from_being_made(realm, quiet_plan: Path):
    STORE.parent.write_text("a file where the folder should be", encoding="utf-8")
    ran = here("apply", "--auto-approve", "-vv")
    assert (ran.code, writes(ran), realm.client("coder")) == (1, [], {}), ran.all


def test_given_secret_is_sent_and_found_again(realm, quiet_plan: Path, monkeypatch):
    monkeypatch.setenv("CODER_SECRET", CANARY)
    edit(quiet_plan, client__secret={"from": "env:CODER_SECRET"})
    settles()
    assert (realm.client("coder")["secret"], proves(realm, CANARY)) == (CANARY, True)
    assert emitted()["CODER_OIDC_CLIENT_SECRET"] == CANARY


def test_given_secret_that_differs_replaces_only_when_asked(realm, quiet_plan: Path, monkeypatch):
    applied()
    before = realm.client("coder")["secret"]
    monkeypatch.setenv("CODER_SECRET", CANARY)
    edit(quiet_plan, client__secret={"from": "env:CODER_SECRET"})
    assert "--rotate-secret coder" in refused(here("apply", "--auto-approve", "-vv"))
    assert realm.client("coder")["secret"] == before
    assert "[keycloak-secret-in-one-step]" in settles("--rotate-secret", "coder").out
    assert (proves(realm, CANARY), proves(realm, before)) == (True, False)


def test_rotation_writes_store_and_client_and_ends_the_old_secret(realm, quiet_plan: Path):
    applied()
    before = realm.client("coder")["secret"]
    shown = planned("--rotate-secret", "coder")
    assert (shown.code, "[keycloak-secret-in-one-step]" in shown.out) == (2, True), shown.all
    ran = applied("--rotate-secret", "coder")
    after = realm.client("coder")["secret"]
    assert (planned().code, "restart Coder" in ran.err) == (0, True), ran.all
    assert after != before
    assert f"CODER_OIDC_CLIENT_SECRET={after}" in STORE.read_text(encoding="utf-8")
    assert (proves(realm, after), proves(realm, before)) == (True, False)


STORES = {
    "gone": STORE.unlink,
    "other value": lambda: STORE.write_text("A=1\nCODER_OIDC_CLIENT_SECRET=other\n# end\n", encoding="utf-8"),
    "without the key": lambda: STORE.write_text("A=1\n", encoding="utf-8"),
    "empty": lambda: STORE.write_text("", encoding="utf-8"),
}


@pytest.mark.parametrize("case", STORES)
def test_store_that_differs_is_brought_up_to_date_without_touching_the_client(realm, quiet_plan: Path, case):
    applied()
    before = realm.client("coder")
    STORES[case]()
    seen = planned()
    assert (seen.code, "store/coder" in seen.out) == (2, True), seen.all
    assert writes(settles()) == []
    text = STORE.read_text(encoding="utf-8")
    assert (f"CODER_OIDC_CLIENT_SECRET={before['secret']}" in text, text.count("SECRET")) == (True, 1)
    assert (realm.client("coder"), ("A=1" in text)) == (before, case in {"other value", "without the key"})


def test_reference_to_nothing_is_named_before_anything_is_written(realm, quiet_plan: Path):
    edit(quiet_plan, client__secret={"from": "env:NOT_SET_ANYWHERE"})
    ran = here("apply", "--auto-approve", "-vv")
    assert (ran.code, writes(ran), "env:NOT_SET_ANYWHERE" in ran.err) == (1, [], True), ran.all


def test_rotation_of_an_unknown_client_is_refused(realm, quiet_plan: Path):
    assert "no plan has a client `codr`" in refused(here("apply", "--auto-approve", "-vv", "--rotate-secret", "codr"))


def test_without_a_place_for_it_the_live_secret_stays_and_is_emitted(realm, quiet_plan: Path):
    realm.make_client("coder", secret="made by hand 4711 xyz", publicClient=False)
    edit(quiet_plan, client__secret=...)
    settles()
    assert realm.client("coder")["secret"] == "made by hand 4711 xyz"
    assert emitted()["CODER_OIDC_CLIENT_SECRET"] == "made by hand 4711 xyz"
    left_out = here("env")
    assert ("4711" in left_out.all, "the client secret was left out" in left_out.err) == (False, True)


def forms(secret: str) -> set[str]:
    raw = secret.encode()
    coded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    quoted = {urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}
    lower = {each.lower() for each in quoted}
    written = {json.dumps(secret)[1:-1], repr(secret)[1:-1], secret.encode("unicode_escape").decode()}
    return {secret, *quoted, *lower, *written, *coded, *(each.rstrip("=") for each in coded)}


def watched(*args: str) -> tuple[int, str, str]:
    """Run the command in a process of its own; return its code, all it printed, and the arguments of all processes meanwhile."""
    command = [sys.executable, "-c", "from oidc_provision.cli.main import main; main()", *args]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".src")}
    arguments: set[bytes] = set()
    with (
        Path("printed").open("w+b") as printed,
        subprocess.Popen(command, env=environment, stdout=printed, stderr=printed) as process,
    ):
        while process.poll() is None:
            arguments.update(_arguments())
        printed.seek(0)
        return process.returncode, printed.read().decode(), b"\n".join(arguments).decode("utf-8", "replace")


def _arguments() -> set[bytes]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(path.read_bytes())
        except OSError:
            continue
    return found


@pytest.fixture
def canaries(realm, quiet_plan: Path, monkeypatch) -> set[str]:
    """A service account and a client whose secrets hold all that encodings trip over."""
    realm.service_account("robot", ADMIN_CANARY, ["manage-clients", "manage-realm"])
    monkeypatch.setenv("ADMIN_SECRET", ADMIN_CANARY)
    monkeypatch.setenv("CODER_SECRET", CANARY)
    admin = {"client_id": "robot", "client_secret": "env:ADMIN_SECRET"}
    edit(quiet_plan, client__secret={"from": "env:CODER_SECRET"}, identity_provider__admin=admin)
    return forms(CANARY) | forms(ADMIN_CANARY)


RUNS = {
    "plan traced": (("plan", "-vv"), 0),
    "plan as JSON": (("plan", "--format", "json", "-vv"), 0),
    "plan as Markdown": (("plan", "--format", "markdown", "--output", "json=j,md=m"), 0),
    "saved": (("plan", "--out", "saved.plan"), 0),
    "applied": (("apply", "--auto-approve", "-vv"), 0),
    "emitted": (("env", "-vv"), 0),
    "error": (("plan", "bad.yaml", "--debug", "-vv"), 1),
    "sign-in refused": (("plan", "wrong.yaml", "--debug", "-vv"), 1),
}


@pytest.mark.parametrize("run", RUNS)
def test_no_secret_is_shown_in_any_form(realm, quiet_plan: Path, canaries, run):
    edit(quiet_plan, to=Path("bad.yaml"), identity_provider__url="http://127.0.0.1:9")
    edit(
        quiet_plan,
        to=Path("wrong.yaml"),
        identity_provider__admin={"client_id": "robot", "client_secret": "env:CODER_SECRET"},
    )
    if run == "emitted":
        applied("oidc-provision.yaml")
    args, code = RUNS[run]
    ended, printed, arguments = watched(*args)
    written = "".join(path.read_text("utf-8") for path in map(Path, ("saved.plan", "j", "m")) if path.exists())
    assert ended == code, printed
    assert [form for form in canaries if form in printed + written + arguments] == []


@pytest.mark.parametrize(
    "verb", [("plan", "-vv", "--debug"), ("plan", "--format", "json"), ("apply", "--auto-approve", "-vv"), ("env",)]
)
def test_generated_and_read_secrets_are_not_shown(realm, quiet_plan: Path, verb):
    applied()
    secret = realm.client("coder")["secret"]
    realm.change_client("coder", standardFlowEnabled=False)
    ran = here(*verb)
    assert [form for form in forms(secret) if form in ran.all] == []

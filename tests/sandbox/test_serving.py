"""The web server: loopback, faults, the clock, the state file; and the two verbs."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys

import httpx
import pytest
from tests.command import ROOT, oidc_provision

from oidc_provision.plans.errors import Failed
from oidc_provision.provisioners.sandbox.emulation import emulate, emulated_kinds
from oidc_provision.provisioners.sandbox.faults import Fault
from oidc_provision.provisioners.sandbox.serving import Sandbox

DISCOVERY = "/realms/master/.well-known/openid-configuration"
ADMIN = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": "admin"}
TOKEN = "/realms/master/protocol/openid-connect/token"


@pytest.fixture(scope="module")
def running():
    with Sandbox(["keycloak"]) as started:
        yield started


@pytest.fixture
def sandbox(running):
    """The module's server, without the faults that another test left switched on."""
    running.faults.clear()
    return running


@pytest.fixture
def http(sandbox):
    with httpx.Client(base_url=sandbox.at("keycloak"), timeout=10) as client:
        yield client


def test_it_listens_on_loopback_alone(sandbox):
    port = int(sandbox.url.rsplit(":", 1)[1])
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", port), timeout=2):
        pass


def test_taken_port_is_an_error_with_a_fix(sandbox):
    port = int(sandbox.url.rsplit(":", 1)[1])
    with pytest.raises(Failed, match="cannot listen on port") as failed:
        Sandbox(["keycloak"], port=port).start()
    assert "--port" in failed.value.fix


def test_canned_answer_comes_so_many_times(sandbox, http):
    sandbox.faults.switch_on(Fault("configuration$", status=503, times=2, headers={"Retry-After": "7"}, body="{}"))
    answers = [http.get(DISCOVERY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert (answers[0].headers["Retry-After"], answers[0].text) == ("7", "{}")


def test_fault_is_for_its_method_and_path(sandbox, http):
    sandbox.faults.switch_on(Fault("configuration$", method="POST", status=500), Fault("/nowhere", status=500))
    assert (http.get(DISCOVERY).status_code, len(sandbox.faults.waiting)) == (200, 2)


@pytest.mark.parametrize(("cut", "exists"), [("before", False), ("after", True)])
def test_cut_connection_leaves_the_request_undone_or_done(sandbox, http, cut, exists):
    token = http.post(TOKEN, data=ADMIN).json()["access_token"]
    header, name = {"Authorization": f"Bearer {token}"}, f"cut-{cut}"
    sandbox.faults.switch_on(Fault("/clients$", method="POST", cut=cut))
    with pytest.raises(httpx.TransportError):
        http.post("/admin/realms/master/clients", json={"clientId": name}, headers=header)
    found = http.get("/admin/realms/master/clients", params={"clientId": name}, headers=header).json()
    assert bool(found) == exists


def test_dripped_answer_arrives_whole(sandbox, http):
    whole = http.get(DISCOVERY).json()
    sandbox.faults.switch_on(Fault("configuration$", drip=0.001))
    assert http.get(DISCOVERY).json() == whole


def test_clock_and_faults_can_be_set_from_outside(sandbox):
    with httpx.Client(base_url=sandbox.url) as http:
        before = http.get("/sandbox/clock").json()["ahead"]
        moved = http.post("/sandbox/clock", json={"advance": "31d"}).json()
        assert moved["ahead"] == before + 31 * 86400
        assert http.post("/sandbox/clock", json={"advance": "soon"}).status_code == 400
        assert http.post("/sandbox/faults", json=[{"path": "x$", "status": 503}]).json() == [
            {"path": "x$", "times": 1, "status": 503}
        ]
        assert http.post("/sandbox/faults", json=[{"nonsense": 1}]).status_code == 400
        assert http.delete("/sandbox/faults").json() == []


def test_state_is_kept_in_a_private_file_and_taken_up_again(tmp_path):
    path = tmp_path / "state.json"
    with Sandbox(["keycloak"], state=path) as first, httpx.Client(base_url=first.at("keycloak")) as http:
        first.clock.advance(100)
        tokens = http.post(TOKEN, data=ADMIN).json()
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert http.post("/admin/realms", json={"realm": "kept"}, headers=header).status_code == 201
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Sandbox(["keycloak"], state=path) as again, httpx.Client(base_url=again.at("keycloak")) as http:
        form = {"grant_type": "refresh_token", "client_id": "admin-cli", "refresh_token": tokens["refresh_token"]}
        refused = http.post(TOKEN, data=form).json()
        header = {"Authorization": f"Bearer {http.post(TOKEN, data=ADMIN).json()['access_token']}"}
        found = http.get("/admin/realms/kept", headers=header).json()
    # the issuer has another port now, and a token is its issuer's
    assert (found["realm"], refused["error"], again.clock.ahead) == ("kept", "invalid_grant", 100)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ahead": 0, "emulations": {"keycloak": {}}}'])
def test_file_that_is_no_state_is_refused(tmp_path, text):
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(Failed, match="no state of a sandbox"):
        Sandbox(["keycloak"], state=path)


def test_emulations_are_found_by_their_room():
    assert "keycloak" in emulated_kinds()
    with pytest.raises(Exception, match="no emulation of identity provider type `nope`"):
        emulate("nope", None, str)  # type: ignore[arg-type]  # it gets no further


def test_async_block_starts_and_stops_it():
    import asyncio

    async def whole() -> int:
        async with Sandbox(["keycloak"]) as running, httpx.AsyncClient() as http:
            return (await http.get(running.at("keycloak") + DISCOVERY)).status_code

    assert asyncio.run(whole()) == 200


STORIES = {
    "keycloak": {
        "created": "Plan: 2 to add",
        "token": "its kind: Offline",
        "drift": "optionalClientScopes lacks offline_access",
        "mended": "+offline_access",
        "forecast": "works daily        signed out after 90 d",
    },
    "entra": {
        "created": "Plan: 4 to add",
        "token": "a refresh token came",
        "drift": "spa.redirectUris should not have https://coder.example.com",
        "mended": "+https://coder.example.com/api/v2/users/oidc/callback",
        "forecast": "Entra: 90 days without use; nobody can set it",
    },
}


@pytest.mark.parametrize("kind", emulated_kinds())
def test_demo_tells_the_whole_story(kind: str):
    ran = oidc_provision("demo", "--idp", kind, env={"HOME": "/nonexistent"})
    assert ran.code == 0, ran.all
    story = STORIES[kind]
    steps = [
        "$ oidc-provision plan\n",
        story["created"],
        "$ oidc-provision apply --auto-approve\n",
        "nothing left to change",
        "No changes.",
        "CODER_OIDC_ISSUER_URL=",
        "--probe-reuse\n",
        story["token"],
        "the old one works a second time",
        "Verified: ",
        story["drift"],
        "because of `plan`",
        story["mended"],
        "nothing left to change",
        "Verified: ",
        "$ oidc-provision forecast\n",
        story["forecast"],
        "What to try next",
    ]
    place = 0
    for step in steps:
        assert step in ran.out[place:], (step, ran.all)
        place = ran.out.index(step, place) + len(step)


def test_demo_of_an_unknown_kind_says_which_there_are():
    ran = oidc_provision("demo", "--idp", "nope")
    assert (ran.code, ran.out) == (64, "")
    assert "there is no emulation of identity provider type `nope`" in ran.err and "keycloak" in ran.err


@pytest.mark.parametrize("verb", ["demo", "sandbox"])
def test_missing_library_names_the_extra(verb, tmp_path):
    (tmp_path / "starlette.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'starlette'\", name='starlette')"
    )
    command = [sys.executable, "-c", "from oidc_provision.cli.main import main; main()", verb]
    path = os.pathsep.join([str(tmp_path), str(ROOT / ".src")])
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("error: the sandbox needs `starlette`")
    assert "oidc-provision[sandbox]" in done.stderr


LAST_WORDS = "for trying out only: anybody on this machine can reach it. Ctrl-C ends it.\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_sandbox_runs_until_a_signal_and_keeps_its_state(tmp_path, number, code):
    path = tmp_path / "state.json"
    words = [
        sys.executable,
        "-u",
        "-c",
        "from oidc_provision.cli.main import main; main()",
        "sandbox",
        "--port",
        "0",
        "--state",
        path,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".src")}
    with subprocess.Popen(
        list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as child:
        shown = list(iter(child.stdout.readline, LAST_WORDS))
        url = next(line.split()[-1] for line in shown if line.startswith("Keycloak"))
        assert httpx.get(url + DISCOVERY).status_code == 200
        child.send_signal(number)
        _, err = child.communicate(timeout=20)
    assert (child.returncode, "Traceback" in err) == (code, False), err
    assert "admin, password admin" in "".join(shown)
    assert [line for line in shown if line.startswith("Entra ID at http://127.0.0.1:")]
    assert list(json.loads(path.read_text())["emulations"]) == list(emulated_kinds())

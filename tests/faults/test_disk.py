"""A disk that takes nothing more: the old file stays whole, one clear message, and no secret was replaced that has no place."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from tests.cli.children import PROGRAM
from tests.command import ROOT, Ran
from tests.faults.asking import CHANGE, kinds
from tests.faults.proxy import Exchange, Proxy, passed
from tests.faults.works import STORE
from tests.live.conftest import Realm
from tests.live.running import applied, edit, here, planned

pytestmark = pytest.mark.live
ENV = Path("out/coder.env")
SAVED = Path("saved/saved.plan")
ROTATE = "$OP apply --auto-approve --rotate-secret coder -vv"
LONG = "".join(f"# line {number} of somebody else\n" for number in range(200))
TROUBLES = {
    "file too large": "ulimit -f 1; ",
    "no space left on device": "mount -t tmpfs -o size=8k none {0}; cp -p {1}/* {0}; ",
    "read-only file system": "mount --bind {0} {0}; mount -o remount,ro,bind {0}; ",
    "check the permissions": "",
    "no regular file|is a directory": "rm {0}/*; mkdir {2}; ",
    "symbolic link": "mv {2} {2}.real; ln -s $(basename {2}.real) {2}; ",
}
MOUNTS = ("no space left on device", "read-only file system")


def shell(script: str, *, before: str = "", **env: str) -> Ran:
    """Run a line of shell in which `$OP` is the command, called by way of `$AS`; what is mounted `before` is there for nobody else."""
    line = before + script.replace("$OP", "$AS " + shlex.join(PROGRAM))
    whole = {**os.environ, "PYTHONPATH": str(ROOT / ".src"), **env}
    alone = ["unshare", "-rm"] if "mount " in before else []
    done = subprocess.run(
        [*alone, "bash", "-c", f"set -e; {line}"], env=whole, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def preparation(trouble: str, file: Path) -> str:
    if trouble in MOUNTS and subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("this machine lets nobody mount in a namespace of his own")
    if trouble == "check the permissions":
        file.parent.chmod(0o500)
        # root may write where permissions forbid it, unless it gives that right away
        return "AS='setpriv --bounding-set=-dac_override'; " if os.geteuid() == 0 else ""
    shutil.copytree(file.parent, "copy", dirs_exist_ok=True)
    return TROUBLES[trouble].format(file.parent, "copy", file)


@pytest.fixture
def settled(common_realm: Realm, proxied_plan: Path) -> Path:
    """All is as planned, and every file that may be written has much in it that is not ours."""
    applied()
    for path in (ENV, SAVED, STORE):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(LONG + (path.read_text("utf-8") if path.exists() else ""), encoding="utf-8")
        path.chmod(0o600)
    return proxied_plan


SINKS = {
    "store": (STORE, ROTATE),
    "env file": (ENV, f"{ROTATE} --env-file {ENV}"),
    "saved plan": (SAVED, f"$OP plan -vv --out {SAVED}"),
}


@pytest.mark.battery(55)
@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_cannot_be_written_is_told_and_nothing_was_changed(
    common_realm: Realm, settled: Path, proxy: Proxy, trouble: str, sink: str
):
    file, script = SINKS[sink]
    before, stored = common_realm.client("coder"), STORE.read_text(encoding="utf-8")
    old = file.read_text(encoding="utf-8")
    ran = shell(script, before=preparation(trouble, file))
    assert (ran.code, bool(re.search(trouble, ran.err)), "fix: " in ran.err, str(file) in ran.err) == (
        1,
        True,
        True,
        True,
    ), ran.all
    assert common_realm.client("coder") == before, ran.all
    assert not any(each.startswith(("PUT", "DELETE")) for each in proxy.asked)
    if not file.is_dir():
        assert file.read_text(encoding="utf-8") == old
    assert list(Path().rglob(".oidc-provision-*")) == []
    assert sink == "store" or STORE.read_text(encoding="utf-8") == stored


@pytest.mark.battery(57)
@pytest.mark.parametrize(
    "surroundings", ["unset HOME; ", "export HOME=/nonexistent; ", "exec >&-; ", "exec >&- 2>&- <&-; "]
)
def test_odd_surroundings_do_not_keep_a_secret_from_being_replaced_and_kept(
    common_realm: Realm, settled: Path, surroundings: str
):
    before = common_realm.client("coder")["secret"]
    ran = shell(f"{ROTATE} --env-file {ENV}", before=surroundings)
    live = common_realm.client("coder")["secret"]
    assert (ran.code, live != before) == (0, True), ran.all
    for path in (STORE, ENV):
        text = path.read_text(encoding="utf-8")
        assert (text.startswith(LONG), f"CODER_OIDC_CLIENT_SECRET={live}\n" in text) == (True, True)


@pytest.mark.battery(53, 59)
@pytest.mark.parametrize("reader", ["2>&1 | head -1", "2>&1 | true", "| true", "2> >(head -1 >&2)"])
def test_reader_that_goes_in_the_middle_leaves_a_state_that_the_next_run_settles(
    common_realm: Realm, settled: Path, reader: str
):
    common_realm.change_client("coder", standardFlowEnabled=False)
    ran = shell(f"{ROTATE} --env-file {ENV} {reader}; exit ${{PIPESTATUS[0]}}")
    assert ran.code in {0, 1}, ran.all
    applied("--env-file", ENV)
    live = common_realm.client("coder")
    assert (live["standardFlowEnabled"], planned().code) == (True, 0)
    assert all(f"CODER_OIDC_CLIENT_SECRET={live['secret']}\n" in path.read_text("utf-8") for path in (STORE, ENV))


@pytest.mark.battery(49)
def test_two_applies_at_once_and_the_second_is_refused_without_a_write(
    common_realm: Realm, settled: Path, proxy: Proxy
):
    common_realm.change_client("coder", standardFlowEnabled=False)
    reached, go = threading.Event(), threading.Event()

    def stands_still(exchange: Exchange) -> None:
        reached.set()
        go.wait(60)
        passed(exchange)

    proxy.on(CHANGE, stands_still)
    first = threading.Thread(target=lambda: shell("$OP apply --auto-approve"))
    first.start()
    assert reached.wait(60)
    second = here("apply", "--auto-approve", "--rotate-secret", "coder")
    go.set()
    first.join()
    assert (second.code, "another apply is at work on realm" in second.err) == (4, True), second.all
    assert (kinds(proxy)[CHANGE], planned().code) == (1, 0)


@pytest.mark.battery(49)
def test_both_of_two_applies_of_different_realms_write(make_realm, common_realm: Realm, settled: Path, proxy: Proxy):
    other = make_realm()
    edit(settled, to=Path("other.yaml"), identity_provider__realm=other.name)
    reached, go = threading.Event(), threading.Event()

    def stands_still(exchange: Exchange) -> None:
        reached.set()
        go.wait(60)
        passed(exchange)

    proxy.on("POST /clients$", stands_still)
    first = threading.Thread(target=lambda: shell("$OP apply --auto-approve other.yaml"))
    first.start()
    assert reached.wait(60)
    common_realm.change_client("coder", standardFlowEnabled=False)
    applied()
    go.set()
    first.join()
    assert (planned().code, planned("other.yaml").code) == (0, 0)

"""Rows 55 to 57: disks that fail, places that are not ours, surroundings that lack the usual. Every file that is written."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.battery.clean import assert_failed, assert_no_accident, shell
from tests.cli.children import PROGRAM
from tests.command import ROOT, Ran
from tests.live.conftest import Realm
from tests.live.running import edit
from tests.live.running import here as run

OLD = "# of somebody else\nOTHER=1\n"
ANSWERS = ("url=https://sso.example.com", "realm=engineering", "admin.client_id=a", "admin.client_secret=env:A")
INIT = f"init --type keycloak --access-url https://coder.example.com --set {' --set '.join(ANSWERS)}"
SINKS = {
    "secret": ("secrets/coder.env", "apply --auto-approve --rotate-secret coder"),
    "settings": ("out/coder.env", "apply --auto-approve --rotate-secret coder --env-file out/coder.env"),
    "settings alone": ("out/coder.env", "env --output out/coder.env"),
    "saved plan": ("out/saved.plan", "plan --out out/saved.plan"),
    "rendering": ("out/plan.json", "plan --output json=out/plan.json"),
    "first plan": (
        "out/new.yaml",
        f"{INIT} --output out/new.yaml",
    ),
}
WRITTEN = [sink for sink in SINKS if sink != "first plan"]


@pytest.fixture
def settled(emulated: Realm, plan: Path) -> Path:
    """All is as planned, and every file that may be written holds something already."""
    assert run("apply", "--auto-approve").code == 0
    Path("out").mkdir(mode=0o700)
    for name in ("coder.env", "saved.plan", "plan.json"):
        Path("out", name).write_text(OLD, encoding="utf-8")
        Path("out", name).chmod(0o600)
    return plan


# a disk that fails cannot be had without rights; the system calls that would tell of it can
FAILING = """\
import os
real = os.{call}
def failing(file, *args, **more):
    place = os.readlink(f"/proc/self/fd/{{file if isinstance(file, int) else more['src_dir_fd']}}")
    if place.startswith(os.getcwd()):
        raise OSError({number}, os.strerror({number}))
    return real(file, *args, **more)
os.{call} = failing
"""
FAULTS = {
    "full": ("write", 28, "no space left on device"),
    "quota": ("write", 122, "quota exceeded"),
    "quota told late": ("fsync", 122, "quota exceeded"),
    "too large": ("write", 27, "file too large"),
    "failing": ("write", 5, "input/output error"),
    "failing late": ("fsync", 5, "input/output error"),
    "failing at the end": ("rename", 5, "input/output error"),
    "read-only": ("rename", 30, "read-only file system"),
}


@pytest.mark.battery(55)
@pytest.mark.parametrize("sink", WRITTEN)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_disk_that_fails_leaves_the_old_file_and_the_old_secret(
    emulated: Realm, settled: Path, fault: str, sink: str
):
    file, command = SINKS[sink]
    call, number, words = FAULTS[fault]
    before, old = emulated.client("coder"), Path(file).read_text("utf-8")
    program = [*PROGRAM[:-1], FAILING.format(call=call, number=number) + PROGRAM[-1], *command.split()]
    env = {**os.environ, "PYTHONPATH": str(ROOT / ".src")}
    done = subprocess.run(program, env=env, capture_output=True, text=True, check=False, timeout=100)
    assert_failed(Ran(done.returncode, done.stdout, done.stderr), 1, words, "fix: ")
    assert Path(file).read_text("utf-8") == old
    assert list(Path().rglob(".oidc-provision-*")) == []
    # a secret that was replaced is in the store, whatever became of the settings
    live = emulated.client("coder")
    assert live == before or f"={live['secret']}\n" in Path("secrets/coder.env").read_text("utf-8")


@contextmanager
def umask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.battery(56)
@pytest.mark.parametrize("sink", SINKS)
def test_what_is_written_is_for_us_alone_under_any_umask(settled: Path, sink: str):
    file, command = SINKS[sink]
    Path(file).unlink(missing_ok=True)
    with umask(0):
        ran = run(*command.split())
    assert ran.code == 0, ran.all
    assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600


@pytest.mark.battery(56)
@pytest.mark.parametrize("sink", [sink for sink in WRITTEN if sink != "secret"])
def test_what_was_readable_to_all_is_for_us_alone_afterwards(settled: Path, sink: str):
    file, command = SINKS[sink]
    Path(file).chmod(0o644)
    Path("other-name").hardlink_to(file)
    ran = run(*command.split())
    assert ran.code == 0, ran.all
    assert (stat.S_IMODE(Path(file).stat().st_mode), Path("other-name").read_text()) == (0o600, OLD)


@pytest.mark.battery(56)
@pytest.mark.parametrize("target", ["elsewhere", "nowhere", "/dev/null"])
@pytest.mark.parametrize("sink", SINKS)
def test_a_link_in_the_place_of_a_file_is_not_followed(settled: Path, emulated: Realm, sink: str, target: str):
    file, command = SINKS[sink]
    Path("elsewhere").write_text(OLD)
    Path(file).unlink(missing_ok=True)
    Path(file).symlink_to(Path(target).absolute())
    before = emulated.client("coder")
    ran = run(*command.split())
    assert_no_accident(ran)
    assert ran.code in (1, 64) and file in ran.err and ran.err.count("error: ") == 1, ran.all
    assert (Path("elsewhere").read_text(), Path("nowhere").exists(), Path(file).is_symlink()) == (OLD, False, True)
    assert emulated.client("coder") == before


@pytest.mark.battery(56)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file of somebody else")
@pytest.mark.parametrize("sink", WRITTEN)
def test_a_file_that_somebody_has_laid_out_in_a_folder_of_everybody_is_refused(
    settled: Path, emulated: Realm, sink: str
):
    file, command = SINKS[sink]
    Path(file).parent.chmod(0o1777)
    os.chown(file, 12345, 12345)
    before, old = emulated.client("coder"), Path(file).read_text("utf-8")
    ran = run(*command.split())
    assert_failed(ran, 1, Path(file).name)
    assert (emulated.client("coder"), Path(file).read_text("utf-8")) == (before, old)


READ_ONLY = "mount -t tmpfs -o size=1m none /mnt; chmod 700 /mnt; mount -o remount,ro /mnt; "
# read-only and not hidden: the checkout, or its Python, may be below it
NOWHERE = "for each in /tmp /var/tmp /usr/tmp; do [ ! -d $each ] || { mount --bind $each $each; mount -o remount,ro,bind $each; }; done; cd /mnt; "
ODD = {
    "no HOME": ("unset HOME; ", ""),
    "HOME is nowhere": ("export HOME=/nowhere; ", ""),
    "HOME read-only": (READ_ONLY + "export HOME=/mnt; ", "mount"),
    "no /tmp": ("mount --bind . /mnt; " + NOWHERE, "mount"),
    "no /tmp at all, TMPDIR nowhere": ("export TMPDIR=/nowhere; ", ""),
    "nothing set": (
        "exec env -i PATH=/usr/bin:/bin PYTHONPATH=$PYTHONPATH KEYCLOAK_ADMIN_SECRET=$KEYCLOAK_ADMIN_SECRET ",
        "",
    ),
}


@pytest.mark.battery(57)
@pytest.mark.parametrize("case", ODD)
def test_odd_surroundings_do_not_matter(emulated: Realm, plan: Path, case: str):
    script, mounts = ODD[case]
    if mounts and subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount in a namespace of his own")
    ran = shell(f"{script}$OP apply --auto-approve", Path(), alone=bool(mounts))
    assert_no_accident(ran)
    assert ran.code == 0, ran.all
    assert f"={emulated.client('coder')['secret']}\n" in Path("secrets/coder.env").read_text("utf-8")


@pytest.mark.battery(57)
def test_no_place_for_a_lock_is_told_of_before_anything_is_written(emulated: Realm, plan: Path):
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount in a namespace of his own")
    script = "mount --bind . /mnt; mount -o remount,ro,bind /mnt; " + NOWHERE + "$OP apply --auto-approve"
    ran = shell(script, Path(), alone=True)
    assert_failed(ran, 1, "no temporary folder can be written to", "fix: set TMPDIR")
    assert emulated.client("coder") == {}


@pytest.mark.battery(57)
@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("plan {0}", 0),
        ("apply --auto-approve {0}", 0),
        ("env --output out.env {0}", 1),
        ("plan", 64),
        ("validate {0}", 0),
    ],
)
def test_a_working_folder_that_is_gone_is_told_of_or_does_not_matter(plan: Path, verb: str, code: int):
    edit(plan, client__secret={"store": f"file:{plan.parent}/kept"})
    assert run("apply", "--auto-approve").code == 0
    ran = shell(f"mkdir gone; cd gone; rmdir ../gone; $OP {verb.format(plan.absolute())}", Path())
    assert_no_accident(ran)
    assert ran.code == code, ran.all
    assert code == 0 or ran.err.startswith("error: ")

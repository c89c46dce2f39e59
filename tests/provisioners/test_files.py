"""Files with secrets in them: written whole or not at all, for us alone, and never through a link."""

import os
import resource
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from oidc_provision.plans.errors import Failed
from oidc_provision.provisioners import files
from oidc_provision.provisioners.files import make_private_folder, read_private, read_text, write_private

is_root = os.geteuid() == 0


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.battery(56)
def test_a_new_file_is_0600_under_any_umask(tmp_path, umask):
    write_private(tmp_path / "f", b"data")
    assert (tmp_path / "f").read_bytes() == b"data"
    assert mode(tmp_path / "f") == 0o600


@pytest.mark.battery(56)
def test_an_existing_open_file_becomes_0600_and_its_other_names_keep_the_old_content(tmp_path):
    target = tmp_path / "f"
    target.write_text("old")
    target.chmod(0o644)
    (tmp_path / "hard").hardlink_to(target)
    write_private(target, b"new")
    assert (target.read_text(), mode(target)) == ("new", 0o600)
    assert (tmp_path / "hard").read_text() == "old"


@pytest.mark.battery(56)
def test_folders_are_made_for_us_alone_under_any_umask(tmp_path, umask):
    make_private_folder(tmp_path / "a" / "b")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o700, 0o700)


def special(path, kind):
    match kind:
        case "link":
            path.symlink_to(path.parent / "elsewhere")
        case "dangling loop":
            path.symlink_to(path)
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)


@pytest.mark.battery(56)
@pytest.mark.parametrize("kind", ["link", "dangling loop", "folder", "pipe"])
def test_what_is_no_regular_file_is_not_written(tmp_path, kind):
    (tmp_path / "elsewhere").write_text("old")
    special(tmp_path / "f", kind)
    with pytest.raises(Failed) as caught:
        write_private(tmp_path / "f", b"new")
    assert f"`{tmp_path / 'f'}`" in caught.value.message
    assert (tmp_path / "elsewhere").read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["elsewhere", "f"]


@pytest.mark.parametrize("kind", ["dangling loop", "folder", "pipe", "missing"])
def test_what_is_no_regular_file_is_not_read_and_nothing_hangs(tmp_path, kind):
    special(tmp_path / "f", kind)
    with pytest.raises(Failed, match="`"):
        read_private(tmp_path / "f")


def test_a_device_is_not_read():
    with pytest.raises(Failed, match="no regular file"):
        read_private(Path("/dev/zero"))


@pytest.mark.battery(56)
@pytest.mark.skipif(not is_root, reason="only root can make a file of somebody else")
def test_somebody_elses_file_in_a_folder_open_to_all_is_refused(tmp_path):
    tmp_path.chmod(0o1777)
    target = tmp_path / "f"
    target.write_text("bait")
    os.chown(target, 12345, 12345)
    with pytest.raises(Failed, match="somebody else"):
        write_private(target, b"secret")
    assert target.read_text() == "bait"


@contextmanager
def small_files():
    """Let no file grow beyond 100 bytes, as `ulimit -f` does; no fixture, as pytest's own report may go to a file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.battery(55)
def test_a_file_that_outgrows_its_limit_leaves_the_old_one_whole(tmp_path):
    target = tmp_path / "f"
    target.write_text("old")
    with small_files(), pytest.raises(Failed, match="file too large") as caught:
        write_private(target, b"x" * 1000)
    assert str(target) in caught.value.message
    assert caught.value.fix
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def write_to_full_device(path):
    with files._named(path, "write"), Path("/dev/full").open("wb", buffering=0) as full:
        files._write_all(full.fileno(), b"x")


@pytest.mark.battery(55)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this machine")
def test_a_full_disk_is_named(tmp_path):
    with pytest.raises(Failed, match=r"cannot write `.*f`: no space left on device"):
        write_to_full_device(tmp_path / "f")


@pytest.mark.parametrize("path", ["missing/f", "file/f", "x" * 300, "nul\0"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Failed) as caught:
        write_private(tmp_path / path, b"x")
    assert caught.value.fix
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_reading_has_a_cap_and_wants_utf8(tmp_path):
    target = tmp_path / "f"
    target.write_bytes(b"12345")
    assert read_private(target, limit=5).data == b"12345"
    assert read_text(target) == "12345"
    with pytest.raises(Failed, match="larger than 4 bytes"):
        read_private(target, limit=4)
    target.write_bytes(b"ab\xff")
    with pytest.raises(Failed, match="not UTF-8 at byte 2"):
        read_text(target)


def test_line_ends_are_read_as_they_are(tmp_path):
    (tmp_path / "f").write_bytes(b"a\r\nb\rc\n")
    assert read_text(tmp_path / "f") == "a\r\nb\rc\n"


@pytest.mark.battery(57)
def test_no_home_is_needed(tmp_path):
    code = (
        "from pathlib import Path; from oidc_provision.provisioners.files import write_private as w; w(Path('f'), b'x')"
    )
    environment = {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, timeout=60)
    assert (tmp_path / "f").read_bytes() == b"x"

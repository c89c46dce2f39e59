"""Two applies on this machine are kept apart, target by target."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from oidc_provision.plans.errors import Failed, Refused
from oidc_provision.plans.resources import Target
from oidc_provision.provisioners.lock import lock_folder, locked

ONE, TWO = Target("realm", "one"), Target("realm", "two")


@pytest.mark.battery(49)
def test_a_second_apply_on_the_same_target_is_refused(tmp_path: Path):
    with locked([ONE], tmp_path / "locks"):
        with pytest.raises(Refused, match="another apply is at work on realm one"):
            with locked([ONE], tmp_path / "locks"):
                pytest.fail("both hold it")


def test_another_target_is_free(tmp_path: Path):
    with locked([ONE], tmp_path / "locks"), locked([TWO], tmp_path / "locks"):
        pass


def test_a_lock_is_free_again_when_its_block_ends_however_it_ends(tmp_path: Path):
    with pytest.raises(ZeroDivisionError):
        with locked([ONE], tmp_path):
            _ = 1 / 0
    with locked([ONE], tmp_path):
        pass


def test_a_refused_second_target_lets_the_first_go(tmp_path: Path):
    with locked([TWO], tmp_path):
        with pytest.raises(Refused):
            with locked([ONE, TWO], tmp_path):
                pytest.fail("both hold it")
        with locked([ONE], tmp_path):
            pass


def test_a_target_named_twice_is_locked_once(tmp_path: Path):
    with locked([ONE, ONE], tmp_path):
        assert len(list(tmp_path.iterdir())) == 1


def hold_and_die(folder: str) -> None:
    with locked([ONE], Path(folder)):
        os._exit(9)


@pytest.mark.battery(52)
def test_a_process_that_died_leaves_no_lock_behind(tmp_path: Path):
    child = multiprocessing.get_context("fork").Process(target=hold_and_die, args=(str(tmp_path),))
    child.start()
    child.join()
    assert child.exitcode == 9
    with locked([ONE], tmp_path):
        pass


def test_lock_files_are_for_us_alone_and_name_no_target(tmp_path: Path):
    folder = tmp_path / "locks"
    with locked([Target("realm", "../../etc/passwd")], folder):
        (file,) = folder.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
        assert "passwd" not in file.name


@pytest.mark.battery(56)
def test_a_link_in_the_place_of_a_lock_file_is_not_followed(tmp_path: Path):
    folder, victim = tmp_path / "locks", tmp_path / "victim"
    with locked([ONE], folder):
        (file,) = folder.iterdir()
    file.unlink()
    file.symlink_to(victim)
    with pytest.raises(Failed, match="lock file"), locked([ONE], folder):
        pytest.fail("the link was followed")
    assert not victim.exists()


@pytest.mark.battery(56)
@pytest.mark.parametrize(
    "make", [lambda path: path.write_text(""), lambda path: path.symlink_to(path.parent / "elsewhere")]
)
def test_a_folder_that_is_none_of_ours_is_refused(tmp_path: Path, make):
    make(tmp_path / "locks")
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(Failed) as failed, locked([ONE], tmp_path / "locks"):
        pytest.fail("locked")
    assert "TMPDIR" in failed.value.fix


@pytest.mark.battery(57)
def test_the_folder_depends_on_no_home(monkeypatch: pytest.MonkeyPatch):
    before = lock_folder()
    monkeypatch.delenv("HOME", raising=False)
    assert lock_folder() == before

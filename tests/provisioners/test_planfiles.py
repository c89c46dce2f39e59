import os

import pytest

from oidc_provision.plans.errors import PlanError
from oidc_provision.provisioners.planfiles import read_plan_files


def refusal(path, **limits):
    with pytest.raises(PlanError) as caught:
        list(read_plan_files([str(path)], **limits))
    (problem,) = caught.value.problems
    assert problem.position.file == str(path)
    return problem.message


def test_files_of_a_folder_come_in_order_and_others_stay_out(tmp_path):
    for name in ("b.yml", "a.yaml", "c.json", ".yaml"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "inner").mkdir()
    assert list(read_plan_files([str(tmp_path)])) == [
        (str(tmp_path / name), name.encode()) for name in ("a.yaml", "b.yml")
    ]


def test_file_named_twice_is_read_once(tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_bytes(b"x")
    assert len(list(read_plan_files([str(plan), str(tmp_path)]))) == 1


def test_plan_behind_a_link_is_read(tmp_path):
    (tmp_path / "plan").write_bytes(b"x")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "plan")
    assert [content for _, content in read_plan_files([str(tmp_path / "link.yaml")])] == [b"x"]


@pytest.mark.battery(14)
def test_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    assert refusal(tmp_path / "pipe.yaml") == "this is a pipe, not a plan file"


@pytest.mark.battery(14)
def test_folder_that_looks_like_a_plan_is_refused(tmp_path):
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(PlanError) as caught:
        list(read_plan_files([str(tmp_path)]))
    assert caught.value.problems[0].message == "this is a folder, not a plan file"


@pytest.mark.battery(14)
def test_device_is_refused():
    assert refusal("/dev/zero") == "this is a device, not a plan file"


@pytest.mark.battery(14)
def test_loop_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert refusal(tmp_path / "a").startswith("cannot be read: too many levels of symbolic links")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file_is_refused(tmp_path):
    (tmp_path / "a").touch(mode=0)
    assert refusal(tmp_path / "a") == "cannot be read: permission denied"


def test_missing_file_is_refused(tmp_path):
    assert refusal(tmp_path / "a") == "there is no such file"


def test_empty_folder_is_refused(tmp_path):
    assert refusal(tmp_path) == "the folder holds no plan"


def test_name_that_no_file_can_have_is_refused():
    assert refusal("a\0b") == "cannot be read"


@pytest.mark.battery(5)
def test_large_file_is_refused_at_its_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert list(read_plan_files([str(tmp_path / "a")], limit=5))
    assert refusal(tmp_path / "a", limit=4) == "the file has more than 4 bytes, which is no plan"

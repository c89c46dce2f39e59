"""Row 61: what is installed. A wheel made here, without network or compiler, into packages that nobody may write to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.battery.clean import ADMIN, assert_no_accident, shell
from tests.cli.children import PLAN
from tests.command import ROOT, Ran
from tests.live.conftest import Realm

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made as `pip wheel` would, by the build tool that is here already."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the programs of an environment that has the wheel, and beside it what it needs; nobody may write there."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home)}))
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin/python")]
    alone = {"PATH": "/nowhere", "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    subprocess.run(
        [*pip, "install", "--quiet", "--no-compile", "--no-deps", str(wheel)], env=alone, check=True, timeout=100
    )
    for each in (packages, *packages.rglob("*")):
        each.chmod(each.stat().st_mode & ~0o222)
    yield home / "bin"
    for each in (packages, *packages.rglob("*")):
        each.chmod(each.stat().st_mode | 0o200)


def called(program: Path, words: str, cwd: Path) -> Ran:
    """Run the installed program as a user has it: with byte code written where that is possible, which it is not here."""
    rights = "setpriv --bounding-set=-dac_override,-dac_read_search " if os.geteuid() == 0 else ""
    clear = "env -u PYTHONDONTWRITEBYTECODE -u PYTHONUNBUFFERED -u PYTHONPATH "
    return shell(f"{rights}{clear}{program} {words}", cwd, **ADMIN)


WORDS = [
    ("--version", 0),
    ("--help", 0),
    ("validate plan.yaml", 0),
    ("validate no.yaml", 64),
    ("schema", 0),
    ("explain", 0),
]


@pytest.mark.battery(61)
@pytest.mark.parametrize(("words", "code"), WORDS)
def test_what_is_installed_from_the_wheel_works_where_nothing_can_be_written(
    installed: Path, tmp_path: Path, words: str, code: int
):
    (tmp_path / "plan.yaml").write_text(PLAN.format(port=9))
    ran = called(installed / "oidc-provision", words, tmp_path)
    assert_no_accident(ran)
    assert ran.code == code, ran.all


@pytest.mark.battery(61)
def test_it_is_the_wheel_that_runs_and_it_leaves_nothing_behind(installed: Path, tmp_path: Path):
    where = "'import oidc_provision.cli.main as m; print(m.__file__)'"
    ran = called(installed / "python", f"-c {where}", tmp_path)
    assert ran.out.startswith(str(installed.parent)), ran.all
    assert list(installed.parent.rglob("oidc_provision/**/*.pyc")) == [] != list(installed.parent.rglob("*.dist-info"))


@pytest.mark.battery(61)
def test_it_reaches_a_server_and_makes_a_client(installed: Path, emulated: Realm, plan: Path):
    ran = called(installed / "oidc-provision", "apply --auto-approve", Path())
    assert_no_accident(ran)
    assert (ran.code, emulated.client("coder")["enabled"]) == (0, True), ran.all


@pytest.mark.battery(61)
def test_the_wheel_needs_no_compiler_and_holds_the_package_alone(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert {name.split("/")[0].removesuffix(".dist-info") for name in names} <= {"oidc_provision", wheel.name[:-17]}
    assert {Path(name).suffix for name in names} <= {".py", ".typed", ".json", ".yaml", ".md", ".txt", ""}


@pytest.mark.battery(61)
@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_package_is_pinned_by_version_and_hash(file: Path):
    whole = file.read_text().replace("\\\n", " ")
    lines = [line for line in whole.splitlines() if line and not line.startswith("#")]
    assert len(lines) > 10
    pinned = re.compile(r"[\w.\-]+(\[[\w,\-]+\])?==\S+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line for line in lines if not pinned.fullmatch(line)] == []


def found(version: str) -> str:
    """Return a Python of this version, "" where there is none: on the PATH, or installed beside the one that runs."""
    beside = Path(sys.base_prefix).parent.glob(f"{version}*/bin/python{version}")
    for candidate in filter(None, [shutil.which(f"python{version}"), *map(str, beside)]):
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return ""


COMPILED = """
import pathlib, sys
for file in pathlib.Path(sys.argv[1]).rglob("*.py"):
    compile(file.read_bytes(), str(file), "exec")
"""


def promised(version: str) -> object:
    """A version as a case; the row counts those that are on this machine, the others are said as skipped."""
    return pytest.param(version, marks=[pytest.mark.battery(61)] if found(version) else [])


@pytest.mark.parametrize("version", [promised(version) for version in PYTHONS])
def test_every_python_that_is_promised_reads_all_of_it(wheel: Path, tmp_path: Path, version: str):
    python = found(version)
    if not python:
        pytest.skip(f"there is no Python {version} on this machine")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    alone = {"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]}
    start = "from oidc_provision.cli.main import main; main(['--version'])"
    for args in (["-W", "error", "-c", COMPILED, str(tmp_path)], ["-W", "error", "-c", start]):
        done = subprocess.run([python, *args], env=alone, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr

"""Mutate the modules that decide, and name every mutant that no test notices and that has no written reason.

Usage: mutants.py [MODULE ...]        a module as `plans/diff.py`; without any, all of MODULES

Needs mutmut 3.8 beside the development packages; it is no part of `make check`. mutmut does not see through the links of `.src`, so it
runs on a copy laid out as `src/oidc_provision/` under `.cache/mutants`. The reasons stand in `tests/mutants.md`. Takes a quarter of an hour.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / ".cache" / "mutants"
REASONS = ROOT / "tests" / "mutants.md"
MODULES = (
    "plans/diff.py",
    "plans/resources.py",
    "plans/redaction.py",
    "plans/brakes.py",
    "plans/client_secret.py",
    "plans/urls.py",
    "plans/redirects.py",
    "plans/steps.py",
    "plans/forecasting.py",
    "provisioners/retry.py",
    "provisioners/oidc/id_tokens.py",
    "provisioners/keycloak/wants.py",
)
PACKAGE = ("__init__.py", "py.typed", "plans", "provisioners", "cli")
TESTS = (
    "tests/plans",
    "tests/cases",
    "tests/laws/test_laws.py",
    "tests/provisioners/test_retry.py",
    "tests/provisioners/test_keycloak_wants.py",
    "tests/provisioners/test_keycloak_habits.py",
    "tests/sandbox/test_forecast_agrees.py",
    "tests/verify/test_id_tokens.py",
)
UNNOTICED = ("survived", "no tests", "suspicious")

CONFIG = """\
[tool.pytest.ini_options]
pythonpath = ["src", "."]
addopts = ["--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
markers = ["live: talks to a real server on loopback"]

[tool.mutmut]
source_paths = ["src/"]
only_mutate = [{modules}]
pytest_add_cli_args_test_selection = [{tests}]
also_copy = ["provisioners"]
"""


def staged(modules: tuple[str, ...]) -> Path:
    """Return a fresh copy of package and tests, laid out as mutmut expects it."""
    shutil.rmtree(STAGE, ignore_errors=True)
    package = STAGE / "src" / "oidc_provision"
    package.mkdir(parents=True)
    for name in PACKAGE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, package / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, package / name)
    # tests read an identity provider's example plan by its place in the repository
    shutil.copytree(ROOT / "provisioners", STAGE / "provisioners", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", STAGE / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    quoted = ", ".join(f'"src/oidc_provision/{module}"' for module in modules)
    tests = ", ".join(f'"{test}"' for test in TESTS)
    (STAGE / "pyproject.toml").write_text(CONFIG.format(modules=quoted, tests=tests))
    return STAGE


def mutmut(*arguments: str) -> subprocess.CompletedProcess[str]:
    # a test that a mutant lets run forever is ended by mutmut itself; a fixed seed gives the same mutants the same end
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=STAGE, env=environment, capture_output=True, text=True, check=False)


def unnoticed() -> list[str]:
    """Return the names of the mutants that no test ended."""
    lines = mutmut("results").stdout.splitlines()
    pairs = [line.strip().rsplit(": ", 1) for line in lines if ": " in line]
    return [name for name, ending in pairs if ending in UNNOTICED]


def mutation(name: str) -> str:
    """Return what a mutant changes: the new lines, one after the other."""
    lines = mutmut("show", name).stdout.splitlines()
    return " ".join(line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++"))


def main(modules: tuple[str, ...]) -> int:
    if importlib.util.find_spec("mutmut") is None:
        print("mutmut is missing: pip install 'mutmut>=3.8,<4'", file=sys.stderr)
        return 1
    staged(modules)
    run = mutmut("run")
    if run.returncode:
        # nothing was tried then, and no survivor would look like a good end
        print(
            f"{run.stdout[-2000:]}{run.stderr}\nthe mutants were not tried: mutmut ended with {run.returncode}",
            file=sys.stderr,
        )
        return 1
    print(run.stdout.splitlines()[-1])
    reasons = REASONS.read_text()
    changed = {name: mutation(name) for name in unnoticed()}
    open_ones = [(name, text) for name, text in changed.items() if f"`{text}`" not in reasons]
    for name, text in open_ones:
        print(f"{name}: {text}")
    print(f"{len(open_ones)} mutants are noticed by no test and have no reason in tests/mutants.md")
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or MODULES))

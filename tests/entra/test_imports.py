"""msgraph-sdk and azure-identity are loaded when an Entra plan talks to its tenant, and not before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.command import ROOT

EXAMPLE = ROOT / "provisioners" / "entra" / "example.yaml"
HEAVY = ("msgraph", "kiota_abstractions", "azure", "msal", "opentelemetry", "keycloak")
CALL = """
import json, sys
from oidc_provision.cli.group import group
try:
    group.main(sys.argv[1:], "oidc-provision", standalone_mode=False, obj={})
finally:
    print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def loaded_by(*args: str, folder: Path) -> set[str]:
    """Return the packages that a command has loaded by its end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".src")}
    command = [sys.executable, "-c", CALL, *args]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return set(json.loads(done.stderr.strip().splitlines()[-1]))


@pytest.mark.parametrize(
    "args",
    [
        ("validate", str(EXAMPLE)),
        ("forecast", "--offline", str(EXAMPLE)),
        ("schema",),
        ("explain", "entra-orphan-secret"),
    ],
)
def test_verbs_without_a_tenant_load_no_client_of_it(tmp_path: Path, args: tuple[str, ...]):
    loaded = loaded_by(*args, folder=tmp_path)
    assert "pydantic" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_plan_without_the_extra_names_it(tmp_path: Path):
    (tmp_path / "msgraph.py").write_text("raise ModuleNotFoundError(\"No module named 'msgraph'\", name='msgraph')")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / ".src")]),
        "ENTRA_ADMIN_SECRET": "s3cret-canary",
    }
    command = [sys.executable, "-c", "from oidc_provision.cli.main import main; main()", "plan", str(EXAMPLE)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "needs `msgraph`" in done.stderr and "oidc-provision[entra]" in done.stderr
    assert "Traceback" not in done.stderr and "s3cret-canary" not in done.stdout + done.stderr

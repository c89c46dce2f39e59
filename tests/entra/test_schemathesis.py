"""schemathesis throws at the emulation what the description allows and what it forbids; it lives in an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.entra import describing

# not the content type: a request that is no HTTP is refused by the web server, in plain text
CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance"
LEFT_OUT = ("/$batch", "/applications/delta()")
WHY = "schemathesis is not here: `make test` installs it apart, or SCHEMATHESIS names its program"


@pytest.fixture
def program() -> str:
    found = os.environ.get("SCHEMATHESIS") or shutil.which("schemathesis")
    if not found and os.environ.get("OIDC_PROVISION_REQUIRE_LIVE"):
        pytest.fail(WHY)
    if not found:
        pytest.skip(WHY)
    return found


@pytest.mark.timeout(580)
def test_every_operation_answers_as_described_and_none_with_a_servers_error(tenant, program, tmp_path: Path):
    header = f"Authorization: Bearer {tenant.token}"
    description = tmp_path / "description.json"
    description.write_text(json.dumps(describing.nulls_allowed(describing.document())), encoding="utf-8")
    command = [program, "run", str(description), "--url", f"{tenant.url}/graph/v1.0", "--header", header]
    command += ["--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", "2", "--seed", "1"]
    for path in LEFT_OUT:
        command += ["--exclude-path", path]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=560, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:]
    assert "77 selected" in ran.stdout

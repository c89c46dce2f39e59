"""A stranger's identity provider under the whole command line: plans in a folder, tenants in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
from tests import stranger
from tests.command import Ran

from oidc_provision.cli.main import run
from oidc_provision.provisioners import lock, registry

POINTS = EntryPoints([EntryPoint("stranger", "tests.stranger", registry.GROUP)])


@dataclass
class Here:
    """The working folder with its plans, and the tenants that they are about."""

    folder: Path
    command: Callable[..., Ran]

    def tenant(self, name: str = "acme") -> stranger.Tenant:
        return stranger.TENANTS.setdefault(name, stranger.Tenant())

    def plan(
        self,
        client: str = "coder",
        tenant: str = "acme",
        *,
        file: str = "",
        lifetime: str = "1h",
        secret: str = "",
        more: str = "",
    ) -> Path:
        stated = f", secret: {secret}" if secret else ""
        path = self.folder / (file or "oidc-provision.yaml")
        path.write_text(stranger.PLAN.format(client=client, tenant=tenant, lifetime=lifetime, secret=stated) + more)
        return path


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command line in this process."""

    def called(*args: object) -> Ran:
        capsys.readouterr()
        code = run([str(each) for each in args])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return called


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Ran]) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "entry_points", POINTS.select)
    monkeypatch.setattr(stranger, "TENANTS", {})
    monkeypatch.setattr(lock.tempfile, "gettempdir", lambda: str(tmp_path))
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR"):
        monkeypatch.delenv(name, raising=False)
    return Here(tmp_path, command)

"""The provider in a process of its own, because Django keeps its settings in the process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import RSAKey
from tests.command import ROOT
from tests.verify.verifying import CALLBACK, PASSWORD, SECRET


@dataclass(frozen=True)
class Provider:
    """Where it listens, and what it was asked."""

    url: str
    log: Path

    @property
    def issuer(self) -> str:
        return f"{self.url}/o"

    @property
    def asked(self) -> list[str]:
        """Method, path and status of each request, in order."""
        return self.log.read_text(encoding="utf-8").splitlines()


@contextmanager
def standing(folder: Path, **settings: str) -> Iterator[Provider]:
    """Serve it until the end of the block; `rotation` is on or off, `offline` declared or not."""
    (folder / "key.pem").write_bytes(RSAKey.generate_key(2048).as_pem(private=True))
    given = {"CALLBACK": CALLBACK, "SECRET": SECRET, "USERNAME": "anna", "PASSWORD": PASSWORD, "FOLDER": str(folder)}
    given |= {name.upper(): value for name, value in settings.items()}
    named = {f"PROVIDER_{name}": value for name, value in given.items()}
    environment = {**os.environ, **named, "PYTHONPATH": f"{ROOT}"}
    command = [sys.executable, "-m", "tests.verify.provider.serve"]
    log = folder / "log"
    with log.open("w") as err, subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=err, text=True
    ) as child:  # fmt: skip
        try:
            assert child.stdout is not None
            port = child.stdout.readline().strip()
            assert port, log.read_text(encoding="utf-8")
            yield Provider(f"http://127.0.0.1:{port}", log)
        finally:
            child.kill()

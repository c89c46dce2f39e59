"""Files that hold secrets or settings: read without being fooled, written whole or not at all, whatever is in them."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..plans.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 5 * 1024 * 1024
_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP}


@dataclass(frozen=True, slots=True)
class FileContent:
    """What was read: `mode` are the permission bits, `owner` the user id, of the file itself and not of a link."""

    data: bytes
    mode: int
    owner: int


def read_private(path: Path, *, limit: int = MOST_BYTES) -> FileContent:
    """Return a regular file's content; raises Failed, also for a pipe, a device or more than `limit` bytes."""
    with _named(path, "read"):
        # Without O_NONBLOCK opening a pipe waits for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor, not a path
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise Failed(f"`{path}` is no regular file", fix="name a file")
            data = file.read(limit + 1)
    if len(data) > limit:
        raise Failed(f"`{path}` is larger than {limit} bytes", fix="check that it is the right file")
    return FileContent(data, stat.S_IMODE(status.st_mode), status.st_uid)


def read_text(path: Path, *, limit: int = MOST_BYTES) -> str:
    """Return a file's content as UTF-8 text, line ends as they are; raises Failed."""
    try:
        return read_private(path, limit=limit).data.decode()
    except UnicodeDecodeError as error:
        raise Failed(f"`{path}` is not UTF-8 at byte {error.start}", fix="save it as UTF-8") from None


def make_private_folder(path: Path) -> None:
    """Create a folder and what is missing above it, for us alone; raises Failed."""
    with _named(path, "create the folder"):
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            folder.chmod(_PRIVATE_FOLDER)  # a umask may have taken bits away that we need


def write_private(path: Path, data: bytes) -> None:
    """Put `data` into a file of mode 0600, whole or not at all; raises Failed with the old content still there."""
    with _named(path, "write"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _refuse_foreign(path, folder)
            _replace(path.name, folder, data)
            _sync_folder(folder)
        finally:
            os.close(folder)


def _refuse_foreign(path: Path, folder: int) -> None:
    try:
        status = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(status.st_mode):
        raise Failed(f"`{path}` is a symbolic link and is not followed", fix="name the file that it points to")
    if not stat.S_ISREG(status.st_mode):
        raise Failed(f"`{path}` is no regular file", fix="name a file")
    shared = os.fstat(folder).st_mode
    if shared & stat.S_ISVTX and shared & stat.S_IWOTH and status.st_uid != os.geteuid():
        raise Failed(
            f"`{path}` belongs to somebody else, in a folder open to all", fix="write into a folder of your own"
        )


def _replace(name: str, folder: int, data: bytes) -> None:
    temporary = f".oidc-provision-{secrets.token_hex(8)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, _PRIVATE_FILE, dir_fd=folder)
    try:
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123  # a descriptor, not a path
            os.fchmod(descriptor, _PRIVATE_FILE)
            _write_all(descriptor, data)
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        # Some network file systems have no such thing for folders; the file itself is safe by now.
        if error.errno not in _NO_FOLDER_SYNC:
            raise


@contextmanager
def _named(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cause = (error.strerror or type(error).__name__).lower()
        raise Failed(f"cannot {verb} `{path}`: {cause}", fix=_fix(error.errno)) from error
    except ValueError:
        raise Failed("a path holds a NUL character", fix="correct the path") from None


def _fix(number: int | None) -> str:
    fixes = {
        errno.ENOSPC: "make room on the file system",
        errno.EDQUOT: "make room in the quota",
        errno.EFBIG: "raise the limit on file sizes (`ulimit -f`)",
        errno.EROFS: "name a place that can be written",
        errno.EACCES: "check the permissions of the file and its folder",
        errno.EPERM: "check the permissions of the file and its folder",
        errno.ENOENT: "check the path",
        errno.ENOTDIR: "check the path",
        errno.ELOOP: "check the symbolic links",
        errno.ENAMETOOLONG: "shorten the path",
    }
    return fixes.get(number or 0, "")

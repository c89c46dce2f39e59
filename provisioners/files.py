"""Files that hold secrets or settings: read without being fooled, written whole or not at all, whatever is in them."""

from __future__ import annotations

import errno
import fcntl
import hashlib
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
_TEMPORARY = ".oidc-provision-"
_WRITERS_AT_ONCE = 3
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
            # one byte too many tells that there are more; a size may lie, as that of files in /proc does
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
            with suppress(PermissionError), _opened_folder(folder.parent) as parent:
                _sync_folder(parent)  # else a power cut takes the folder with what was kept in it


def confirm_writable(path: Path, size: int) -> None:
    """Try what `write_private` will do, with `size` bytes, and leave no trace; raises Failed where it would."""
    with _named(path, "write"), _opened_folder(path.parent) as folder:
        _refuse_foreign(path, folder)
        temporary, descriptor = _new_temporary(path.name, folder)
        with open(descriptor, "wb", buffering=0):  # noqa: PTH123  # a descriptor, not a path
            try:
                _write_all(descriptor, bytes(size))
                os.fsync(descriptor)
            finally:
                os.unlink(temporary, dir_fd=folder)


def write_private(path: Path, data: bytes) -> None:
    """Put `data` into a file of mode 0600, whole or not at all; raises Failed with the old content still there."""
    with _named(path, "write"), _opened_folder(path.parent) as folder:
        _refuse_foreign(path, folder)
        _replace(path.name, folder, data)
        _sync_folder(folder)


@contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
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
    temporary, descriptor = _new_temporary(name, folder)
    # renamed, or removed, while it is open: its lock tells others that its writer lives
    with open(descriptor, "wb", buffering=0):  # noqa: PTH123  # a descriptor, not a path
        try:
            os.fchmod(descriptor, _PRIVATE_FILE)
            _write_all(descriptor, data)
            os.fsync(descriptor)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise


def _new_temporary(name: str, folder: int) -> tuple[str, int]:
    """Return a new file, locked, and its name; what killed writers of the same file have left is removed."""
    places = _temporaries(name)
    for temporary in places:
        _remove_abandoned(temporary, folder)
    for temporary in (*places, f"{_TEMPORARY}{secrets.token_hex(8)}.tmp"):
        descriptor = _created(temporary, folder)
        if descriptor is not None:
            return temporary, descriptor
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _temporaries(name: str) -> tuple[str, ...]:
    """The few names that writers of one file use, so that leftovers are found without listing a folder of thousands."""
    mark = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return tuple(f"{_TEMPORARY}{mark}-{number}.tmp" for number in range(_WRITERS_AT_ONCE))


def _created(temporary: str, folder: int) -> int | None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, _PRIVATE_FILE, dir_fd=folder)
    except FileExistsError:
        return None
    with suppress(OSError):  # a file system without locks: then nobody takes our file for abandoned either
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)  # between its birth and its lock it was taken for abandoned
    return None


def _remove_abandoned(temporary: str, folder: int) -> None:
    """Remove the file if it is ours and nobody holds its lock: the kernel releases that of a writer that died."""
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
    with suppress(OSError):
        descriptor = os.open(temporary, flags, dir_fd=folder)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # its writer may have renamed it, and another one begun under the same name, before we had the lock
                if os.path.samestat(status, os.stat(temporary, dir_fd=folder, follow_symlinks=False)):
                    os.unlink(temporary, dir_fd=folder)
        finally:
            os.close(descriptor)


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
        errno.EIO: "check the disk, or name a place on another one",
        errno.EROFS: "name a place that can be written",
        errno.EACCES: "check the permissions of the file and its folder",
        errno.EPERM: "check the permissions of the file and its folder",
        errno.EISDIR: "name a file",
        errno.ENOENT: "check the path",
        errno.ENOTDIR: "check the path",
        errno.ELOOP: "check the symbolic links",
        errno.ENAMETOOLONG: "shorten the path",
    }
    return fixes.get(number or 0, "")

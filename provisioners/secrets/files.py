"""`file:PATH` (the whole file) and `file:PATH#KEY` (a key of a dotenv file), to read and to keep."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...plans.coder_env import CoderEnv
from ...plans.errors import Failed, SecretFailure
from ...plans.formats import dotenv, merge
from ..files import make_private_folder, read_private, write_private
from .context import MOST_BYTES, accept, accept_bytes, failure

if TYPE_CHECKING:
    from ...plans.references import SecretReference
    from ...plans.sealed import Sealed
    from ..files import FileContent
    from .context import SecretContext

_OPEN_TO_OTHERS = 0o066
_MOUNTS = ("/var/run/secrets", "/run/secrets")
_MOST_DOTENV_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileStore:
    """A file, or one key of it, that holds a secret."""

    reference: SecretReference
    path: Path
    key: str = ""

    async def read(self) -> Sealed | None:
        """Return the secret, None where the file or the key is not there or empty; raises SecretFailure."""
        if not _is_there(self.path):
            return None
        content = _guarded(self.reference, self.path, keyed=bool(self.key))
        if self.key:
            found = _keyed(self.reference, content, self.key)
            return accept(found, self.reference) if found else None
        return accept_bytes(content.data, self.reference) if content.data.strip() else None

    async def write(self, value: Sealed) -> None:
        """Keep the secret, other keys as they were; the file is 0600 afterwards. Raises SecretFailure, nothing lost."""
        accept(value.reveal(), self.reference)
        try:
            make_private_folder(self.path.parent)
            write_private(self.path, self._content(value).encode())
        except SecretFailure:
            raise
        except Failed as error:
            raise SecretFailure(error.message, where=str(self.reference), fix=error.fix) from error

    def _content(self, value: Sealed) -> str:
        if not self.key:
            return value.reveal() + "\n"
        existing = ""
        if _is_there(self.path):
            existing = _text(self.reference, read_private(self.path, limit=_MOST_DOTENV_BYTES))
        return merge(existing, CoderEnv().with_entry(self.key, value), "dotenv")


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def open_store(reference: SecretReference, context: SecretContext) -> FileStore:
    """Return the store; raises SecretFailure for a reference without a path."""
    path, key = _place(reference, context)
    return FileStore(reference, path, key)


async def resolve(reference: SecretReference, context: SecretContext) -> Sealed:
    """Return the file's text or its key's value; raises SecretFailure, also for a file that others may read."""
    path, key = _place(reference, context)
    content = _guarded(reference, path, keyed=bool(key))
    if not key:
        return accept_bytes(content.data, reference)
    found = _keyed(reference, content, key)
    if found is None:
        raise failure(reference, f"there is no `{key}` in `{path}`", "check the key after the `#`")
    return accept(found, reference)


def _place(reference: SecretReference, context: SecretContext) -> tuple[Path, str]:
    if not reference.path or "\0" in reference.path:
        raise failure(reference, "it names no file", "write `file:PATH` or `file:PATH#KEY`")
    return context.folder / reference.path, reference.key


def _guarded(reference: SecretReference, path: Path, *, keyed: bool) -> FileContent:
    try:
        content = read_private(path, limit=_MOST_DOTENV_BYTES if keyed else MOST_BYTES + 2)
        is_mount = _is_projected(path)
        link_owner = path.lstat().st_uid
    except Failed as error:
        raise failure(reference, error.message, error.fix) from error
    except OSError as error:
        raise failure(reference, f"cannot read `{path}`: {error.strerror}") from error
    if content.mode & _OPEN_TO_OTHERS and not is_mount:
        raise failure(reference, f"others may read or write `{path}` (mode {content.mode:04o})", f"chmod 600 {path}")
    # who may put links into this folder could name a file that only we may read
    if link_owner != content.owner and not is_mount:
        raise failure(reference, f"`{path}` is a link to a file of another owner", "name the file itself")
    return content


def _is_projected(path: Path) -> bool:
    # Kubernetes writes KEY -> ..data/KEY and ..data -> ..TIMESTAMP, and its files are 0644 unless told otherwise.
    if path.is_symlink() and path.readlink().parts[:1] == ("..data",) and (path.parent / "..data").is_symlink():
        return True
    resolved = path.resolve()
    return any(resolved.is_relative_to(Path(mount).resolve()) for mount in _MOUNTS)


def _keyed(reference: SecretReference, content: FileContent, key: str) -> str | None:
    try:
        return dotenv.value_of(_text(reference, content), key)
    except SecretFailure:
        raise
    except Failed as error:
        raise failure(reference, error.message, error.fix) from error


def _text(reference: SecretReference, content: FileContent) -> str:
    try:
        return content.data.decode()
    except UnicodeDecodeError:
        raise failure(reference, "it is not UTF-8", "save the file as UTF-8") from None

"""Reads plan files from disk: named ones, and those of named folders. What stands in them is `plans.load`'s affair."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ..plans.errors import PlanError, Position, Problem
from ..plans.yaml_events import MAX_BYTES

_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_USUAL: Final = 64 * 1024
_KINDS: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_plan_files(paths: Sequence[str], limit: int = MAX_BYTES) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file, a folder's files in the order of their names; a file named twice comes once.

    Raises PlanError for what cannot be read, has more than `limit` bytes or is no regular file; never waits for a pipe.
    """
    seen: set[str] = set()
    for path in paths:
        for file in _files(path):
            if file not in seen:
                seen.add(file)
                yield file, _content(file, limit)


def _files(path: str) -> list[str]:
    try:
        folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116  # a path with a NUL must end here, as an error of ours
        names = sorted(entry.name for entry in Path(path).iterdir() if entry.suffix in _SUFFIXES) if folder else []
    except (OSError, ValueError) as error:
        raise _failure(path, _reason(error)) from error
    if folder and not names:
        raise _failure(path, "the folder holds no plan", "plans end in .yaml or .yml; folders in it are not searched")
    return [str(Path(path) / name) for name in names] if folder else [path]


def _content(file: str, limit: int) -> bytes:
    try:
        with open(file, "rb", opener=_without_waiting) as stream:  # pathlib has no opener
            _refuse_other_than_regular(file, os.fstat(stream.fileno()).st_mode)
            # most plans are small, and a read of so many bytes takes memory for all of them first: half the time to load a fleet
            content = stream.read(min(_USUAL, limit + 1))
            # one byte too many tells that there are more, without reading them
            if len(content) == _USUAL:
                content += stream.read(limit + 1 - _USUAL)
    except OSError as error:
        raise _failure(file, _reason(error)) from error
    if len(content) > limit:
        raise _failure(file, f"the file has more than {limit:,} bytes, which is no plan")
    return content


def _without_waiting(file: str, flags: int) -> int:
    """Open a pipe without waiting for its writer, as reading one otherwise would."""
    return os.open(file, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _refuse_other_than_regular(file: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        what = next((words for is_kind, words in _KINDS if is_kind(mode)), "something else")
        raise _failure(file, f"this is {what}, not a plan file")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "this is a folder, not a plan file"
    return (
        f"cannot be read: {error.strerror.lower()}"
        if isinstance(error, OSError) and error.strerror
        else "cannot be read"
    )


def _failure(file: str, message: str, fix: str = "") -> PlanError:
    return PlanError((Problem(message, Position(file), fix),))

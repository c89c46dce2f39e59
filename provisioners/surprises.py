"""An exception that is none of ours, out of a provisioner: told as the bug it is, so that what others did is not lost with it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from ..plans.errors import Failed, ProvisionError
from .foreign_words import printable

_FIX = "this is a bug of the provisioner, unless the cause lies outside and passes: run again, and report what --debug prints"


class Unforeseen(Failed):
    """A bug of a provisioner; the exception that it was is the cause."""


def told(error: Exception, during: str) -> ProvisionError:
    """Return an error of ours as it is; any other as a failure that names type, words and place, with the error as its cause."""
    if isinstance(error, ProvisionError):
        return error
    words = printable(str(error))
    named = f"{type(error).__name__}: {words}" if words else type(error).__name__
    failed = Unforeseen(f"{during} ended in what nobody foresaw: {named}", where=_place(error), fix=_FIX)
    # `raise ... from` does the same, but there is nobody to catch it
    failed.__cause__ = error
    return failed


@contextmanager
def telling(during: str) -> Iterator[None]:
    """Let what is raised within come out as `told` says."""
    try:
        yield
    except ProvisionError:
        raise
    except Exception as error:
        raise told(error, during) from error


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    # the folder is the kind's name; the whole path would be that of somebody's home
    return f"{'/'.join(PurePath(last.filename).parts[-2:])}:{last.lineno} in {last.name}"

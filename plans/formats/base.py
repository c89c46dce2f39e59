"""What every sink shares: its options, what no environment variable can carry, the comments between the lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Failed, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..coder_env import CoderEnv, EnvEntry

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """What a sink may need to know beyond the settings.

    `service` is compose's service, `kubernetes_secret` the existing Secret that holds the client secret (helm), `name`
    and `namespace` those of the Secret manifest.
    """

    show_secrets: bool = False
    service: str = "coder"
    kubernetes_secret: str = ""
    name: str = "coder-oidc"
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a file: foreign text, or the assignment of `name` with what stands before and after it on its line."""

    text: str
    name: str = ""
    head: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class LineFormat:
    """A sink of one assignment a line: `assign` writes one without line end, `split` loses no byte of a file."""

    assign: Callable[[str, str], str]
    split: Callable[[str], tuple[Segment, ...]]


@dataclass(frozen=True, slots=True)
class Format:
    """One sink. `lines` is there where a file can be merged into."""

    name: str
    summary: str
    render: Callable[[CoderEnv, FormatOptions], str]
    lines: LineFormat | None = None


def refuse(name: str, sink: str, why: str, fix: str = "write it in another format") -> Failed:
    """Return the error for a value that a sink cannot carry. The value stays out of it."""
    return Failed(f"`{name}` cannot be written as {sink}: {why}", fix=fix)


def check_any(name: str, value: str, sink: str) -> str:
    """Return the value if an environment variable can hold it at all; raises Failed."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"`{_CONTROL.sub('?', name)}` is no name of an environment variable")
    if "\0" in value:
        raise refuse(name, sink, "there is a NUL character in it", "take it out, no environment can hold one")
    if _SURROGATE.search(value):
        raise refuse(name, sink, "it is not valid Unicode", "give it as UTF-8")
    return value


def is_shown(entry: EnvEntry, options: FormatOptions) -> bool:
    """Tell whether an entry's value is written."""
    return options.show_secrets or not entry.is_secret


def remarks(entry: EnvEntry, options: FormatOptions) -> Iterator[str]:
    """Yield the comments that go before an entry, `# ` included."""
    for line in entry.note.splitlines():
        # systemd before 254 continues a comment that ends in a backslash.
        yield f"# {_CONTROL.sub(' ', line)}".rstrip("\\ ")
    if not is_shown(entry, options):
        yield f"# {entry.name} is a secret and left out; --show-secrets writes it"

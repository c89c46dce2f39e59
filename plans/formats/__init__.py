"""The sinks: one file each, all of them text in, text out. Names of formats are what `--format` takes.

What a sink cannot carry it refuses (`Failed`), naming the variable. A secret that was not asked for is left out, with a
comment where the sink has comments; no placeholder ever stands in for it, because Coder would start with one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError
from . import coder_yaml, compose, docker, dotenv, helm, json_object, kubernetes, shell, systemd
from .base import Format, FormatOptions
from .lines import merge_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..coder_env import CoderEnv

__all__ = ["FORMATS", "Format", "FormatOptions", "merge", "named"]

_ALL: tuple[Format, ...] = (
    dotenv.FORMAT,
    docker.FORMAT,
    systemd.FORMAT,
    shell.FORMAT,
    compose.FORMAT,
    helm.FORMAT,
    kubernetes.FORMAT,
    json_object.FORMAT,
    coder_yaml.FORMAT,
)
FORMATS: Mapping[str, Format] = {each.name: each for each in _ALL}


def named(name: str) -> Format:
    """Return the format of that name; raises UsageError with the names there are."""
    if name not in FORMATS:
        raise UsageError(f"there is no format `{name}`", fix=f"use one of {', '.join(FORMATS)}")
    return FORMATS[name]


def merge(existing: str, env: CoderEnv, name: str) -> str:
    """Return a file's text with our names set, secrets included, and everything else as it was.

    Raises UsageError where the format is no list of lines, Failed where the text cannot be taken apart without a doubt.
    """
    chosen = named(name)
    if chosen.lines is None:
        able = ", ".join(each.name for each in FORMATS.values() if each.lines is not None)
        raise UsageError(f"a `{name}` file cannot be merged into", fix=f"use one of {able}, or write a file of its own")
    return merge_lines(existing, env, chosen.lines)

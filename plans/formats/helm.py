"""Values for Coder's Helm chart: the list `coder.env`.

Kubernetes expands `$(NAME)` in a container's `value`, so such a `$` is doubled.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from .base import Format, check_any, is_shown, remarks
from .yaml_text import quoted

if TYPE_CHECKING:
    from ..coder_env import CoderEnv, EnvEntry
    from .base import FormatOptions

# A single `$` before anything but `(` is itself; `$$` is read as one `$`.
_EXPANDED = re.compile(r"\${2,}|\$(?=\()")


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return a values file; with `kubernetes_secret` the secret comes from there, its key the variable's name."""
    lines = [line for entry in env.entries for line in _entry(entry, options)]
    empty = "" if any(line.startswith("-") for line in lines) else " []"
    return f"coder:\n  env:{empty}\n" + "".join(f"    {line}\n" for line in lines)


def _entry(entry: EnvEntry, options: FormatOptions) -> list[str]:
    value = check_any(entry.name, entry.plain(), "Helm values")
    # a values file is committed more often than not: the secret is named there, and stays elsewhere
    if entry.is_secret and options.kubernetes_secret:
        where = f"          name: {quoted(options.kubernetes_secret)}", f"          key: {entry.name}"
        notes = remarks(entry, replace(options, show_secrets=True))
        return [*notes, f"- name: {entry.name}", "  valueFrom:", "    secretKeyRef:", *(line[4:] for line in where)]
    shown = [f"- name: {entry.name}", f"  value: {quoted(_EXPANDED.sub(lambda match: match[0] * 2, value))}"]
    return [*remarks(entry, options), *(shown if is_shown(entry, options) else ())]


FORMAT = Format("helm", "coder.env of Coder's Helm chart", render)

"""A compose file's `environment:` map. Compose expands `$`, so each is doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Format, check_any, is_shown, remarks
from .yaml_text import quoted

if TYPE_CHECKING:
    from ..coder_env import CoderEnv
    from .base import FormatOptions

_INDENT = " " * 6


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return a compose file that holds the service's environment and nothing else."""
    lines: list[str] = []
    for entry in env.entries:
        lines += remarks(entry, options)
        if is_shown(entry, options):
            value = check_any(entry.name, entry.plain(), "compose").replace("$", "$$")
            lines.append(f"{entry.name}: {quoted(value)}")
    empty = "" if any(is_shown(entry, options) for entry in env.entries) else " {}"
    head = f"services:\n  {quoted(options.service)}:\n    environment:{empty}\n"
    return head + "".join(f"{_INDENT}{line}\n" for line in lines)


FORMAT = Format("compose", "the environment of a compose service", render)

"""A Kubernetes Secret whose keys are the variables, to be named under `envFrom`. Nothing is expanded on that way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Format, check_any, is_shown, remarks
from .yaml_text import quoted

if TYPE_CHECKING:
    from ..coder_env import CoderEnv
    from .base import FormatOptions


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return the manifest, values as `stringData`."""
    lines: list[str] = []
    for entry in env.entries:
        lines += remarks(entry, options)
        if is_shown(entry, options):
            # `stringData`: in base64 nobody could review what is no secret
            lines.append(f"{entry.name}: {quoted(check_any(entry.name, entry.plain(), 'a Secret'))}")
    empty = "" if any(is_shown(entry, options) for entry in env.entries) else " {}"
    return _head(options) + f"stringData:{empty}\n" + "".join(f"  {line}\n" for line in lines)


def _head(options: FormatOptions) -> str:
    namespace = f"  namespace: {quoted(options.namespace)}\n" if options.namespace else ""
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {quoted(options.name)}\n{namespace}type: Opaque\n"


FORMAT = Format("kubernetes", "a Secret manifest", render)

"""One flat JSON object, name to string. It has no comments, so a secret that was not asked for is simply not there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .base import Format, check_any, is_shown

if TYPE_CHECKING:
    from ..coder_env import CoderEnv
    from .base import FormatOptions


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return the object, one name a line."""
    shown = [entry for entry in env.entries if is_shown(entry, options)]
    flat = {entry.name: check_any(entry.name, entry.plain(), "JSON") for entry in shown}
    return json.dumps(flat, ensure_ascii=False, indent=2) + "\n"


FORMAT = Format("json", "one flat object, name to string", render)

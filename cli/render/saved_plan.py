"""A saved plan as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...plans.saved import SavedPlan
from .errors import visible
from .json_plan import readable_json

SYMBOLS = {"create": "+", "update": "~", "delete": "-"}


def render_saved(saved: SavedPlan) -> str:
    """Return what a saved plan would do, field by field."""
    lines: list[str] = []
    for target, changes in saved.changes.items():
        if changes:
            lines += [visible(target), *(line for change in changes for line in _change(change))]
    lines += ["No changes."] if not lines else []
    lines += ["", f"digest {saved.digest}", "made from " + ", ".join(visible(name) for name, _ in saved.plans)]
    return "\n".join(lines) + "\n"


def _change(change: Mapping[str, Any]) -> Iterator[str]:
    symbol, words = ("!", " needs a human") if change.get("manual") else (SYMBOLS.get(change["action"], "?"), "")
    yield f"  {symbol} {visible(change['address'])}{words}"
    if change.get("manual"):
        yield f"      {visible(change['manual'])}"
    for edit in change["edits"]:
        yield f"      {visible(edit['field'])}: {_shown(edit['before'])} -> {_shown(edit['after'])}"


def _shown(value: object) -> str:
    return "(absent)" if value is None else visible(json.dumps(value, ensure_ascii=False))


def saved_json(saved: SavedPlan) -> str:
    """Return a saved plan's decisions as JSON; the plans in it hold references only."""
    whole = {"digest": saved.digest, "complete": saved.complete, "changes": saved.changes, "seen": saved.seen}
    plans = [{"file": name, "plan": json.loads(text)} for name, text in saved.plans]
    return readable_json({**whole, "plans": plans})

"""Field values as a person reads them."""

from __future__ import annotations

import json

from ...plans.durations import format_duration
from ...plans.resources import Generated, Value
from ...plans.sealed import Sealed
from .errors import visible

LIFETIME_WORDS = ("timeout", "lifespan", "lifetime", "Timeout", "Lifespan", "Lifetime")


def shown(field: str, value: Value) -> str:
    """Return a value for the plan's text: sets in brackets, lifetimes with their unit, secrets never."""
    if value is None or isinstance(value, Sealed | Generated):
        return "(absent)" if value is None else repr(value)
    if isinstance(value, frozenset):
        return "[" + ", ".join(visible(each) for each in sorted(value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{format_duration(value)} ({value} s)" if value > 0 and field.endswith(LIFETIME_WORDS) else str(value)
    return json.dumps(visible(value), ensure_ascii=False)


def members_changed(before: Value, after: Value) -> tuple[list[str], list[str]]:
    """Return what a set gains and loses, sorted."""
    old = before if isinstance(before, frozenset) else frozenset()
    new = after if isinstance(after, frozenset) else frozenset()
    return sorted(new - old), sorted(old - new)

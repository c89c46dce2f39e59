"""The published schema of `plan --format json`, as it ships in the package."""

from __future__ import annotations

from pathlib import Path

SCHEMA = Path(__file__).with_name("plan-output.schema.json")


def plan_output_schema() -> str:
    """Return the schema's text."""
    return SCHEMA.read_text(encoding="utf-8")

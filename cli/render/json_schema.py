"""The published schemas of what verbs print as JSON, as they ship in the package: `<verb>-output.schema.json`."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
OUTPUTS = ("plan-output", "verify-output", "forecast-output", "doctor-output")


def output_schema(name: str) -> str:
    """Return a schema's text, by one of the names of `OUTPUTS`."""
    return (HERE / f"{name}.schema.json").read_text(encoding="utf-8")

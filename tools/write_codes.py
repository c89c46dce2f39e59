"""Write docs/codes.md, a section for every finding code, from the registers; a test holds the page to them."""

from __future__ import annotations

import textwrap
from pathlib import Path

from oidc_provision.cli.explaining import every_rule

TARGET = Path(__file__).resolve().parent.parent / "docs" / "codes.md"
HEAD = """\
# Finding codes

A finding is a judgement about a plan and the live state; it changes nothing by itself. `error` refuses apply (exit code 4), `warning` and
`info` are shown. `oidc-provision explain CODE` prints these texts. This page is written by `tools/write_codes.py`.
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for rule in every_rule().values():
        source = f"\n\nSource: {rule.source}." if rule.source else ""
        parts.append(
            f"## {rule.code}\n\n*{rule.severity.value}*: {rule.title}.\n\n{textwrap.fill(rule.why, 140)}{source}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")

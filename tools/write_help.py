"""Write cli/help.txt, the text that `oidc-provision --help` prints without importing click; a test holds it to click's own."""

from __future__ import annotations

from pathlib import Path

from oidc_provision.cli.group import PROGRAM, group

TARGET = Path(__file__).resolve().parent.parent / "cli" / "help.txt"


def help_text() -> str:
    """Return the group's help as click renders it at 80 columns."""
    context = group.make_context(PROGRAM, [], resilient_parsing=True, terminal_width=80, max_content_width=80)
    return group.get_help(context) + "\n"


if __name__ == "__main__":
    TARGET.write_text(help_text(), encoding="utf-8")

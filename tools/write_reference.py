"""Write docs/cli.md, every verb with its arguments and options, from the commands themselves; a test holds the page to them."""

from __future__ import annotations

from pathlib import Path

import click

from oidc_provision.cli.group import PROGRAM, VERBS, group

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
HEAD = """\
# Command line

What `oidc-provision VERB --help` prints, in one place. Exit codes are in [pipelines](pipelines.md), the variables that set options in
[environment](environment.md). This page is written by `tools/write_reference.py`.
"""


def reference() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(_section(verb) for verb in VERBS)])


def _section(verb: str) -> str:
    parent = group.make_context(PROGRAM, [], resilient_parsing=True)
    command = group.get_command(parent, verb)
    assert command is not None  # noqa: S101  # a verb that the group lists
    context = command.make_context(verb, [], parent=parent, resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context))
    rows = [_row(option, context) for option in command.params if isinstance(option, click.Option)]
    table = "\n".join(["| option | | variable |", "|---|---|---|", *rows])
    return f"## {verb}\n\n    {PROGRAM} {verb} {usage}\n\n{_prose(command)}\n\n{table}\n"


def _prose(command: click.Command) -> str:
    text = (command.help or "").replace("\b\n", "")
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _row(option: click.Option, context: click.Context) -> str:
    names, about = option.get_help_record(context) or ("", "")
    variable = option.envvar if isinstance(option.envvar, str) else ""
    return f"| `{_cell(names)}` | {_cell(about)} | {f'`{variable}`' if variable else ''} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")

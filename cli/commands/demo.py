"""`demo`: the whole story against an emulation, in a few seconds."""

from __future__ import annotations

import click

from ..console import Console
from ..options import talk_options


@click.command("demo")
@click.option(
    "--idp",
    "kind",
    default="keycloak",
    show_default=True,
    metavar="TYPE",
    help="The identity provider to emulate.",
)
@talk_options
def command(console: Console, kind: str) -> int:
    """Show plan, apply, env, a real sign-in and refresh, a drift found and repaired, and a forecast. Needs no server, changes nothing of yours."""
    from ..demonstrating import demonstrate  # noqa: PLC0415  # a web server, which --help must not load

    return demonstrate(console, kind)

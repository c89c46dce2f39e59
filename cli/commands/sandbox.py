"""`sandbox`: emulated identity providers on loopback."""

from __future__ import annotations

import click

from ..console import Console
from ..options import talk_options


@click.command("sandbox")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8088,
    show_default=True,
    help="The port of loopback to listen on; 0 takes a free one.",
)
@click.option("--state", metavar="FILE", default="", help="Keep everything in this file (0600) instead of in memory.")
@talk_options
def command(console: Console, port: int, state: str) -> int:
    """Run emulated identity providers on loopback until Ctrl-C, and print how to connect to them."""
    from ..sandboxing import run_sandbox  # noqa: PLC0415  # a web server, which --help must not load

    return run_sandbox(console, port, state)

"""`explain`: what a finding code or an exit code means."""

from __future__ import annotations

import click

from ..console import Console
from ..exit_codes import DONE
from ..options import talk_options


@click.command("explain")
@click.argument("code", metavar="CODE", required=False)
@talk_options
def command(console: Console, code: str | None) -> int:
    """Explain a finding code or an exit code; without one, list them all."""
    from ..explaining import explanation, listing  # noqa: PLC0415  # pydantic, which --help must not load

    console.out(listing() if code is None else explanation(code))
    return DONE

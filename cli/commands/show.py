"""`show`: a saved plan, as it was made."""

from __future__ import annotations

from pathlib import Path

import click

from ..console import Console
from ..exit_codes import DONE
from ..options import talk_options


@click.command("show")
@click.argument("saved_plan", metavar="SAVED", type=click.Path(readable=False))
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it."
)
@talk_options
def command(console: Console, saved_plan: str, form: str) -> int:
    """Print what a saved plan would do, its digest, and the plans it was made from."""
    from ...plans.saved import LARGEST, parse  # noqa: PLC0415  # pydantic, which --help must not load
    from ...provisioners.files import read_private  # noqa: PLC0415  # as above
    from ..render.saved_plan import render_saved, saved_json  # noqa: PLC0415  # as above

    saved = parse(read_private(Path(saved_plan), limit=LARGEST).data, saved_plan)
    console.out(saved_json(saved) if form == "json" else render_saved(saved))
    return DONE

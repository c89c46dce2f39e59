"""`forecast`: when users are signed out, and what decides it."""

from __future__ import annotations

import click

from ..options import Common, network_options, paths_argument


@click.command("forecast")
@paths_argument
@click.option("--offline", is_flag=True, help="Compute from the plans alone, without asking any server.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--output", metavar="FORM=FILE[,...]", default="", help="Also write renderings to files: text, json, md, svg."
)
@network_options
def command(common: Common, paths: tuple[str, ...], offline: bool, form: str, output: str) -> int:
    """Say when a user is signed out who works daily, or is away a weekend, a fortnight, a month, and what decides it. Only reads."""
    from ..forecasting import forecast  # noqa: PLC0415  # pydantic and httpx, which --help must not load

    return forecast(common, paths, offline=offline, form=form, outputs=output)

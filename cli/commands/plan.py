"""`plan`: what apply would change. Only reads."""

from __future__ import annotations

import click

from ..options import Common, fleet_options, network_options, paths_argument


@click.command("plan")
@paths_argument
@click.option("--out", metavar="FILE", default="", help="Save the plan for `apply FILE`.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.option("--output", metavar="FORM=FILE[,...]", default="", help="Also write renderings to files: text, json, md.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")
@click.option(
    "--rotate-secret",
    "rotate",
    multiple=True,
    metavar="CLIENT",
    help="Also show the replacement of this client's secret.",
)
@fleet_options
@network_options
def command(
    common: Common,
    paths: tuple[str, ...],
    out: str,
    form: str,
    output: str,
    detailed_exitcode: bool,
    rotate: tuple[str, ...],
    targets: tuple[str, ...],
    shard: str,
) -> int:
    """Show what apply would change, and what is wrong or risky about it. Only reads."""
    from ..planning import Wish, plan  # noqa: PLC0415  # pydantic and httpx, which --help must not load

    wish = Wish(paths, shard, frozenset(targets), frozenset(rotate))
    return plan(common, wish, saved_to=out, form=form, outputs=output, detailed=detailed_exitcode)

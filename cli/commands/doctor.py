"""`doctor`: why users are signed out, out of what Coder left behind."""

from __future__ import annotations

import click

from ..options import Common, network_options


@click.command("doctor")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(readable=False))
@click.option(
    "--as",
    "form",
    type=click.Choice(["log", "har", "metrics"]),
    default=None,
    help="What FILE is, where its beginning does not tell.",
)
@click.option("--error", "errors", metavar="TEXT", multiple=True, help="An error that somebody saw; repeatable.")
@click.option("--metrics", metavar="FILE|URL", default="", help="A page of Coder's Prometheus metrics, or its address.")
@click.option("--har", metavar="FILE", default="", help="What a browser recorded (HAR).")
@click.option(
    "--database",
    metavar="REF",
    default="",
    help="Where the connection string of Coder's database is, as env:NAME; it is only read.",
)
@click.option("--sql", is_flag=True, help="Print what --database would ask, for a person to run.")
@click.option("--show-users", is_flag=True, help="With --database or --sql: name those who have no refresh token.")
@click.option(
    "--away",
    metavar="DAYS",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="With --database or --sql: count who has not signed in for so long.",
)
@click.option(
    "--issuer", metavar="URL", default="", help="The issuer that users should be linked to; the plan's if left out."
)
@click.option("--plan", metavar="PATH", default="", help="Make the advice fit this plan file. No server is asked.")
@click.option(
    "--coder-version", metavar="VERSION", default="", help="The release of Coder, as 2.34; the plan's if left out."
)
@click.option("--strict", is_flag=True, help="Exit 1 also where nothing is known, or there are only hints.")
@click.option(
    "--format",
    "form_out",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.option("--output", metavar="FORM=FILE[,...]", default="", help="Also write renderings to files: text, json, md.")
@network_options
def command(common: Common, files: tuple[str, ...], **given: object) -> int:
    """Name what is wrong, with evidence and a fix, from logs (- for stdin; .gz too), metrics, a HAR, errors or the database.

    A log of any length is read in little memory. No token is ever printed. Ends with 1 where a cause was found.
    """
    from ..doctoring import diagnose, wish_of  # noqa: PLC0415  # pydantic and yaml, which --help must not load

    return diagnose(common, wish_of(files, given))

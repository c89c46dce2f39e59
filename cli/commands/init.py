"""`init`: a first plan file."""

from __future__ import annotations

import click

from ..console import Console
from ..options import talk_options


@click.command("init")
@click.option("--type", "kind", default="", metavar="TYPE", help="The identity provider type, such as keycloak.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the identity provider, such as url=...; repeatable.",
)
@click.option("--access-url", default="", metavar="URL", help="Coder's access URL.")
@click.option("--coder-version", default="", metavar="VERSION", help="Coder's version.")
@click.option("--client-id", default="coder", show_default=True, metavar="ID", help="The client id to create or adopt.")
@click.option(
    "--output", default="oidc-provision.yaml", show_default=True, metavar="FILE", help="The file to write; - prints it."
)
@talk_options
def command(
    console: Console,
    kind: str,
    settings: tuple[str, ...],
    access_url: str,
    coder_version: str,
    client_id: str,
    output: str,
) -> int:
    """Write a first plan file; asks on a terminal for what no flag gives."""
    from ..starting import Answers, start  # noqa: PLC0415  # pydantic, which --help must not load

    return start(console, Answers(kind, settings, access_url, coder_version, client_id), output)

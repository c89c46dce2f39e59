"""`import`: the plan of a client that exists already."""

from __future__ import annotations

import click

from ..options import Common, network_options


@click.command("import")
@click.argument("client_id", metavar="CLIENT")
@click.option("--type", "kind", required=True, metavar="TYPE", help="The identity provider type, such as keycloak.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the identity provider, such as url=...; repeatable.",
)
@click.option("--access-url", required=True, metavar="URL", help="Coder's access URL.")
@click.option("--coder-version", default="", metavar="VERSION", help="Coder's version.")
@click.option("--output", metavar="FILE", default="", help="Write to this file instead of stdout.")
@network_options
def command(
    common: Common,
    client_id: str,
    kind: str,
    settings: tuple[str, ...],
    access_url: str,
    coder_version: str,
    output: str,
) -> int:
    """Write the smallest plan for an existing client, for which `plan` finds nothing to change."""
    from ..adopting import Adoption, adopt  # noqa: PLC0415  # pydantic and httpx, which --help must not load

    return adopt(common, Adoption(kind, settings, client_id, access_url, coder_version, output))

"""`env`: the CODER_OIDC_* settings that match the live client."""

from __future__ import annotations

import click

from ..options import Common, network_options, paths_argument

FORMS = ["dotenv", "docker", "systemd", "shell", "compose", "helm", "kubernetes", "json", "coder-yaml"]


@click.command("env")
@paths_argument
@click.option(
    "--format", "form", type=click.Choice(FORMS), default="dotenv", show_default=True, help="The sink to write for."
)
@click.option(
    "--output", metavar="FILE", default="", help="Write to this file (0600) instead of stdout, secrets included."
)
@click.option("--show-secrets", is_flag=True, help="Print the client secret too.")
@click.option(
    "--secret-name", metavar="NAME", default="", help="Helm: the Kubernetes secret that holds the client secret."
)
@network_options
def command(
    common: Common, paths: tuple[str, ...], form: str, output: str, show_secrets: bool, secret_name: str
) -> int:
    """Print the settings for Coder, read from the live client. Without --show-secrets the secret's line is left out."""
    from ..emitting import Emission, emit  # noqa: PLC0415  # pydantic and httpx, which --help must not load

    return emit(common, paths, Emission(form, output, show_secrets, secret_name))

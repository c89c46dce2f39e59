"""`apply`: make the live state match the plans, and prove that it does."""

from __future__ import annotations

import click

from ..options import Common, fleet_options, network_options, paths_argument


@click.command("apply")
@paths_argument
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("--expect", metavar="DIGEST", default="", help="Refuse unless the changes have this digest.")
@click.option("--force", metavar="REASON", default="", help="Go past a brake; the reason is printed.")
@click.option(
    "--rotate-secret", "rotate", multiple=True, metavar="CLIENT", help="Replace this client's secret; repeatable."
)
@click.option("--env-file", metavar="FILE", default="", help="Merge the CODER_* settings into this file.")
@click.option(
    "--env-format",
    type=click.Choice(["dotenv", "docker", "systemd", "shell"]),
    default="dotenv",
    show_default=True,
    help="Its form.",
)
@fleet_options
@network_options
def command(
    common: Common,
    paths: tuple[str, ...],
    auto_approve: bool,
    expect: str,
    force: str,
    rotate: tuple[str, ...],
    env_file: str,
    env_format: str,
    targets: tuple[str, ...],
    shard: str,
) -> int:
    """Change the identity provider so that it matches the plans, or a saved plan; then look again: nothing may be left."""
    from ..applying import Consent, EnvFile, apply  # noqa: PLC0415  # pydantic and httpx, which --help must not load
    from ..planning import Wish  # noqa: PLC0415  # as above

    wish = Wish(paths, shard, frozenset(targets), frozenset(rotate))
    return apply(
        common, wish, Consent(auto_approve, expect, force), EnvFile(env_file, env_format) if env_file else None
    )

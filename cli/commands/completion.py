"""`completion`: the script that completes commands and options in a shell."""

from __future__ import annotations

import click

from ..exit_codes import DONE


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of a shell; source it from the shell's start-up file."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # only this verb needs it

    from ..group import PROGRAM, group  # noqa: PLC0415  # group imports this module

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(group, {}, PROGRAM, "_OIDC_PROVISION_COMPLETE").source())
    return DONE

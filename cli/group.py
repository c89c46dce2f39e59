"""The command group: verbs are imported when they are called, and their one-line help stands here."""

from __future__ import annotations

from importlib import import_module

import click

from .exit_codes import DONE

VERBS = {
    "demo": "Show it all against an emulated identity provider.",
    "init": "Write a first plan file, asking for what it needs.",
    "validate": "Check plan files without asking any server.",
    "plan": "Show what apply would change.",
    "show": "Print a saved plan.",
    "apply": "Change the identity provider so that it matches the plans.",
    "verify": "Prove that refresh tokens work, with a real sign-in if wanted.",
    "forecast": "Say when users will be signed out, and why.",
    "doctor": "Name why users are signed out, from logs, metrics or errors.",
    "env": "Print the CODER_OIDC_* settings that match.",
    "import": "Write the plan of a client that exists already.",
    "sandbox": "Run emulated identity providers on loopback.",
    "schema": "Print the JSON Schema of plan files, for editors.",
    "explain": "Explain a finding code or an exit code.",
    "completion": "Print the completion script of a shell.",
}
MODULES = {"import": "import_plan", "schema": "schema_of_plans"}
PROGRAM = "oidc-provision"


class Verbs(click.Group):
    """A group that knows its verbs' names and one-line help without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the verbs in the order of a day's work."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Return the verb's command, imported now."""
        if cmd_name not in VERBS:
            return None
        module = import_module(f".commands.{MODULES.get(cmd_name, cmd_name)}", __package__)
        return _with_variables(module.command, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that is meant; a typing error is answered with the nearest one."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib  # noqa: PLC0415  # only for a typing error

            close = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write the verbs with their help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


def _with_variables(command: click.Command, verb: str) -> click.Command:
    """Let OIDC_PROVISION_VERB_FLAG set each option: click would ask for the name that the code has for it."""
    for option in command.params:
        if isinstance(option, click.Option) and option.envvar is None:
            flag = max(option.opts, key=len).removeprefix("--")
            option.envvar = f"OIDC_PROVISION_{verb}_{flag}".replace("-", "_").upper()
    return command


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's signature
    if value and not ctx.resilient_parsing:
        from .. import __version__  # noqa: PLC0415  # the package's own line

        click.echo(f"{PROGRAM} {__version__}")
        ctx.exit(DONE)


@click.command(
    cls=Verbs,
    name=PROGRAM,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "OIDC_PROVISION"},
)
@click.option(
    "--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Print the version."
)
@click.pass_context
def group(ctx: click.Context) -> None:
    """OIDC refresh tokens that work between an identity provider and Coder, as code."""
    ctx.ensure_object(dict)

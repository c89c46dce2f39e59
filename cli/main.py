"""The command group: verbs load when they are called, and errors become exit codes. The only place that exits."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from .exit_codes import DONE, FAILED, INTERRUPTED, USAGE

VERBS = {
    "init": "Write a first plan file, asking for what it needs.",
    "validate": "Check plan files without asking any server.",
    "plan": "Show what apply would change.",
    "show": "Print a saved plan.",
    "apply": "Change the identity provider so that it matches the plans.",
    "env": "Print the CODER_OIDC_* settings that match.",
    "import": "Write the plan of a client that exists already.",
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
        return module.command  # type: ignore[no-any-return]  # each verb's module has one

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


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its documented code."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run the command line and return its exit code; every error a user can cause ends as one message on stderr."""
    state: dict[str, Any] = {}
    try:
        outcome = group.main(args=argv, prog_name=PROGRAM, standalone_mode=False, obj=state)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        return _usage(error)
    except BrokenPipeError:
        return _without_reader()
    except Exception as error:  # noqa: BLE001  # the last place: no traceback is shown unless it was asked for
        return _failed(error, state)
    return outcome if isinstance(outcome, int) else DONE


def _usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        _say(context.get_usage())
    _say(f"error: {error.format_message()}")
    return USAGE


def _without_reader() -> int:
    """Whoever read our output has gone, as `| head` does; Python would complain once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return FAILED


def _failed(error: Exception, state: dict[str, Any]) -> int:
    from ..plans.errors import ProvisionError  # noqa: PLC0415  # --help needs no error tree
    from .render.errors import render_error, render_surprise  # noqa: PLC0415  # as above

    console = state.get("console")
    clean = console.clean if console is not None else str
    if state.get("debug"):
        import traceback  # noqa: PLC0415  # only when asked for

        _say(clean("".join(traceback.format_exception(error))))
    if isinstance(error, ProvisionError):
        from .exit_codes import code_of  # noqa: PLC0415  # as above

        _say(clean(render_error(error)))
        return code_of(error)
    _say(clean(render_surprise(error)))
    return FAILED


def _say(text: str) -> None:
    try:
        sys.stderr.write(
            text.rstrip("\n")
            .encode(sys.stderr.encoding or "utf-8", "backslashreplace")
            .decode(sys.stderr.encoding or "utf-8")
            + "\n"
        )
    except (BrokenPipeError, ValueError, OSError):
        return

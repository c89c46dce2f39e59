"""Options that several verbs share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .console import Console, open_console

if TYPE_CHECKING:
    from ..provisioners.session import SessionSettings
    from ..provisioners.traffic import Exchange
    from .progress import Progress

DEFAULT_PLAN = "oidc-provision.yaml"


@dataclass(frozen=True, slots=True)
class Common:
    """What every verb is handed: the console, and what a run over the network needs."""

    console: Console
    ca_file: str
    client_cert: str
    client_key: str
    parallelism: int
    deadline: float
    debug: bool = False

    def session(self, progress: Progress | None = None, **more: Any) -> SessionSettings:  # noqa: ANN401  # the fields of SessionSettings
        """Return the settings of a run; each request is a line of trace and, where nothing else is counted, a step."""
        from ..provisioners.session import SessionSettings  # noqa: PLC0415  # verbs without a network do without it
        from ..provisioners.tls import TlsSettings  # noqa: PLC0415  # as above

        return SessionSettings(
            environment=os.environ,
            redactor=self.console.redactor,
            tls=TlsSettings(self.ca_file, self.client_cert, self.client_key),
            parallelism=self.parallelism,
            deadline=self.deadline,
            trace=self._heard(progress),
            complain=self.console.warn,
            **more,
        )

    def _heard(self, progress: Progress | None) -> Callable[[Exchange], None]:
        def heard(exchange: Exchange) -> None:
            self.console.trace(exchange)
            if progress is not None:
                progress.request()

        return heard


def talk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --quiet, -v, --color, --no-progress and --debug; the verb gets a `console`."""

    @click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
    @click.option("-v", "--verbose", count=True, help="Say more; twice traces every request.")
    @click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour the result.")
    @click.option("--no-progress", is_flag=True, help="Draw no progress bar.")
    @click.option("--debug", is_flag=True, help="Show a traceback with an error.")
    @functools.wraps(command)
    def with_console(  # click hands over every option by name
        *,
        quiet: bool,
        verbose: int,
        color: str,
        no_progress: bool,
        debug: bool,
        **rest: Any,  # noqa: ANN401  # the verb's own options
    ) -> Any:  # noqa: ANN401  # the verb's exit code
        console = open_console(quiet=quiet, verbosity=verbose, color=color, progress=not no_progress)
        click.get_current_context().obj.update(console=console, debug=debug)
        return command(console=console, **rest)

    return with_console


def network_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a verb that asks servers needs; it gets `common` in place of `console`."""

    @click.option("--ca-file", metavar="FILE", default="", help="Trust this certificate authority as well (PEM).")
    @click.option("--client-cert", metavar="FILE", default="", help="Show this certificate to the server (PEM).")
    @click.option(
        "--client-key", metavar="FILE", default="", help="The key of --client-cert, where it is another file."
    )
    @click.option(
        "--parallelism", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests under way at once."
    )
    @click.option(
        "--deadline",
        type=click.FloatRange(min=1),
        default=3600,
        metavar="SECONDS",
        help="End the whole run after this long.",
    )
    @talk_options
    @functools.wraps(command)
    def with_common(  # click hands over every option by name
        *,
        console: Console,
        ca_file: str,
        client_cert: str,
        client_key: str,
        parallelism: int,
        deadline: float,
        **rest: Any,  # noqa: ANN401  # the verb's own options
    ) -> Any:  # noqa: ANN401  # the verb's exit code
        debug = bool(click.get_current_context().obj.get("debug"))
        return command(common=Common(console, ca_file, client_cert, client_key, parallelism, deadline, debug), **rest)

    return with_common


def paths_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the plan files or folders; without any, the one here."""
    # click would look whether they can be read, and say less of it than whoever reads them
    return click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(readable=False))(command)


def fleet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --target and --shard."""
    command = click.option(
        "--shard", metavar="I/N", default="", help="Take only the I-th of N shares of the targets (from 0)."
    )(command)
    return click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ADDRESS",
        help="Only this address, such as client/coder; repeatable.",
    )(command)

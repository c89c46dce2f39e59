"""The entry point: words in, exit code out. The only place that exits.

`--help` and `--version` are answered before anything but this module is imported: they are what people and completion ask most.
"""

from __future__ import annotations

import os
import sys

from .exit_codes import DONE, FAILED, INTERRUPTED, USAGE
from .streams import silence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import click


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its documented code."""
    _fill_streams()
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def _fill_streams() -> None:
    """Open what the caller has closed: else the next file would be number 1 or 2, and be written to as if it were the terminal."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004  # stdin, stdout, stderr
        os.set_inheritable(number, True)  # noqa: FBT003  # the system call's own argument
    os.close(number)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: PTH123,SIM115  # stays open; pathlib costs 6 ms


def run(argv: list[str]) -> int:
    """Run the command line and return its exit code; every error a user can cause ends as one message on stderr."""
    try:
        quick = _quick_answer(argv)
        return _called(argv) if quick is None else quick
    except BrokenPipeError:
        return _without_reader()
    except OSError as error:
        _say(f"error: {_named(error)}{(error.strerror or 'unknown').lower()}")
        return _without_reader()


def _named(error: OSError) -> str:
    return f"`{error.filename}`: " if error.filename else "cannot write the output: "


def _called(argv: list[str]) -> int:
    import click  # noqa: PLC0415  # half of the time that --help takes

    from .group import PROGRAM, group  # noqa: PLC0415  # as above

    state: dict[str, Any] = {}
    try:
        outcome = group.main(args=argv, prog_name=PROGRAM, standalone_mode=False, obj=state)
        sys.stdout.flush()
    # click raises where it would exit: exiting is this module's
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        return _usage(error)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  # the last place: no traceback is shown unless it was asked for
        return _failed(error, state)
    return outcome if isinstance(outcome, int) else DONE


def _quick_answer(argv: list[str]) -> int | None:
    """Print the help or the version; None where the command line is more than that, or a shell asks for completion."""
    # click answers completion through the same entry point
    if "_OIDC_PROVISION_COMPLETE" in os.environ:
        return None
    if argv in ([], ["--help"], ["-h"]):
        with open(os.path.join(os.path.dirname(__file__), "help.txt"), encoding="utf-8") as file:  # noqa: PTH118,PTH120,PTH123  # pathlib costs 6 ms
            (sys.stdout if argv else sys.stderr).write(file.read())
        sys.stdout.flush()
        return DONE if argv else USAGE
    if argv == ["--version"]:
        from .. import __version__  # noqa: PLC0415  # the package's own line

        sys.stdout.write(f"oidc-provision {__version__}\n")
        sys.stdout.flush()
        return DONE
    return None


def _usage(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        _say(context.get_usage())
    _say(f"error: {error.format_message()}")
    return USAGE


def _without_reader() -> int:
    """Whoever read our output has gone, as `| head` does."""
    silence(1)
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
    except (ValueError, OSError):
        # there is nobody left to tell
        silence(2)

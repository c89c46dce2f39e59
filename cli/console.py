"""The terminal: stdout carries the result, stderr the talk; colour, redaction, questions and progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from ..plans.redaction import Redactor
from .streams import silence

if TYPE_CHECKING:
    from .progress import Progress

STYLES = {
    "+": "32",
    "~": "33",
    "-": "31",
    "!": "35",
    "error": "31",
    "warning": "33",
    "info": "36",
    "bold": "1",
    "dim": "2",
}


@dataclass(frozen=True, slots=True)
class Console:
    """Where words go. Everything but a secret that was asked for passes the redactor."""

    out_stream: TextIO
    err_stream: TextIO
    redactor: Redactor
    color: bool = False
    quiet: bool = False
    verbosity: int = 0
    progress_wanted: bool = True

    def clean(self, text: str) -> str:
        """Return the text without any secret we know."""
        return self.redactor.clean(text)

    def out(self, text: str, *, with_secrets: bool = False) -> None:
        """Print the result; `with_secrets` only where secrets were asked for."""
        _write(self.out_stream, text if with_secrets else self.clean(text))

    def say(self, text: str) -> None:
        """Print talk on stderr, unless quiet."""
        if not self.quiet:
            self._talk(text)

    def warn(self, text: str) -> None:
        """Print on stderr what must be read also when quiet."""
        self._talk(text)

    def trace(self, text: object) -> None:
        """Print a line of trace, with -vv."""
        if self.verbosity > 1:
            self._talk(f"trace: {text}")

    def _talk(self, text: str) -> None:
        try:
            _write(self.err_stream, self.clean(text))
        except (OSError, ValueError):
            # whoever read the talk has gone: that must not look like a failure of the work it is about
            with suppress(OSError, ValueError):
                silence(self.err_stream.fileno())

    def style(self, text: str, name: str) -> str:
        """Return the text in a colour, where the result goes to a terminal that wants it."""
        return f"\x1b[{STYLES[name]}m{text}\x1b[0m" if self.color and name in STYLES else text

    @property
    def is_interactive(self) -> bool:
        """Tell whether a person can be asked."""
        return _is_terminal(sys.stdin) and _is_terminal(self.err_stream)

    def ask(self, question: str) -> str:
        """Ask on stderr and return the answer; the end of input is no answer."""
        self.say_question(question)
        return sys.stdin.readline().strip()

    def say_question(self, question: str) -> None:
        """Show a question whose answer is typed behind it."""
        # on stderr: stdout may be a file that shall hold the result alone
        self.err_stream.write(question)
        self.err_stream.flush()

    def progress(self, what: str) -> Progress:
        """Return a progress bar for work of unknown length; it shows itself after a second, on a terminal only."""
        from .progress import Progress  # noqa: PLC0415  # rich comes with it, when it shows

        return Progress(what, visible=self.progress_wanted and not self.quiet and _is_terminal(self.err_stream))


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    whole = text if text.endswith("\n") else text + "\n"
    # a terminal that cannot show a character gets its escape, not a traceback
    stream.write(whole.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def wants_color(choice: str, environment: Mapping[str, str], is_terminal: Callable[[], bool]) -> bool:
    """Return whether to colour: --color decides, then NO_COLOR, FORCE_COLOR, CLICOLOR=0, TERM=dumb, then the terminal."""
    if choice != "auto":
        return choice == "always"
    # no-color.org: set and not empty, whatever it says
    if environment.get("NO_COLOR") or environment.get("CLICOLOR") == "0":
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return environment.get("TERM") != "dumb" and is_terminal()


def open_console(*, quiet: bool, verbosity: int, color: str, progress: bool) -> Console:
    """Return the console of this process."""
    return Console(
        sys.stdout,
        sys.stderr,
        Redactor(),
        color=wants_color(color, os.environ, lambda: _is_terminal(sys.stdout)),
        quiet=quiet,
        verbosity=verbosity,
        progress_wanted=progress,
    )

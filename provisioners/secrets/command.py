"""`exec`: what a command prints. No shell, no terminal, nothing on its input, and an end to everything it started."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from .context import MOST_BYTES, accept_bytes, failure

if TYPE_CHECKING:
    from ...plans.references import SecretReference
    from ...plans.sealed import Sealed
    from .context import SecretContext

MOST_OUTPUT = 1024 * 1024
_MOST_TALK = 4096
_SHOWN_TALK = 200
_GRACE = 5.0
_STDOUT = 1
# What may be told from a command's complaints: words and small numbers, nothing that could be a key or a token.
_HARMLESS = re.compile(r"[\"'(`\[]?(?:[A-Za-z]?[a-z]{1,14}|[A-Z]{1,6}|[0-9]{1,3})[\"')`\]]?[.,:;!?]{0,3}")


class _Capture(asyncio.SubprocessProtocol):
    """Collects what a command prints, up to the caps; `ended` is set when all is said or too much was."""

    def __init__(self) -> None:
        self.printed = bytearray()
        self.talk = bytearray()
        self.is_too_much = False
        self.ended = asyncio.Event()
        self.exited = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what fits."""
        if fd != _STDOUT:
            self.talk += data[: _MOST_TALK - len(self.talk)]
            return
        self.printed += data
        if len(self.printed) > MOST_OUTPUT:
            self.is_too_much = True
            self.ended.set()

    def process_exited(self) -> None:
        """Note that the command is gone; its children may still hold the pipes."""
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        """Note that the command is gone and its pipes are closed."""
        self.ended.set()


async def resolve(reference: SecretReference, context: SecretContext) -> Sealed:
    """Return the command's output without one line end; raises SecretFailure when it fails or hangs."""
    transport, capture = await _start(reference, context)
    try:
        async with asyncio.timeout(context.timeout):
            await capture.ended.wait()
    except TimeoutError:
        raise failure(reference, f"the command did not end within {context.timeout:g} s", "run it by hand") from None
    finally:
        await _end(transport, capture)
    if capture.is_too_much:
        raise failure(reference, f"the command printed more than {MOST_OUTPUT} bytes", "print the secret alone")
    if code := transport.get_returncode():
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise failure(reference, f"the command {ended}{_complaint(capture)}", "run it by hand")
    if len(capture.printed) > MOST_BYTES + 2:
        raise failure(reference, f"it is larger than {MOST_BYTES} bytes", "print the secret alone")
    return accept_bytes(bytes(capture.printed), reference)


async def _start(reference: SecretReference, context: SecretContext) -> tuple[asyncio.SubprocessTransport, _Capture]:
    if not reference.argv:
        raise failure(reference, "it names no command", "write `{exec: [command, argument]}`")
    try:
        transport, capture = await asyncio.get_running_loop().subprocess_exec(
            _Capture,
            *reference.argv,
            stdin=asyncio.subprocess.DEVNULL,
            env=dict(context.environment),
            start_new_session=True,  # no terminal to ask on, and one group to kill
        )
    except OSError as error:
        why = f"`{reference.argv[0]}` cannot be run: {(error.strerror or 'unknown').lower()}"
        raise failure(reference, why, "install it, or check its path") from error
    except ValueError:
        raise failure(reference, "there is a NUL character in the command", "correct it") from None
    return transport, capture


async def _end(transport: asyncio.SubprocessTransport, capture: _Capture) -> None:
    # The group is killed even after a proper end: what a command leaves behind could still hold the secret.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(transport.get_pid(), signal.SIGKILL)
    with suppress(TimeoutError):
        await asyncio.wait_for(capture.exited.wait(), _GRACE)
    transport.close()


def _complaint(capture: _Capture) -> str:
    talk = capture.talk.decode(errors="replace")
    printed = capture.printed.decode(errors="replace")
    # some tools repeat the secret in their complaint: then nothing of it is shown
    if any(word in talk for word in printed.split()):
        return ", and its error output repeats its output, so it is not shown"
    words = (word if _HARMLESS.fullmatch(word) else "..." for word in talk.split())
    shown = re.sub(r"(?:\.\.\. )+\.\.\.", "...", " ".join(words))[:_SHOWN_TALK]
    return f" and said: {shown}" if shown.strip(". ") else ""

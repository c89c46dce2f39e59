"""What every scheme is handed, and what every secret must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ...plans.errors import SecretFailure
from ...plans.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ...plans.references import SecretReference

MOST_BYTES = 64 * 1024


class SecretStore(Protocol):
    """A place that keeps one secret."""

    async def read(self) -> Sealed | None:
        """Return the secret, None where there is none yet; raises SecretFailure."""
        ...

    async def write(self, value: Sealed) -> None:
        """Keep the secret: it is there for good on return. Raises SecretFailure, the old one still there."""
        ...


@dataclass(frozen=True, slots=True)
class SecretContext:
    """`environment` is our own, `folder` that of the plan file, `timeout` seconds for a command."""

    environment: Mapping[str, str]
    folder: Path
    timeout: float = 30.0


def accept(value: str, reference: SecretReference) -> Sealed:
    """Return a value sealed, if it can be a secret; raises SecretFailure that never shows it."""
    # a variable that a pipeline did not fill, and never a secret
    if not value.strip():
        raise failure(reference, "it is empty", "put a secret there")
    if "\0" in value:
        raise failure(reference, "there is a NUL character in it", "it looks binary, name a text")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise failure(reference, "it is not UTF-8", "it looks binary, name a text") from None
    if size > MOST_BYTES:
        raise failure(reference, f"it is larger than {MOST_BYTES} bytes", "check that it is the right one")
    return Sealed(value)


def accept_bytes(data: bytes, reference: SecretReference) -> Sealed:
    """Return what was read, sealed, without the one line end that editors and `echo` add; raises SecretFailure."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise failure(reference, "it is not UTF-8", "it looks binary, name a text") from None
    return accept(without_line_end(text), reference)


def without_line_end(text: str) -> str:
    """Return the text without one trailing line end."""
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")


def failure(reference: SecretReference, why: str, fix: str = "") -> SecretFailure:
    """Return the error about a reference."""
    return SecretFailure(f"the secret `{reference}` cannot be used: {why}", where=str(reference), fix=fix)

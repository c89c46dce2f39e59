"""References to secrets: where a secret lives, never the secret. Resolving them is `provisioners.secrets`' affair.

No message here repeats what was written: what does not read as a reference may be the secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .checks import Invalid, kind_of

_VARIABLE: Final = "[A-Za-z_][A-Za-z0-9_]*"
_FORMS: Final = "`env:NAME`, `file:PATH`, `file:PATH#KEY` or `{exec: [command, argument]}`"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret lives; prints as it is written in a plan. `argv` belongs to `exec`, `body` to all others."""

    scheme: str
    body: str = ""
    argv: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"exec:[{', '.join(self.argv)}]" if self.argv else f"{self.scheme}:{self.body}"

    @property
    def path(self) -> str:
        """The body before its `#`."""
        return self.body.rpartition("#")[0] if "#" in self.body else self.body

    @property
    def key(self) -> str:
        """What follows the last `#`, "" for none."""
        return self.body.rpartition("#")[2] if "#" in self.body else ""

    def in_plan(self) -> str | dict[str, list[str]]:
        """Return the form a plan has: text, or a mapping for `exec`."""
        return {"exec": list(self.argv)} if self.argv else str(self)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to name a place of secrets: its form, and what can be done there by now."""

    form: str
    body: re.Pattern[str]
    readable: bool = False
    storable: bool = False


SCHEMES: Final = {
    "env": Scheme("env:NAME", re.compile(_VARIABLE), readable=True),
    "file": Scheme(
        "file:PATH or file:PATH#KEY", re.compile(rf"[^\x00-\x1f#]+(?:#{_VARIABLE})?"), readable=True, storable=True
    ),
    # matches no text: `exec` is a mapping, as a flow sequence after a colon does not parse (14.4)
    "exec": Scheme("{exec: [command, argument]}", re.compile("(?!)"), readable=True),
    "vault": Scheme("vault:MOUNT/PATH#KEY", re.compile(r"[^/\s#]+/[^\s#]+#[^\s#]+")),
    "keyring": Scheme("keyring:SERVICE/USER", re.compile(r"[^/\s]+/\S+")),
    "kubernetes": Scheme("kubernetes:NAMESPACE/NAME#KEY", re.compile(r"[^/\s#]+/[^/\s#]+#[^/\s#]+")),
}

FORM_PATTERN: Final = "^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^#]+(#[A-Za-z_][A-Za-z0-9_]*)?)$"
STORE_PATTERN: Final = "^file:[^#]+(#[A-Za-z_][A-Za-z0-9_]*)?$"


def parse_reference(value: object) -> SecretReference:
    """Read a reference of any scheme, usable by now or not; raises `Invalid` without the value."""
    if isinstance(value, SecretReference):
        return value
    if isinstance(value, dict):
        return _command(value)
    if not isinstance(value, str):
        raise Invalid(f"must be a reference to a secret, not {kind_of(value)}", f"use {_FORMS}")
    return _parse(value)


@lru_cache(maxsize=1024)
def _parse(value: str) -> SecretReference:
    name, _, body = value.partition(":")
    scheme = SCHEMES.get(name)
    if scheme is None:
        raise Invalid("is no reference to a secret (plans hold references, never values)", f"use {_FORMS}")
    if not scheme.body.fullmatch(body):
        raise Invalid(f"is no complete `{name}` reference", f"write `{scheme.form}`")
    return SecretReference(name, body)


def read_source(value: object) -> SecretReference:
    """Read a reference that a secret can be taken from."""
    reference = parse_reference(value)
    if not SCHEMES[reference.scheme].readable:
        raise _unsupported(reference.scheme, "", [name for name, scheme in SCHEMES.items() if scheme.readable])
    return reference


def read_store(value: object) -> SecretReference:
    """Read a reference that a secret can be put at."""
    reference = parse_reference(value)
    if not SCHEMES[reference.scheme].storable:
        raise _unsupported(
            reference.scheme, " as a store", [name for name, scheme in SCHEMES.items() if scheme.storable]
        )
    return reference


def _unsupported(scheme: str, role: str, usable: list[str]) -> Invalid:
    forms = ", ".join(f"`{SCHEMES[name].form}`" for name in usable)
    return Invalid(f"is a `{scheme}` reference, which is not supported yet{role}", f"use {forms}")


def _command(value: dict[str, object]) -> SecretReference:
    argv = value.get("exec")
    if set(value) != {"exec"} or not isinstance(argv, (list, tuple)) or not argv:
        raise Invalid("is no reference to a secret", f"use {_FORMS}")
    # an unquoted 0755 or 1e3 would reach the command as another text than was written
    arguments = [word for word in argv if isinstance(word, str) and "\0" not in word]
    if len(arguments) != len(argv) or not arguments[0]:
        raise Invalid("has an argument that is no text", "put the arguments of `exec` in quotes")
    return SecretReference("exec", argv=tuple(arguments))

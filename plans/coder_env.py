"""The settings that Coder is given, name by name and in order. How they are written down: `plans.formats`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .sealed import Sealed


@dataclass(frozen=True, slots=True)
class EnvEntry:
    """One environment variable; a `Sealed` value is a secret, `note` a remark for the reader of the file."""

    name: str
    value: str | Sealed
    note: str = ""

    @property
    def is_secret(self) -> bool:
        """Tell whether the value may only be shown when it was asked for."""
        return isinstance(self.value, Sealed)

    def plain(self) -> str:
        """Return the value as text. Opens a secret."""
        return self.value.reveal() if isinstance(self.value, Sealed) else self.value


@dataclass(frozen=True, slots=True)
class CoderEnv:
    """Environment variables in the order they are written; each name once."""

    entries: tuple[EnvEntry, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(entry.name for entry in self.entries)

    def get(self, name: str) -> str | Sealed | None:
        """Return the value under a name, None where it is not set."""
        return next((entry.value for entry in self.entries if entry.name == name), None)

    def with_entry(self, name: str, value: str | Sealed, note: str = "") -> CoderEnv:
        """Return these settings with one more; a name that is there already keeps its place."""
        new = EnvEntry(name, value, note)
        # in its place: a file that people review should not change its order
        if name in self.names:
            return replace(self, entries=tuple(new if entry.name == name else entry for entry in self.entries))
        return replace(self, entries=(*self.entries, new))

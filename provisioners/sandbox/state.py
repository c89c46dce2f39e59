"""A place for one frozen value that is replaced whole, and the bytes it is kept as."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Box(Generic[T]):
    """Holds a value; `revision` tells how often it was replaced."""

    def __init__(self, value: T) -> None:
        self._value = value
        self._revision = 0

    @property
    def value(self) -> T:
        """The value now."""
        return self._value

    @property
    def revision(self) -> int:
        """How often the value was replaced."""
        return self._revision

    def put(self, value: T) -> None:
        """Replace the value."""
        self._value = value
        self._revision += 1

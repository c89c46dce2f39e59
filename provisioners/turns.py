"""Connections that take turns, each for one exchange at a time. What a connection is made of is `transport`'s affair.

httpcore's pool looks at every connection twice for each request, which takes a quarter of the time of a request when there are eight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """At most as many as are used at once, and never more than `most` that nobody uses."""

    def __init__(self, make: Callable[[], T], most: int) -> None:
        self._make = make
        self._most = most
        self._idle: list[tuple[str, T]] = []
        self._made: list[T] = []

    @property
    def all(self) -> tuple[T, ...]:
        """Every connection that was made."""
        return tuple(self._made)

    @contextmanager
    def taken(self, origin: str) -> Iterator[T]:
        """Take the one that was used last for this origin, else a new one, else the one that was idle for longest."""
        connection = self._taken(origin)
        try:
            yield connection
        finally:
            self._idle.append((origin, connection))

    def _taken(self, origin: str) -> T:
        for index in reversed(range(len(self._idle))):
            if self._idle[index][0] == origin:
                return self._idle.pop(index)[1]
        if self._idle and len(self._made) >= self._most:
            return self._idle.pop(0)[1]
        self._made.append(self._make())
        return self._made[-1]

"""A secret as a value that cannot be printed by accident."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Sealed:
    """A secret value: compares by value, prints as `(secret)`, opens only by `reveal()`, cannot be pickled or hashed."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself. Every caller of this is a place where it leaves our hands."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sealed):
            return NotImplemented
        # in constant time, as one of the two may come from outside
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret is a hint at it

    def __repr__(self) -> str:
        return "(secret)"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        msg = "a sealed secret cannot be pickled"
        raise TypeError(msg)

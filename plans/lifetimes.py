"""Lifetimes in a vendor-neutral form, and what they mean for somebody who is away."""

from __future__ import annotations

from dataclasses import dataclass

CODER_SESSION_DEFAULT = 24 * 3600
"""CODER_SESSION_DURATION where it is not set (facts: Coder's option table)."""
EARLY_REFRESH = 600
"""From Coder 2.31 on a workspace build refreshes this long before the access token expires."""


@dataclass(frozen=True, slots=True)
class LifetimeRules:
    """Effective lifetimes in seconds; None is unlimited, or not known where `known` is False. `reuses` is rotation's grace."""

    access: int | None = None
    idle: int | None = None
    maximum: int | None = None
    rotates: bool = False
    reuses: int = 0
    known: bool = True


def smaller(*values: int | None) -> int | None:
    """Return the smallest of some limits; None stands for no limit."""
    # None is the largest of all here, where Python could not compare it
    limits = [value for value in values if value is not None]
    return min(limits) if limits else None

"""Lifetimes in a vendor-neutral form, and what they mean for somebody who is away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CODER_SESSION_DEFAULT = 24 * 3600
"""CODER_SESSION_DURATION where it is not set (facts: Coder's option table)."""
EARLY_REFRESH = 600
"""From Coder 2.31 on a workspace build refreshes this long before the access token expires."""


@dataclass(frozen=True, slots=True)
class LifetimeRules:
    """Effective lifetimes in seconds; None is unlimited, or not known where `known` is False.

    Under rotation a used refresh token is good for `reuses` more uses, or any number within `grace` seconds after its first.
    """

    access: int | None = None
    idle: int | None = None
    maximum: int | None = None
    rotates: bool = False
    reuses: int = 0
    known: bool = True
    grace: int = 0
    issues: bool = True
    """Whether refresh tokens are issued at all."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Effective rules, and where each comes from: `access`, `idle`, `maximum`, `rotation` -> the setting's place in words."""

    rules: LifetimeRules
    sources: Mapping[str, str] = field(default_factory=dict)


def smaller(*values: int | None) -> int | None:
    """Return the smallest of some limits; None stands for no limit."""
    # None is the largest of all here, where Python could not compare it
    limits = [value for value in values if value is not None]
    return min(limits) if limits else None

"""What a refresh token tells of itself. It is the issuer's own affair, so nothing here decides by it alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ..strict_json import parse
from .tokens import Answer

_PARTS = 3
LATEST = 10**12
"""No time is beyond this: some 30,000 years from now."""


def claims_of(token: str) -> Mapping[str, Any]:
    """Return the claims of a JWT, unchecked; nothing for an opaque token."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return {}
    try:
        value = parse(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}


def kind_of(token: str) -> str:
    """Return the kind that a refresh token says it is (Keycloak: Refresh or Offline), "" where it says nothing."""
    kind = claims_of(token).get("typ")
    return kind if isinstance(kind, str) and kind.isalnum() else ""


def lifetime_of(answer: Answer, now: float) -> int | None:
    """Return the seconds that a refresh token says it is good for; None where it names no end.

    `refresh_expires_in` 0 says nothing: Keycloak 26.7.3 sends it for an offline token without an end, and where none came.
    """
    ends = claims_of(answer.token("refresh_token")).get("exp")
    # with many digits an integer has no float
    if isinstance(ends, int | float) and not isinstance(ends, bool) and abs(ends) < LATEST:
        return max(0, round(ends - now))
    for name in ("refresh_expires_in", "refresh_token_expires_in"):
        value = answer.body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None

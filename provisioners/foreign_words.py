"""Words of a server or a library, before they are shown: one short line without characters that a terminal obeys. Pure."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_LONGEST = 300


def printable(text: str) -> str:
    """Return the words as one line of at most 300 characters, without blanks and full stops at its ends."""
    return _UNPRINTABLE.sub(" ", text)[:_LONGEST].strip(" .")

"""What the transport must know of Graph: which writes may be sent twice, and how paths are counted. Pure."""

from __future__ import annotations

import re

_KEYED = re.compile(r"\((appId|uniqueName)='[^']*'\)")


def is_repeatable(method: str, path: str) -> bool:
    """Tell what may be sent twice: every PATCH here states what must be, and asking for a token changes nothing. No POST else."""
    return method == "PATCH" or is_token_request(method, path)


def is_token_request(method: str, path: str) -> bool:
    """Tell whether a request asks for a token."""
    return method == "POST" and path.endswith("/oauth2/v2.0/token")


def name_path(path: str) -> str:
    """Return the path without ids and keys, as requests are counted."""
    from ..traffic import nameless  # noqa: PLC0415  # with the transport, and only then

    return nameless(_KEYED.sub(r"({\1})", path))

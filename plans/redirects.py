"""The one redirect URI that is ours for a moment: `verify --temporary-redirect` adds it and takes it away, and any later run knows it again."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
TEMPORARY_PATH = "/oidc-provision/verify/callback"
"""The fixed path by which it is recognised after a kill; its port differs from run to run."""


def loopback_redirect(port: int, path: str = TEMPORARY_PATH) -> str:
    """Return the redirect URI of a listener on loopback; the temporary one without a path."""
    return f"http://{LOOPBACK}:{port}{path}"


def is_temporary(uri: str) -> bool:
    """Tell whether a redirect URI is one of ours."""
    # nearly none is: taking every URI of a fleet apart would cost more than the rest of its plan
    if not uri.endswith(TEMPORARY_PATH):
        return False
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return (parts.scheme, parts.hostname, parts.path) == ("http", LOOPBACK, TEMPORARY_PATH) and not parts.query


def temporary_of(uris: Iterable[str]) -> frozenset[str]:
    """Return those of some redirect URIs that are ours."""
    return frozenset(uri for uri in uris if is_temporary(uri))

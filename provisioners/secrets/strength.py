"""Secrets that are too common to be blotted out: doing so would shred every output that says the word by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...plans.sealed import Sealed

_SHORTEST = 4
_WORDS = frozenset(
    (
        "access",
        "account",
        "admin",
        "administrator",
        "apply",
        "changeme",
        "client",
        "coder",
        "config",
        "default",
        "demo",
        "development",
        "example",
        "false",
        "github",
        "google",
        "groups",
        "hello",
        "issuer",
        "keycloak",
        "letmein",
        "local",
        "localhost",
        "login",
        "master",
        "null",
        "oidc",
        "openid",
        "pass",
        "passw0rd",
        "password",
        "plan",
        "production",
        "profile",
        "public",
        "qwerty",
        "realm",
        "refresh",
        "root",
        "scope",
        "secret",
        "secrets",
        "server",
        "staging",
        "test",
        "testing",
        "token",
        "true",
        "user",
        "username",
        "verify",
        "welcome",
        "1234",
        "12345",
        "123456",
        "12345678",
        "123456789",
    )
)


def weakness(value: Sealed) -> str | None:
    """Return why a secret is no secret (it is warned of and not redacted), None for a usable one. Never shows it."""
    text = value.reveal()
    if len(text) < _SHORTEST:
        return f"it has fewer than {_SHORTEST} characters"
    return "it is a common word" if text.lower() in _WORDS else None

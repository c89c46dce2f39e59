"""What Duende IdentityServer's refusals mean, by its source; not run."""

from __future__ import annotations

from ...plans.meanings import Meaning

CLUE = r"/connect/(?:token|authorize)\b"
"""What in a text gives this vendor away."""
NO_PKCE = "require PKCE only of Coder 2.30 and newer"
REUSE = "`refresh_tokens: {rotation: reuse}`"
SOURCE = "Duende IdentityServer, DefaultRefreshTokenService.cs and TokenErrorResult.cs; not run"


def _meaning(*row: str) -> Meaning:
    code, error, words, part, cause, fix = row
    return Meaning(code, error, words, part, cause, fix, SOURCE)


MEANINGS: tuple[Meaning, ...] = (
    _meaning(
        "duende-client",
        "invalid_client",
        "",
        "secret",
        "the client is unknown or disabled, or its secret is wrong or over",
        "check the client id, `Enabled`, and ClientSecrets (SHA-256 or SHA-512 as base64, not expired)",
    ),
    _meaning(
        "duende-grant-off",
        "unauthorized_client",
        "",
        "flow",
        "the client is unknown, or may not use this grant",
        "allow `authorization_code` for the client",
    ),
    _meaning(
        "duende-scope",
        "invalid_scope",
        "",
        "scopes",
        "a scope is unknown or not allowed, or AllowOfflineAccess is off",
        "set AllowOfflineAccess, and have IdentityResources for `profile` and `email`",
    ),
    _meaning("duende-pkce", "invalid_request", "code.challenge", "pkce", "the client requires PKCE", NO_PKCE),
    _meaning(
        "duende-refresh",
        "invalid_grant",
        "^$",
        "refresh",
        "the refresh token is over, used before (OneTimeOnly), another client's, or AllowOfflineAccess was switched off: Duende does not say which",
        f"look for one-time tokens first ({REUSE}), then at the sliding and absolute lifetimes; sign in again",
    ),
)

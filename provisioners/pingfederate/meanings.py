"""What PingFederate's refusals mean, by its guide and API; not run."""

from __future__ import annotations

from ...plans.meanings import Meaning

CLUE = r"/as/(?:token\.oauth2|authorization\.oauth2)"
"""What in a text gives this vendor away."""
REUSE = "`refresh_tokens: {rotation: reuse}`"
OFFLINE = "`client: {scopes: [openid, profile, email, offline_access]}`"
SOURCE = "PingFederate administrator's guide and API; not run"


def _meaning(*row: str) -> Meaning:
    code, error, words, part, cause, fix = row
    return Meaning(code, error, words, part, cause, fix, SOURCE)


MEANINGS: tuple[Meaning, ...] = (
    _meaning(
        "pingfederate-grant-off",
        "unauthorized_client",
        "",
        "flow",
        "the client may not use this grant: `refresh_token` is not among its grant types",
        "enable Refresh Token under Grant Types, and replicate the change to the engines",
    ),
    _meaning(
        "pingfederate-scope",
        "invalid_scope",
        "",
        "scopes",
        "`offline_access` is not defined or not allowed for the client",
        f"add it under Scope Management and to the client's scopes: {OFFLINE}",
    ),
    _meaning(
        "pingfederate-refresh",
        "invalid_grant",
        "unknown, invalid, or expired refresh token",
        "refresh",
        "the persistent grant is over: idle for 30 days by default, at its maximum, revoked, or its token was rolled and used again",
        f"look at the grant's idle timeout and lifetime and at rolling ({REUSE}); sign in again",
    ),
    _meaning(
        "pingfederate-client",
        "invalid_client",
        "",
        "secret",
        "the client is unknown or disabled, its secret is wrong, or the change was not replicated",
        "check the client, then Cluster Management: replicate",
    ),
)

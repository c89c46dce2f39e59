"""What Cloudentity's refusals mean, by its API descriptions; not run."""

from __future__ import annotations

from ...plans.meanings import Meaning

CLUE = r"\.authz\.cloudentity\.io"
"""What in a text gives this vendor away."""
REUSE = "`refresh_tokens: {rotation: reuse}`"
OFFLINE = "`client: {scopes: [openid, profile, email, offline_access]}`"
SOURCE = "Cloudentity's API descriptions; not run"


def _meaning(*row: str) -> Meaning:
    code, error, words, part, cause, fix = row
    return Meaning(code, error, words, part, cause, fix, SOURCE)


MEANINGS: tuple[Meaning, ...] = (
    _meaning(
        "cloudentity-grant-off",
        "unauthorized_client",
        "",
        "flow",
        "the client may not use this grant: a new one may use `authorization_code` alone",
        "add `refresh_token` to the client's grant types",
    ),
    _meaning(
        "cloudentity-scope",
        "invalid_scope",
        "",
        "scopes",
        "the client is not subscribed to `offline_access`",
        f"switch it on in the client's Scopes, service Profile: {OFFLINE}",
    ),
    _meaning(
        "cloudentity-rotated",
        "invalid_grant",
        "already (?:been )?used|token_inactive",
        "rotation",
        "the refresh token was used before: the workspace gives a new one at each refresh",
        f"switch refresh token cycling off: {REUSE}",
    ),
    _meaning(
        "cloudentity-refresh",
        "invalid_grant",
        "refresh",
        "refresh",
        "the refresh token is over: 30 days after it was issued, however it is used",
        "raise the refresh token's lifetime, of the client where it has its own; sign in again",
    ),
    _meaning(
        "cloudentity-client",
        "invalid_client",
        "",
        "secret",
        "the client is unknown or inactive, or its secret is wrong",
        "check the client's status, its secret and its authentication method",
    ),
)

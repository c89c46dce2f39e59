"""What Google's refusals mean: its OAuth 2.0 guide and reports of users; not run against Google."""

from __future__ import annotations

from ...plans.meanings import Meaning

CLUE = r"oauth2\.googleapis\.com|accounts\.google\.com"
"""What in a text gives this vendor away."""
AGAIN = "sign in again"
SOURCE = "Google's OAuth 2.0 guide and reports of users; not run against Google"


def _google(name: str, *row: str) -> Meaning:
    error, words, part, cause, fix = row
    return Meaning(f"google-{name}", error, words, part, cause, fix, SOURCE)


MEANINGS: tuple[Meaning, ...] = (
    _google(
        "offline-access",
        "invalid_scope",
        "invalid=.*offline_access|offline_access",
        "scopes",
        "Google has no scope `offline_access` and refuses it",
        "take it out of CODER_OIDC_SCOPES; use `access_type` and `prompt`",
    ),
    _google(
        "unknown-client",
        "invalid_client",
        "was not found",
        "client",
        "the client id is not known",
        "check the client id",
    ),
    _google(
        "deleted-client",
        "deleted_client",
        "",
        "client",
        "the client was deleted, perhaps because it was unused for six months",
        "restore it within 30 days, or create a new one",
    ),
    _google(
        "no-secret",
        "invalid_request",
        "client_secret is missing",
        "secret",
        "no client secret was sent",
        "set CODER_OIDC_CLIENT_SECRET",
    ),
    _google(
        "malformed-code", "invalid_grant", "malformed auth code", "person", "the code of the sign-in is damaged", AGAIN
    ),
    _google(
        "revoked",
        "invalid_grant",
        "expired or revoked",
        "refresh",
        "the refresh token was revoked, unused for six months, or one of more than 100 of the person at this client",
        AGAIN,
    ),
    _google(
        "reauthentication",
        "invalid_grant",
        "invalid_rapt|rapt_required",
        "lifetimes",
        "the organisation's session control wants a new sign-in",
        "trust the app, or lengthen the session in the admin console",
    ),
    _google(
        "wrong-redirect",
        "redirect_uri_mismatch",
        "",
        "redirect",
        "the redirect URI is not one of the client's",
        "add Coder's callback to the letter",
    ),
    _google(
        "other-client",
        "unauthorized_client",
        "^unauthorized$",
        "secret",
        "the refresh token is another client's",
        "give Coder the id and secret of one client",
    ),
    _google(
        "internal",
        "org_internal",
        "",
        "person",
        "the app is internal and the account is outside",
        "use an account of the organisation",
    ),
    _google(
        "policy",
        "admin_policy_enforced",
        "",
        "person",
        "an administrator's policy blocks the app",
        "let the administrator trust it",
    ),
    _google(
        "wrong-secret",
        "invalid_client",
        "^unauthorized$|provided client secret",
        "secret",
        "the client secret is wrong",
        "give the client's own secret",
    ),
    _google(
        "bad-request",
        "invalid_grant",
        "^bad request$",
        "refresh",
        "the code or refresh token is not valid, or was used before",
        AGAIN,
    ),
)

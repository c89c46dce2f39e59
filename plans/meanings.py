"""What a refusal of an identity provider means: its error, its words, the cause, the fix. The vendors' own words are in their folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """One refusal. `error` is OAuth's, `words` an expression that its description holds ("" for any); `part` is what it shows broken."""

    code: str
    error: str
    words: str
    part: str
    cause: str
    fix: str
    source: str = ""

    def fits(self, error: str, description: str) -> bool:
        """Tell whether a refusal is this one."""
        if self.error and self.error != error:
            return False
        return not self.words or re.search(self.words, description, re.IGNORECASE) is not None


RFC = "RFC 6749"
STANDARD = (
    Meaning(
        "oauth-invalid-client",
        "invalid_client",
        "",
        "secret",
        "the client id or its secret is not accepted",
        "give the client's own secret",
        f"{RFC}, 5.2",
    ),
    Meaning(
        "oauth-unauthorized-client",
        "unauthorized_client",
        "",
        "flow",
        "the client may not use this grant",
        "allow the authorization code and refresh token grants for the client",
        f"{RFC}, 5.2",
    ),
    Meaning(
        "oauth-invalid-scope",
        "invalid_scope",
        "",
        "scopes",
        "a scope that is asked for is not allowed for the client",
        "allow the scope for the client, or do not ask for it",
        f"{RFC}, 4.1.2.1",
    ),
    Meaning(
        "oauth-access-denied",
        "access_denied",
        "",
        "person",
        "the sign-in was refused by the person or by a policy",
        "consent, or ask who keeps the policy",
        f"{RFC}, 4.1.2.1",
    ),
    Meaning(
        "oauth-unsupported-grant",
        "unsupported_grant_type",
        "",
        "flow",
        "the server does not know this grant",
        "switch the refresh token grant on",
        f"{RFC}, 5.2",
    ),
    Meaning(
        "oauth-invalid-grant",
        "invalid_grant",
        "",
        "refresh",
        "the code or refresh token is over, revoked, used before, or another client's",
        "sign in again; if it comes back, look at lifetimes and rotation",
        f"{RFC}, 5.2",
    ),
    Meaning(
        "oauth-invalid-request",
        "invalid_request",
        "code_challenge|PKCE",
        "pkce",
        "PKCE is required and was not sent",
        "require PKCE only of Coder 2.30 and newer",
        "RFC 7636",
    ),
    Meaning(
        "oauth-temporarily-unavailable",
        "temporarily_unavailable",
        "",
        "issuer",
        "the server is overloaded or in maintenance",
        "try again later",
        f"{RFC}, 4.1.2.1",
    ),
    Meaning(
        "oauth-server-error",
        "server_error",
        "",
        "issuer",
        "the server met an error of its own",
        "look at its log",
        f"{RFC}, 4.1.2.1",
    ),
    Meaning(
        "oidc-login-required",
        "login_required",
        "",
        "person",
        "nobody is signed in at the identity provider",
        "sign in",
        "OpenID Connect Core, 3.1.2.6",
    ),
    Meaning(
        "oidc-consent-required",
        "consent_required",
        "",
        "person",
        "the person has not consented",
        "consent, or grant it for all",
        "OpenID Connect Core, 3.1.2.6",
    ),
    Meaning(
        "oidc-interaction-required",
        "interaction_required",
        "",
        "person",
        "the identity provider wants to ask the person something",
        "sign in with a browser",
        "OpenID Connect Core, 3.1.2.6",
    ),
)
"""The standards' own errors; a vendor's table is asked first."""


def meaning_of(error: str, description: str, *tables: Iterable[Meaning]) -> Meaning | None:
    """Return the first meaning that fits, vendors' tables before the standards'."""
    for table in (*tables, STANDARD):
        for meaning in table:
            if meaning.fits(error, description):
                return meaning
    return None

"""What Keycloak's refusals mean (its words as seen in 26.7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...plans.meanings import Meaning

SOURCE = "seen in Keycloak 26.7.3"
CLUE = r"/realms/[^/\s\"]+/(?:protocol/openid-connect|\.well-known)"
"""What in a text gives Keycloak away."""
APPLY = "run `oidc-provision apply`"
ROLE = (
    "give the person realm role `offline_access`, or everybody with `shared: {default_roles: [offline_access]}` and "
    "`oidc-provision apply`"
)
REUSE = "add `shared: {revoke_refresh_token: false}` and run `oidc-provision apply`"
AGAIN = "sign in again"


def _meaning(*row: str) -> Meaning:
    name, error, words, part, cause, fix = row
    return Meaning(f"keycloak-{name}", error, words, part, cause, fix, SOURCE)


MEANINGS: tuple[Meaning, ...] = (
    _meaning(
        "flow-off", "unauthorized_client", "flow is disabled|not allowed to initiate", "flow",
        "the standard flow is off for the client", APPLY,
    ),
    _meaning(
        "service-account-off", "unauthorized_client", "service account", "flow",
        "the client may not sign in as itself", "switch its service account on",
    ),
    _meaning(
        "direct-grants-off", "unauthorized_client", "direct access", "flow",
        "direct access grants are off for the client", "do not sign in with a password",
    ),
    _meaning(
        "wrong-secret", "unauthorized_client", "", "secret",
        "the client secret is wrong", "give Coder this client's own secret (`oidc-provision env`) and restart it",
    ),
    _meaning(
        "unknown-client", "invalid_client", "", "client",
        "the client is unknown or disabled", f"check the client id; enable the client in Keycloak, or {APPLY}",
    ),
    _meaning(
        "realm-off", "access_denied", "realm not enabled", "client",
        "the realm is disabled", "enable the realm in Keycloak",
    ),
    _meaning("realm-unknown", "", "realm does not exist", "issuer", "the realm does not exist", "check `realm`"),
    _meaning(
        "scope-not-attached", "invalid_scope", "", "scopes",
        "a scope that is asked for is not attached to the client", APPLY,
    ),
    _meaning(
        "no-offline-role", "not_allowed", "", "offline",
        "the person lacks realm role `offline_access`", ROLE,
    ),
    _meaning(
        "offline-taken-away", "invalid_grant", "offline access not granted", "offline",
        "scope `offline_access` or the person's role was taken away after the sign-in", f"{APPLY}; {ROLE}",
    ),
    _meaning(
        "reused", "invalid_grant", "maximum allowed refresh token reuse", "rotation",
        "the refresh token was used before, and the realm allows one use", REUSE,
    ),
    _meaning(
        "expired", "invalid_grant", "token is not active", "refresh",
        "the refresh token is over by its own end", f"{AGAIN}; raise `refresh_tokens.idle_timeout` or `max_lifetime`",
    ),
    _meaning(
        "idle-realm", "invalid_grant", "offline user session not found", "refresh",
        "the offline session ended: unused for too long, revoked, or ended by an administrator", f"{AGAIN}; raise `refresh_tokens.idle_timeout`",
    ),
    _meaning(
        "client-session-gone", "invalid_grant", "session doesn't have required client", "refresh",
        "the client's session ended: its idle timeout passed, its token was replayed under rotation, or the client was made anew",
        f"{AGAIN}; look at rotation and `refresh_tokens.idle_timeout`",
    ),
    _meaning(
        "signed-out", "invalid_grant", "session not active", "offline",
        "the browser's session ended, and the refresh token with it: it was not an offline one", f"ask for offline_access: {APPLY}",
    ),
    _meaning(
        "stale", "invalid_grant", "stale token", "refresh",
        "an administrator signed this person or everybody out, or set a not-before: tokens from before count no more, offline ones too", AGAIN,
    ),
    _meaning("person-disabled", "invalid_grant", "user disabled|account disabled", "person", "the person is disabled", "enable the person"),
    _meaning("wrong-password", "invalid_grant", "invalid user credentials", "person", "user name or password is wrong", "check both"),
    _meaning(
        "other-client", "invalid_grant", "token client and authorized client", "secret",
        "the token belongs to another client", "give Coder the id and secret of one client",
    ),
    _meaning("wrong-redirect", "invalid_grant", "incorrect redirect_uri", "redirect", "the redirect URI is another one", APPLY),
    _meaning(
        "no-verifier", "invalid_grant", "pkce", "pkce",
        "PKCE is required and the verifier is missing or wrong", "require PKCE only of Coder 2.30 and newer: state `coder.version`",
    ),
    _meaning(
        "pkce-required", "invalid_request", "code_challenge", "pkce",
        "PKCE is required and was not asked with", "require PKCE only of Coder 2.30 and newer: state `coder.version`",
    ),
    _meaning("code-not-valid", "invalid_grant", "code not valid", "person", "the code is over or was used before", AGAIN),
)  # fmt: skip
FIXES: Mapping[str, str] = MappingProxyType({"rotation": REUSE, "offline": ROLE, "refresh": APPLY})
"""How a broken part is mended where a refusal does not say it."""

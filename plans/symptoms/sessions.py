"""What Coder answers and logs about sessions that have begun: the 401 and 500 bodies by release, and the log records."""

from __future__ import annotations

from .base import LONG_SESSION, OFFLINE_ACCESS, REUSE, Bearing, Certainty, Guide, Symptom

MIDDLEWARE = "coder/coder, coderd/httpmw/apikey.go (2023 to 2025)"
MCP = "coder/coder, coderd/mcp.go (2026)"
SIGN_IN_AGAIN = "have users log out and in again"
OFFLINE = (
    "ask for `offline_access` at Coder and allow it at the identity provider (Google: `access_type` and `prompt` instead), "
    f"restart Coder, {SIGN_IN_AGAIN}"
)
INSIDE = "the error behind it says why; without one, look at the identity provider's log for refused refreshes of this client"
WARN = frozenset({"WARN", "WARNING"})

SESSIONS = (
    Symptom(
        code="coder-session-ended",
        anchor="api key expired at",
        cause="Coder's own session ended; the identity provider has no part in it",
        fix="raise CODER_SESSION_DURATION to the absence that users may have, and restart Coder",
        edit=LONG_SESSION,
        part="session",
        certainty=Certainty.PROOF,
        guide=Guide.LOGGED_OUT,
        source=MIDDLEWARE,
    ),
    Symptom(
        code="coder-no-refresh-token",
        anchor="openid connect session expired at",
        cause="no refresh token is stored for the user, so the session ended with the access token",
        fix=OFFLINE,
        edit=OFFLINE_ACCESS,
        part="offline",
        certainty=Certainty.PROOF,
        guide=Guide.LOGGED_OUT,
        since="2.23",
        source=f"{MIDDLEWARE}; coder/coder#17878, #18309",
    ),
    Symptom(
        code="coder-link-missing",
        anchor="you must re-authenticate with the login provider",
        cause="the user has no row in `user_links`: it was deleted, or never written",
        fix=SIGN_IN_AGAIN,
        certainty=Certainty.PROOF,
        guide=Guide.AFTER_CHANGE,
        source=MIDDLEWARE,
    ),
    Symptom(
        code="coder-refresh-refused",
        anchor="could not refresh expired openid connect token",
        cause="a refresh failed: it was refused, or the identity provider could not be reached",
        fix=INSIDE,
        guide=Guide.LOGGED_OUT,
        since="2.23",
        wraps=True,
        source=MIDDLEWARE,
    ),
    Symptom(
        code="coder-refresh-refused-2023",
        anchor="could not refresh expired oauth token. try re-authenticating",
        cause="a refresh failed: it was refused, or the identity provider could not be reached",
        fix=INSIDE,
        guide=Guide.LOGGED_OUT,
        since="2.4",
        until="2.22",
        wraps=True,
        source=f"{MIDDLEWARE}; the first release is not known exactly (late 2023)",
    ),
    Symptom(
        code="coder-refresh-refused-first",
        anchor="could not refresh expired oauth token.",
        expression=r"could not refresh expired oauth token\.(?! *try)",
        cause="a refresh failed, and this Coder is so old that refreshed tokens may be dropped as well",
        fix=f"upgrade Coder (coder/coder#8950 and #9293 mended dropped tokens), then {SIGN_IN_AGAIN}",
        guide=Guide.LOGGED_OUT,
        until="2.4",
        wraps=True,
        source=f"{MIDDLEWARE}; the last release is not known exactly (late 2023)",
    ),
    Symptom(
        code="coder-oidc-switched-off",
        anchor="unable to refresh oauth token for login type",
        cause="Coder runs without OIDC settings while users who signed in with it have sessions",
        fix="set CODER_OIDC_ISSUER_URL, CODER_OIDC_CLIENT_ID and the secret again (`oidc-provision env`), and restart Coder",
        certainty=Certainty.PROOF,
        guide=Guide.AFTER_CHANGE,
        source=MIDDLEWARE,
    ),
    Symptom(
        code="coder-token-not-stored",
        anchor="update user_link",
        expression=r"update user_link(?:ed)?:",
        cause="a refreshed token could not be written to the database; where refresh tokens are for one use it is lost",
        fix="look at the database's error in the line, and let the identity provider accept a refresh token again",
        edit=REUSE,
        part="rotation",
        certainty=Certainty.PROOF,
        guide=Guide.LOGGED_OUT,
        source=MIDDLEWARE,
    ),
    Symptom(
        code="coder-signed-out",
        anchor="you are signed out or your session has expired",
        cause="a session ended; the answer's `detail`, which says why, is not there",
        fix="look for `detail` in the same answer, in the browser's network view or a HAR",
        certainty=Certainty.HINT,
        guide=Guide.LOGGED_OUT,
        source=MIDDLEWARE,
    ),
    Symptom(
        code="coder-mcp-refresh-failed",
        anchor="failed to refresh oidc token for mcp request",
        cause="a refresh failed in a request of an MCP client",
        fix=INSIDE,
        guide=Guide.LOGGED_OUT,
        levels=WARN,
        since="2.30",
        wraps=True,
        source=f"{MCP}; the first release is not known exactly",
    ),
    Symptom(
        code="coder-mcp-refreshed",
        anchor="refreshed expired oidc token for mcp request",
        cause="a refresh worked",
        fix="",
        certainty=Certainty.PROOF,
        bearing=Bearing.GOOD,
        levels=frozenset({"INFO"}),
        since="2.30",
        source=f"{MCP}; the first release is not known exactly",
    ),
    Symptom(
        code="coder-401-traced",
        anchor="status_code=401",
        cause="requests were answered 401, and the log does not say why",
        fix="take a HAR in a browser that was signed out, or give the answer's `detail` with --error: Coder logs no reason below status 500",
        certainty=Certainty.HINT,
        guide=Guide.LOGGED_OUT,
        levels=frozenset({"DEBUG"}),
        source="coder/coder, coderd/httpmw/loggermw/logger.go (2025)",
    ),
    Symptom(
        code="guide-renewal-failed",
        anchor="failed to renew oidc token",
        cause="an access token could not be renewed",
        fix=f"{INSIDE}; Coder itself is not known to log these words: they stand in its guide alone",
        guide=Guide.LOGGED_OUT,
        wraps=True,
        source="Coder's guide on refresh tokens; not found in Coder's code",
    ),
    Symptom(
        code="guide-token-expired",
        anchor="failed to renew oidc token: token has expired",
        cause="an access token could not be renewed: most often no refresh token is stored, or it is over",
        fix=f"{OFFLINE}; Coder itself is not known to log these words: they stand in its guide alone",
        edit=OFFLINE_ACCESS,
        part="offline",
        guide=Guide.LOGGED_OUT,
        source="Coder's guide on refresh tokens; not found in Coder's code",
    ),
)

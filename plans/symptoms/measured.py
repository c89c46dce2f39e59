"""Symptoms that no text says: what counts show, of Coder's metrics and of its database."""

from __future__ import annotations

from .base import OFFLINE_ACCESS, Bearing, Certainty, Guide, Symptom
from .library import REACH
from .sessions import OFFLINE, SIGN_IN_AGAIN

METRICS = "coder/coder, coderd/promoauth/oauth2.go: coderd_oauth2_external_requests_total"
LINKS = "coder/coder, table user_links (2025 to 2026)"


def _counted(
    code: str, cause: str, fix: str, certainty: Certainty, guide: Guide = Guide.LOGGED_OUT, *, source: str = METRICS
) -> Symptom:
    return Symptom(code, "", cause, fix, source, certainty=certainty, guide=guide)


ALL_REFUSED = _counted(
    "metric-all-refused",
    "all refreshes since Coder started were refused",
    "look at the identity provider's log for the reason; give a 401's `detail` with --error; `oidc-provision verify --login` tries it for real",
    Certainty.PROOF,
)
UNREACHED = _counted("metric-unreachable", "no refresh since Coder started got a good answer", REACH, Certainty.PROOF)
MANY_REFUSED = _counted(
    "metric-many-refused",
    "many refreshes are refused, others work",
    "whoever was away too long is refused once; more than that is a sign of rotation, or of lifetimes that are too short",
    Certainty.HINT,
)
NEVER_REFRESHED = Symptom(
    "metric-never-refreshed",
    "",
    "people signed in, and not one refresh was sent: no refresh tokens are stored, or no access token has ended yet",
    OFFLINE,
    METRICS,
    certainty=Certainty.HINT,
    guide=Guide.LOGGED_OUT,
    edit=OFFLINE_ACCESS,
    part="offline",
)
REFRESHES_WORK = Symptom(
    "metric-refreshes-work",
    "",
    "refreshes work",
    "",
    METRICS,
    certainty=Certainty.PROOF,
    bearing=Bearing.GOOD,
)
WITHOUT_TOKEN = Symptom(
    "database-no-refresh-token",
    "",
    "users have no refresh token stored: they are signed out when their access token ends",
    OFFLINE,
    LINKS,
    certainty=Certainty.PROOF,
    guide=Guide.AFTER_CHANGE,
    edit=OFFLINE_ACCESS,
    part="offline",
)
OTHER_ISSUER = _counted(
    "database-other-issuer",
    "users are linked to another issuer than the configured one: their refresh tokens are sent to an identity provider that never issued them",
    f"`coder server fix-oidc-links --dry-run`, then without it; {SIGN_IN_AGAIN}",
    Certainty.PROOF,
    Guide.AFTER_CHANGE,
    source=LINKS,
)
ALL_HAVE_TOKENS = Symptom(
    "database-all-have-tokens",
    "",
    "every user who signed in by OpenID Connect has a refresh token stored",
    "",
    LINKS,
    certainty=Certainty.PROOF,
    bearing=Bearing.GOOD,
)
MEASURED = (
    ALL_REFUSED,
    UNREACHED,
    MANY_REFUSED,
    NEVER_REFRESHED,
    REFRESHES_WORK,
    WITHOUT_TOKEN,
    OTHER_ISSUER,
    ALL_HAVE_TOKENS,
)

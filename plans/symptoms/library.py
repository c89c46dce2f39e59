"""What the OAuth 2.0 library of Coder says, golang.org/x/oauth2, and Go's own words for a server that cannot be reached."""

from __future__ import annotations

from .base import OFFLINE_ACCESS, REUSE, Certainty, Guide, Symptom
from .sessions import OFFLINE

LIBRARY = "golang.org/x/oauth2 v0.36.0, run against a local server"
GO = "Go's net and crypto packages"
# a refresh or an exchange goes to the token endpoint, a start of Coder to the discovery document
# and other components of Coder talk to other servers in the same words
_CALL = (
    r'(?:post|get) "https?://(?=[^"]{0,2000}?(?:token|openid|oauth|oidc|userinfo|certs|jwks))'
    r'[^"]{0,2500}+": .{0,600}?'
)
REACH = "let Coder's network reach the identity provider (name, route, proxy, firewall); a later request tries again with the same token"

LIBRARY_ERRORS = (
    Symptom(
        code="library-no-refresh-token",
        anchor="token expired and refresh token is not set",
        cause="no refresh token is stored for the user, so nothing can be refreshed",
        fix=OFFLINE,
        edit=OFFLINE_ACCESS,
        part="offline",
        certainty=Certainty.PROOF,
        guide=Guide.LOGGED_OUT,
        source=LIBRARY,
    ),
    Symptom(
        code="library-no-access-token",
        anchor="server response missing access_token",
        cause="the token endpoint answered success without an access token: it is no token endpoint, or a proxy answers in its place",
        fix="check that CODER_OIDC_ISSUER_URL is the issuer itself, and that no proxy or sign-in page stands before the token endpoint",
        guide=Guide.AFTER_CHANGE,
        source=LIBRARY,
    ),
    Symptom(
        code="library-server-error",
        anchor="oauth2: cannot fetch token: 5",
        expression=r"oauth2: cannot fetch token: 5\d\d",
        cause="the identity provider, or a proxy before it, answered with a server error; Coder signs users out for that as for a refusal",
        fix="look at the identity provider's health at that time; the stored token is kept, so a later request may succeed",
        guide=Guide.LOGGED_OUT,
        source=LIBRARY,
    ),
    Symptom(
        code="library-too-many-requests",
        anchor="oauth2: cannot fetch token: 429",
        cause="the identity provider limits how often Coder may ask: Coder refreshes once for each request that comes after the expiry",
        fix="raise the limit for Coder, and let access tokens live longer than ten minutes",
        edit="access_tokens: {lifetime: 1h}",
        guide=Guide.LOGGED_OUT,
        source=f"{LIBRARY}; coder/coder#25275",
    ),
    Symptom(
        code="library-cannot-fetch",
        anchor="oauth2: cannot fetch token: ",
        expression=r"oauth2: cannot fetch token: (?!5\d\d|429)",
        cause="the token endpoint refused, with an answer that is no OAuth error",
        fix="read the answer behind `Response:`; a page of HTML means a proxy or a wrong address",
        guide=Guide.LOGGED_OUT,
        wraps=True,
        source=LIBRARY,
    ),
    Symptom(
        code="library-cannot-parse",
        anchor="oauth2: cannot parse json",
        cause="the token endpoint answered something that is not JSON: a proxy or a sign-in page answers in its place",
        fix="check the way from Coder to the token endpoint, proxies above all",
        guide=Guide.AFTER_CHANGE,
        source="golang.org/x/oauth2, internal/token.go",
    ),
    Symptom(
        code="unreachable-refused",
        anchor="connection refused",
        expression=_CALL + "connection refused",
        cause="the identity provider could not be reached: nothing listens at its address",
        fix=REACH,
        certainty=Certainty.PROOF,
        guide=Guide.LOGGED_OUT,
        source=LIBRARY,
    ),
    Symptom(
        code="unreachable-name",
        anchor="no such host",
        expression=_CALL + "no such host",
        cause="the identity provider's name is not known where Coder runs",
        fix=REACH,
        certainty=Certainty.PROOF,
        guide=Guide.LOGGED_OUT,
        source=GO,
    ),
    Symptom(
        code="unreachable-slow",
        anchor="i/o timeout",
        expression=_CALL + "i/o timeout",
        cause="the identity provider did not answer in time",
        fix=REACH,
        certainty=Certainty.PROOF,
        guide=Guide.LOGGED_OUT,
        source=GO,
    ),
    Symptom(
        code="unreachable-deadline",
        anchor="deadline exceeded",
        expression=_CALL + "deadline exceeded",
        cause="the identity provider did not answer in time",
        fix=REACH,
        certainty=Certainty.PROOF,
        guide=Guide.LOGGED_OUT,
        source=GO,
    ),
    Symptom(
        code="unreachable-certificate",
        anchor="x509: ",
        expression=_CALL + "x509: ",
        cause="Coder does not trust the identity provider's certificate",
        fix="give Coder the certificate authority (CODER_TLS_CLIENT_CA_FILE or the system's store), or renew the certificate",
        certainty=Certainty.PROOF,
        guide=Guide.AFTER_CHANGE,
        source=GO,
    ),
    Symptom(
        code="request-cancelled",
        anchor="context canceled",
        expression=_CALL + "context canceled",
        cause="the browser went away while Coder refreshed; where refresh tokens are for one use, the new one is lost",
        fix="let the identity provider accept a refresh token again",
        edit=REUSE,
        part="rotation",
        certainty=Certainty.HINT,
        guide=Guide.LOGGED_OUT,
        source=f"{GO}; coder/coder#24332 for the same in git providers",
    ),
    Symptom(
        code="oauth-error-unknown",
        anchor='oauth2: "',
        expression=r'oauth2: "[\w.]{1,100}"',
        cause="the identity provider refused with an error that is in none of our tables",
        fix="read the error and its description in the line, and look for them in the identity provider's manual",
        certainty=Certainty.STRONG,
        guide=Guide.LOGGED_OUT,
        wraps=True,
        source=LIBRARY,
    ),
)

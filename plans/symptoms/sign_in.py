"""What Coder answers and logs when somebody signs in. Without a sign-in there is no refresh token either."""

from __future__ import annotations

from .base import Bearing, Certainty, Guide, Symptom

USERAUTH = "coder/coder, coderd/userauth.go (2025)"
EXCHANGE = "coder/coder, coderd/httpmw/oauth2.go (2023)"
ERROR = frozenset({"ERROR", "CRITICAL"})
WARN = frozenset({"WARN", "WARNING"})
CLAIMS = "compare the claims that come (debug log, CODER_LOG_FILTER='.*got oidc claims.*') with CODER_OIDC_EMAIL_FIELD and the other fields"


def _logged(code: str, words: str, cause: str, fix: str, *, wraps: bool = False) -> Symptom:
    anchor = f"oauth2: {words}"
    return Symptom(code, anchor, cause, fix, USERAUTH, levels=ERROR, wraps=wraps)


def _answered(code: str, anchor: str, cause: str, fix: str, expression: str = "", *, source: str = USERAUTH) -> Symptom:
    return Symptom(code, anchor, cause, fix, source, expression, Certainty.PROOF)


SIGN_IN = (
    _logged("sign-in-failed", "login failed", "a sign-in failed", "the `error` in the line says why", wraps=True),
    _logged(
        "sign-in-no-user",
        "unable to find linked user",
        "the database could not be asked for the user of a sign-in",
        "look at the database's error in the line",
    ),
    _logged(
        "sign-in-no-claims",
        "unable to extract oidc claims",
        "the ID token's claims could not be read",
        CLAIMS,
    ),
    _logged(
        "sign-in-no-sub",
        "missing 'sub' claim field in oidc token",
        "the ID token has no `sub`, which every OpenID provider must send",
        "let the identity provider put `sub` into the ID token; in Keycloak that is client scope `basic`",
    ),
    _logged(
        "sign-in-no-userinfo",
        "unable to obtain user information claims",
        "the userinfo endpoint refused or could not be reached",
        "let Coder reach it, or set CODER_OIDC_IGNORE_USERINFO=true where the ID token holds all claims",
    ),
    _logged(
        "sign-in-userinfo-unreadable",
        "unable to unmarshal user info claims",
        "the userinfo endpoint answered no JSON object",
        "check the way to it, or set CODER_OIDC_IGNORE_USERINFO=true where the ID token holds all claims",
    ),
    _logged(
        "sign-in-access-token-not-verified",
        "unable to verify access token as secondary claims source",
        "the access token is no JWT of the same issuer, and CODER_OIDC_ACCESS_TOKEN_CLAIMS wants one",
        "switch CODER_OIDC_ACCESS_TOKEN_CLAIMS off, or let the identity provider issue JWT access tokens",
    ),
    _logged(
        "sign-in-access-token-unreadable",
        "unable to unmarshal access token claims",
        "the access token's claims could not be read, and CODER_OIDC_ACCESS_TOKEN_CLAIMS wants them",
        "switch CODER_OIDC_ACCESS_TOKEN_CLAIMS off",
    ),
    Symptom(
        "sign-in-claims-came",
        "got oidc claims",
        "a sign-in got as far as the claims",
        "",
        USERAUTH,
        certainty=Certainty.PROOF,
        bearing=Bearing.GOOD,
        levels=frozenset({"DEBUG"}),
    ),
    Symptom(
        "sign-in-unverified-email",
        "unverified oidc email",
        "CODER_OIDC_IGNORE_EMAIL_VERIFIED is in effect: whoever can claim an address at the identity provider can have its account",
        "switch it off where the identity provider sends `email_verified`",
        USERAUTH,
        bearing=Bearing.NOTE,
        levels=WARN,
    ),
    Symptom(
        "sign-in-email-not-checked",
        "coder will not check email_verified for oidc logins",
        "CODER_OIDC_IGNORE_EMAIL_VERIFIED is in effect: whoever can claim an address at the identity provider can have its account",
        "switch it off where the identity provider sends `email_verified`",
        USERAUTH,
        bearing=Bearing.NOTE,
        levels=WARN,
    ),
    _answered(
        "sign-in-no-id-token",
        "id_token not found in response payload",
        "the token endpoint sent no ID token",
        "ask for scope `openid` first in CODER_OIDC_SCOPES, and check that the client is an OpenID Connect one",
    ),
    _answered(
        "sign-in-id-token-refused",
        "failed to verify oidc token",
        "the ID token does not fit: another issuer or audience, a key that is not known, or a clock that is wrong",
        "compare CODER_OIDC_ISSUER_URL to the letter with the discovery document's `issuer`; run `oidc-provision verify`",
    ),
    Symptom(
        "sign-in-refused",
        "encountered error in oidc process",
        "the identity provider refused the sign-in and said so to Coder",
        "the error behind it says why",
        EXCHANGE,
        wraps=True,
    ),
    _answered(
        "sign-in-no-email",
        "no email found in oidc payload",
        "no claim holds the user's email address",
        f"ask for scope `email`, or name the claim with CODER_OIDC_EMAIL_FIELD (Entra: `upn`); {CLAIMS}",
    ),
    _answered(
        "sign-in-email-unverified",
        "email address on your oidc provider to authenticate",
        "the identity provider says that the email address is not verified",
        "verify the address there, or set CODER_OIDC_IGNORE_EMAIL_VERIFIED=true where all addresses are yours",
    ),
    _answered(
        "sign-in-email-domain",
        "is not in domains",
        "the email address is of none of the allowed domains",
        "add the domain to CODER_OIDC_EMAIL_DOMAIN",
        r"your email .{0,300} is not in domains",
    ),
    _answered(
        "sign-in-signups-off",
        "signups are disabled",
        "the person has no account, and sign-ups are switched off",
        "create the account, or set CODER_OIDC_ALLOW_SIGNUPS=true",
    ),
    _answered(
        "sign-in-login-type",
        "incorrect login type, attempting to use",
        "the account was made for another way to sign in, with a password most often",
        "convert the account's login type to OIDC (the user does it in the account settings), or make it anew",
    ),
    _answered(
        "sign-in-state",
        "state mismatched",
        "the callback came without the cookie of the request: another browser or domain, or a sign-in that was begun twice",
        "open Coder at its access URL only (a second domain needs CODER_OIDC_REDIRECT_URL), and sign in again",
        source=EXCHANGE,
    ),
    Symptom(
        "sign-in-exchange-failed",
        "internal error exchanging oauth code",
        "the code of a sign-in could not be exchanged for tokens: a wrong client secret most often, or PKCE",
        "give Coder the client's own secret (`oidc-provision env`), and require PKCE only of Coder 2.30 and newer",
        EXCHANGE,
        guide=Guide.AFTER_CHANGE,
        wraps=True,
    ),
    Symptom(
        "sign-in-already-linked",
        "already linked",
        "the account is linked to another identity: the issuer or the users' `sub` changed",
        "`coder server fix-oidc-links --dry-run`, then without it; where only `sub` changed, with --force-reset-all",
        "coder/coder#25712, #26274, #26398; the exact words are not known",
        r"(?:account|user|email|identity).{0,80}already linked",
        guide=Guide.AFTER_CHANGE,
        since="2.29",
    ),
)

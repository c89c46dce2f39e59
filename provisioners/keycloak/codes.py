"""The finding codes of Keycloak, each with why it matters and where the fact comes from."""

from __future__ import annotations

from ...plans.findings import Rule, Severity

SEEN = "seen on Keycloak 26.7.3"

MISSING_ROLE = Rule(
    "keycloak-missing-role",
    Severity.ERROR,
    "the admin account lacks a role",
    "With too few roles Keycloak does not refuse: it answers with a realm of four keys or an empty client list, which would read as "
    "`nothing is there, create it`. So the roles are checked before anything is compared.",
    SEEN,
)
UNKNOWN_SCOPE = Rule(
    "keycloak-unknown-scope",
    Severity.ERROR,
    "a requested client scope does not exist in the realm",
    "Keycloak drops an unknown scope in silence when a client is created, and answers every later sign-in that asks for it with "
    "`invalid_scope`: nobody could sign in.",
    SEEN,
)
UNKNOWN_ROLE = Rule(
    "keycloak-unknown-role",
    Severity.ERROR,
    "a role for the default roles does not exist in the realm",
    "Only an existing realm role can be added to the default roles.",
    SEEN,
)
NOT_OPENID = Rule(
    "keycloak-not-openid",
    Severity.ERROR,
    "the client exists with another protocol",
    "A client that was made for SAML cannot be turned into an OpenID Connect client without being made anew.",
    SEEN,
)
SESSION_ABOVE_REALM = Rule(
    "keycloak-session-above-realm",
    Severity.ERROR,
    "a plain-session lifetime of the client is above the realm's",
    "Keycloak refuses every change of a client, even of its name, while its `client.session.idle.timeout` or `client.session.max.lifespan` is "
    "above the realm's SSO session value.",
    SEEN,
)
OFFLINE_IDLE_CAPPED = Rule(
    "keycloak-offline-idle-capped",
    Severity.WARNING,
    "the client's offline idle timeout is above the realm's",
    "Keycloak advertises the client's value and honours the smaller of the two.",
    SEEN,
)
OFFLINE_MAX_CAPPED = Rule(
    "keycloak-offline-max-capped",
    Severity.WARNING,
    "the client's offline maximum is above the realm's",
    "With the realm's offline maximum switched on, the smaller of client and realm counts; a client without its own maximum gets the realm's.",
    SEEN,
)
MAX_CAPS_ALL = Rule(
    "keycloak-maximum-caps-all",
    Severity.WARNING,
    "switching the realm's offline maximum on caps every client of the realm",
    "The realm's own default maximum is 60 days; every client that has none of its own, or a longer one, ends there.",
    SEEN,
)
SHARED_NEEDED = Rule(
    "keycloak-shared-needed",
    Severity.WARNING,
    "only a setting of the whole realm can do what the plan asks",
    "Other clients share the realm's settings, so they change only where `shared:` states them.",
    SEEN,
)
ROLE_NOT_DEFAULT = Rule(
    "keycloak-offline-role-not-default",
    Severity.WARNING,
    "new users do not get the realm role offline_access",
    "A user without the realm role `offline_access` is refused at the token endpoint (`Offline tokens not allowed for the user or client`).",
    SEEN,
)
ROTATION_HITS_ISSUED = Rule(
    "keycloak-rotation-hits-issued",
    Severity.WARNING,
    "switching rotation on hits the refresh tokens already issued",
    "Revocation on use applies at once to tokens of all clients of the realm; a second use of any of them ends its session.",
    SEEN,
)
SECOND_MAPPER = Rule(
    "keycloak-second-mapper",
    Severity.WARNING,
    "two mappers emit the same claim",
    "Which of them wins is not defined; one of the two should go.",
    SEEN,
)
CLAIM_BY_SCOPE = Rule(
    "keycloak-claim-by-scope",
    Severity.INFO,
    "an attached client scope already emits the groups claim",
    "The scope's mapper is used; a mapper of the client's own would be a second one.",
    SEEN,
)
CLIENT_DISABLED = Rule(
    "keycloak-client-disabled",
    Severity.WARNING,
    "the client is disabled",
    "A disabled client answers every sign-in and refresh with `invalid_client`. Whether it is enabled is not managed.",
    SEEN,
)
REALM_DISABLED = Rule(
    "keycloak-realm-disabled",
    Severity.WARNING,
    "the realm is disabled",
    "A disabled realm refuses every sign-in and refresh, while its discovery document still answers.",
    SEEN,
)
NOT_BY_SECRET = Rule(
    "keycloak-not-by-secret",
    Severity.WARNING,
    "the client does not authenticate by a secret",
    "Coder sends the client secret; a client with another authenticator refuses it.",
    SEEN,
)
REALM_HIDDEN = Rule(
    "keycloak-realm-hidden",
    Severity.INFO,
    "the realm's lifetimes could not be read",
    "Without the role `view-realm` the realm's lifetimes and default roles are hidden: whether they cap the client's cannot be told.",
    SEEN,
)
LOWERED_BELOW_CLIENTS = Rule(
    "keycloak-lowered-below-clients",
    Severity.WARNING,
    "the realm is lowered below what clients have stored",
    "Keycloak accepts it, and from then on refuses every change of those clients until their own value is lowered.",
    SEEN,
)
LIFETIME_SHORTENED = Rule(
    "keycloak-lifetime-shortened",
    Severity.WARNING,
    "a lifetime gets shorter",
    "Sessions that are already older or idler than the new value end at their next refresh.",
    SEEN,
)
SECRET_IN_ONE_STEP = Rule(
    "keycloak-secret-in-one-step",
    Severity.WARNING,
    "Keycloak holds one secret: the old one stops working at once",
    "Refresh tokens survive, but Coder cannot use them until it is restarted with the new secret.",
    SEEN,
)
PROBLEMATIC_LIFESPAN = Rule(
    "keycloak-broken-lifespan",
    Severity.WARNING,
    "a lifetime attribute of the client holds something that is no number of seconds",
    "Keycloak stores such a value unchecked; `access.token.lifespan` then breaks the token endpoint for every sign-in.",
    SEEN,
)

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))

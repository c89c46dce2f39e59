"""The options of Coder that bear on OIDC, as data, and what to make of a name that is none of them.

Names, YAML keys, types and defaults are those of Coder's server reference and its golden YAML file of 2026. What Coder
makes of a value is in `coder_values`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum

from .coder_values import value_problem


class Kind(StrEnum):
    """The types of Coder's option library, under its own names."""

    STRING = "string"
    BOOL = "bool"
    STRING_ARRAY = "string-array"
    STRUCT = "struct"
    STRUCT_OF_LISTS = "struct-of-lists"
    REGEXP = "regexp"
    URL = "url"
    DURATION = "duration"
    ENUM = "enum"
    HOST_PORT = "host:port"


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `yaml` is its dotted key, empty where it has none; `default` is as Coder prints it."""

    name: str
    yaml: str
    kind: Kind
    default: str = ""
    hidden: bool = False
    secret: bool = False


_S, _B, _A, _M, _L = Kind.STRING, Kind.BOOL, Kind.STRING_ARRAY, Kind.STRUCT, Kind.STRUCT_OF_LISTS
_R, _U, _D, _E, _H = Kind.REGEXP, Kind.URL, Kind.DURATION, Kind.ENUM, Kind.HOST_PORT

_TABLE = (
    Option("CODER_OIDC_ALLOW_SIGNUPS", "oidc.allowSignups", _B, "true"),
    Option("CODER_OIDC_CLIENT_ID", "oidc.clientID", _S),
    Option("CODER_OIDC_CLIENT_SECRET", "", _S, secret=True),
    Option("CODER_OIDC_CLIENT_KEY_FILE", "oidc.oidcClientKeyFile", _S),
    Option("CODER_OIDC_CLIENT_CERT_FILE", "oidc.oidcClientCertFile", _S),
    Option("CODER_OIDC_EMAIL_DOMAIN", "oidc.emailDomain", _A),
    Option("CODER_OIDC_ISSUER_URL", "oidc.issuerURL", _S),
    Option("CODER_OIDC_SCOPES", "oidc.scopes", _A, "openid,profile,email"),
    Option("CODER_OIDC_IGNORE_EMAIL_VERIFIED", "oidc.ignoreEmailVerified", _B, "false"),
    Option("CODER_OIDC_USERNAME_FIELD", "oidc.usernameField", _S, "preferred_username"),
    Option("CODER_OIDC_NAME_FIELD", "oidc.nameField", _S, "name"),
    Option("CODER_OIDC_EMAIL_FIELD", "oidc.emailField", _S, "email"),
    Option("CODER_OIDC_AUTH_URL_PARAMS", "oidc.authURLParams", _M, '{"access_type": "offline"}'),
    Option("CODER_OIDC_IGNORE_USERINFO", "oidc.ignoreUserInfo", _B, "false"),
    Option("CODER_OIDC_ACCESS_TOKEN_CLAIMS", "oidc.accessTokenClaims", _B, "false", hidden=True),
    Option("CODER_OIDC_ORGANIZATION_FIELD", "oidc.organizationField", _S, hidden=True),
    Option("CODER_OIDC_ORGANIZATION_ASSIGN_DEFAULT", "oidc.organizationAssignDefault", _B, "true", hidden=True),
    Option("CODER_OIDC_ORGANIZATION_MAPPING", "oidc.organizationMapping", _L, "{}", hidden=True),
    Option("CODER_OIDC_GROUP_FIELD", "oidc.groupField", _S),
    Option("CODER_OIDC_GROUP_MAPPING", "oidc.groupMapping", _M, "{}"),
    Option("CODER_OIDC_GROUP_AUTO_CREATE", "oidc.enableGroupAutoCreate", _B, "false"),
    Option("CODER_OIDC_GROUP_REGEX_FILTER", "oidc.groupRegexFilter", _R, ".*"),
    Option("CODER_OIDC_ALLOWED_GROUPS", "oidc.groupAllowed", _A),
    Option("CODER_OIDC_USER_ROLE_FIELD", "oidc.userRoleField", _S),
    Option("CODER_OIDC_USER_ROLE_MAPPING", "oidc.userRoleMapping", _L, "{}"),
    Option("CODER_OIDC_USER_ROLE_DEFAULT", "oidc.userRoleDefault", _A),
    Option("CODER_OIDC_SIGN_IN_TEXT", "oidc.signInText", _S, "OpenID Connect"),
    Option("CODER_OIDC_ICON_URL", "oidc.iconURL", _U),
    Option("CODER_OIDC_SIGNUPS_DISABLED_TEXT", "oidc.signupsDisabledText", _S),
    Option("CODER_DANGEROUS_OIDC_SKIP_ISSUER_CHECKS", "oidc.dangerousSkipIssuerChecks", _B, "false"),
    # The key is spelt like the flag, unlike every other one; since January 2026.
    Option("CODER_OIDC_REDIRECT_URL", "oidc.oidc-redirect-url", _U),
    Option("CODER_OIDC_REPAIR_LINKS", "", _B, "true", hidden=True),
    Option("CODER_DANGEROUS_OIDC_EMAIL_FALLBACK", "", _B, "false", hidden=True),
    Option("CODER_ACCESS_URL", "networking.accessURL", _U),
    Option("CODER_SESSION_DURATION", "networking.http.sessionDuration", _D, "24h0m0s"),
    Option("CODER_DISABLE_SESSION_EXPIRY_REFRESH", "networking.http.disableSessionExpiryRefresh", _B, "false"),
    Option("CODER_DISABLE_PASSWORD_AUTH", "networking.http.disablePasswordAuth", _B, "false"),
    Option("CODER_SECURE_AUTH_COOKIE", "networking.secureAuthCookie", _B),
    Option("CODER_SAMESITE_AUTH_COOKIE", "networking.sameSiteAuthCookie", _E, "lax"),
    Option("CODER_HOST_PREFIX_COOKIE", "networking.hostPrefixCookie", _B, "false"),
    Option("CODER_MAX_TOKEN_LIFETIME", "networking.http.maxTokenLifetime", _D, "876600h0m0s"),
    Option("CODER_MAX_ADMIN_TOKEN_LIFETIME", "networking.http.maxAdminTokenLifetime", _D, "168h0m0s"),
    Option("CODER_DEFAULT_TOKEN_LIFETIME", "defaultTokenLifetime", _D, "168h0m0s"),
    Option("CODER_DEFAULT_OAUTH_REFRESH_LIFETIME", "defaultOAuthRefreshLifetime", _D, "720h0m0s"),
    Option("CODER_EXTERNAL_TOKEN_ENCRYPTION_KEYS", "", _A, secret=True),
    Option("CODER_TLS_CLIENT_CERT_FILE", "", _S),
    Option("CODER_TLS_CLIENT_KEY_FILE", "", _S),
    Option("CODER_TLS_CLIENT_CA_FILE", "", _S),
    Option("CODER_LOG_FILTER", "introspection.logging.filter", _A),
    Option("CODER_VERBOSE", "", _B, "false"),
    Option("CODER_LOGGING_HUMAN", "introspection.logging.humanPath", _S, "/dev/stderr"),
    Option("CODER_LOGGING_JSON", "introspection.logging.jsonPath", _S),
    Option("CODER_LOGGING_STACKDRIVER", "introspection.logging.stackdriverPath", _S),
    Option("CODER_PROMETHEUS_ENABLE", "introspection.prometheus.enable", _B, "false"),
    Option("CODER_PROMETHEUS_ADDRESS", "introspection.prometheus.address", _H, "127.0.0.1:2112"),
    Option("CODER_CONFIG_PATH", "", _S),
    Option("CODER_SCIM_AUTH_HEADER", "", _S, secret=True),
    Option("CODER_SCIM_USE_LEGACY", "scimUseLegacy", _B),
)

OPTIONS = {option.name: option for option in _TABLE}
"""The known options by name, in the server's own order. There are more that have nothing to do with OIDC."""


def option(name: str) -> Option | None:
    """Return what is known about an option, None for a name that is not in the table."""
    return OPTIONS.get(name)


def is_unknown(name: str) -> bool:
    """Tell whether a name claims to be an OIDC option and is none: Coder ignores such a name in silence."""
    return "OIDC" in name and name.startswith("CODER_") and name not in OPTIONS


def suggest(name: str) -> str | None:
    """Return the option that an unknown name was probably meant to be, None where nothing comes near."""
    if name in OPTIONS:
        return None
    near = difflib.get_close_matches(name.strip().upper().replace("-", "_"), OPTIONS, n=1, cutoff=0.75)
    return near[0] if near else None


def check_value(name: str, value: str) -> str | None:
    """Return what Coder would do wrong with a value (refuse to start, misread it), None where nothing is known."""
    known = OPTIONS.get(name)
    return value_problem(name, known.kind.value, value) if known else None


def canonical_duration(seconds: int) -> str:
    """Return a duration as Coder reads it and people write it: `168h`, `1h30m`, `1m30s`. Not below zero."""
    if seconds < 0:
        raise ValueError("a duration is not negative")
    hours, rest = divmod(seconds, 3600)
    parts = ((hours, "h"), (rest // 60, "m"), (rest % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"

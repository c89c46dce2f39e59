"""The rules that are true of every identity provider: what Coder does with tokens, and what lifetimes mean together.

Facts about Coder: no lock is taken around a refresh; PKCE is sent from 2.30 on; builds refresh ten minutes early from 2.31 on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .durations import format_duration
from .findings import Finding, Rule, Severity
from .lifetimes import CODER_SESSION_DEFAULT, EARLY_REFRESH, LifetimeRules
from .model import CALLBACK_PATH, Plan
from .urls import is_loopback
from .versions import PKCE_SINCE

CODER = "Coder facts, section 2"

ROTATION_RACE = Rule(
    "rotation-race",
    Severity.WARNING,
    "rotation signs users out when Coder refreshes twice at once",
    "Coder takes no lock around a refresh: each request that finds the token expired sends the same refresh token. Where a token may be used "
    "once only, the second use is refused and can end the whole session.",
    "coder/coder#25275, open in 2026",
)
IDLE_NOT_ABOVE_ACCESS = Rule(
    "idle-not-above-access",
    Severity.WARNING,
    "the idle timeout is not above the access-token lifetime",
    "Coder refreshes only after the access token has expired; by then an idle timeout that is not longer has ended the refresh token.",
    CODER,
)
LIFETIMES_CONTRADICT = Rule(
    "lifetimes-contradict",
    Severity.ERROR,
    "two lifetimes of the plan contradict each other",
    "An idle timeout above the maximum can never count, and an access token that outlives the maximum is cut or useless.",
)
ACCESS_TOKEN_SHORT = Rule(
    "access-token-short",
    Severity.WARNING,
    "access tokens of ten minutes or less are refreshed on every build",
    "From Coder 2.31 on a workspace build refreshes ten minutes before expiry, so a shorter token is refreshed each time; 30 to 60 minutes suit.",
    "coder/coder#22502",
)
SESSION_SHORTER = Rule(
    "session-shorter-than-promised",
    Severity.WARNING,
    "Coder's own session ends before the identity provider's promise",
    "Coder's session key and the refresh token must both be valid: somebody who is away longer than CODER_SESSION_DURATION signs in again "
    "whatever the identity provider allows.",
    CODER,
)
VERSION_UNKNOWN = Rule(
    "coder-version-unknown",
    Severity.INFO,
    "PKCE is left alone because the plan does not state Coder's version",
    "Requiring PKCE is right from Coder 2.30 on and breaks the sign-in before.",
    "coder/coder#21215",
)
PKCE_TOO_EARLY = Rule(
    "pkce-before-coder-2.30",
    Severity.ERROR,
    "PKCE would be required of a Coder that does not send it",
    "Coder sends PKCE from 2.30 on; an identity provider that requires it refuses every sign-in of an older one.",
    "coder/coder#21215",
)
REDIRECT_PLAIN_HTTP = Rule(
    "redirect-plain-http",
    Severity.WARNING,
    "a redirect URI or origin is plain http",
    "An authorization code travels through it unprotected; only loopback is excepted.",
    "RFC 9700",
)
REDIRECT_WILDCARD = Rule(
    "redirect-wildcard",
    Severity.WARNING,
    "a redirect URI or origin has a wildcard",
    "Whoever controls any address it matches can receive authorization codes; Coder needs exactly one.",
    "RFC 9700",
)
REDIRECT_NOT_CALLBACK = Rule(
    "redirect-not-callback",
    Severity.WARNING,
    "the redirect URL is not Coder's callback",
    f"Coder answers sign-ins at {CALLBACK_PATH} only.",
    "Coder facts, section 1.2",
)
ISSUER_MISMATCH = Rule(
    "issuer-mismatch",
    Severity.WARNING,
    "the issuer that the server states is not the one that the plan's address suggests",
    "Coder compares issuers to the letter. The emitted setting is what the discovery document states; Coder must reach it under that address.",
    "OpenID Connect Discovery",
)
ISSUER_UNKNOWN = Rule(
    "issuer-unknown",
    Severity.WARNING,
    "the discovery document cannot be read from here",
    "The issuer that Coder must be given stands in it, to the letter. Where only Coder can reach the public address, run `env` from there.",
    "OpenID Connect Discovery",
)
WEAK_SECRET = Rule(
    "weak-secret",
    Severity.WARNING,
    "a secret is so short or common that it cannot be kept out of output",
    "Redaction would cut ordinary words to pieces, so such a secret is not redacted.",
)
UNKNOWN_SETTING = Rule(
    "unknown-coder-setting",
    Severity.ERROR,
    "a setting of the plan's `env:` that Coder does not know",
    "Coder ignores unknown CODER_OIDC_* names in silence, so a typing error would never show.",
    "Coder facts, section 1.3",
)
BAD_SETTING = Rule(
    "bad-coder-setting",
    Severity.ERROR,
    "a setting of the plan's `env:` that Coder would refuse or misread",
    "Coder refuses to start, or is silently wrong, on such a value.",
    "Coder facts, section 1.3",
)
GENERATED_SETTING = Rule(
    "generated-setting",
    Severity.ERROR,
    "the plan's `env:` sets what is generated",
    "Two sources for one setting would hide a difference between the identity provider and Coder.",
)

# collected, so that no rule can be forgotten in the register
RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))


def check_plan(plan: Plan) -> tuple[Finding, ...]:
    """Return what can be said of a plan alone."""
    return (*_contradictions(plan), *_pkce(plan), *_redirect(plan))


def _contradictions(plan: Plan) -> Iterator[Finding]:
    idle, maximum, access = (
        plan.refresh_tokens.idle_timeout,
        plan.refresh_tokens.max_lifetime,
        plan.access_tokens.lifetime,
    )
    ceiling = maximum if isinstance(maximum, int) else None
    rows = (
        ("refresh_tokens.idle_timeout", idle, ("refresh_tokens", "idle_timeout")),
        ("access_tokens.lifetime", access, ("access_tokens", "lifetime")),
    )
    for name, value, path in rows:
        if ceiling is not None and value is not None and value > ceiling:
            problem = (
                f"`{name}` is {format_duration(value)} but `refresh_tokens.max_lifetime` is {format_duration(ceiling)}"
            )
            yield LIFETIMES_CONTRADICT.finding(problem, fix="lower the one or raise the other", path=path)


def _pkce(plan: Plan) -> Iterator[Finding]:
    if plan.coder.version is None:
        yield VERSION_UNKNOWN.finding(
            "`coder.version` is not stated, so PKCE is left as it is",
            fix='add `version: "2.34"` under `coder:`',
            path=("coder",),
        )
    elif plan.coder.version < PKCE_SINCE and getattr(plan.client, "pkce", None):
        problem = f"`client.pkce` requires PKCE but Coder {plan.coder.version} does not send it"
        yield PKCE_TOO_EARLY.finding(
            problem, fix="remove `pkce`, or update Coder to 2.30 or newer", path=("client", "pkce")
        )


def _redirect(plan: Plan) -> Iterator[Finding]:
    url = plan.coder.redirect_url
    if url is not None and not url.endswith(CALLBACK_PATH):
        yield REDIRECT_NOT_CALLBACK.finding(
            f"`{url}` is not Coder's callback",
            fix=f"end it with {CALLBACK_PATH}",
            path=("coder", "redirect_url"),
        )


def check_urls(urls: Iterable[str], where: str, path: tuple[str | int, ...] = ()) -> Iterator[Finding]:
    """Return findings for redirect URIs or origins that are plain http or hold a wildcard, ours or not."""
    # foreign ones too: a code can leave through any of them
    for url in sorted(urls):
        if "*" in url:
            yield REDIRECT_WILDCARD.finding(
                f"`{url}` is a wildcard", fix="replace it by the exact addresses in use", where=where, path=path
            )
        elif url.lower().startswith("http://") and not is_loopback(url):
            yield REDIRECT_PLAIN_HTTP.finding(f"`{url}` is plain http", fix="use https", where=where, path=path)


def check_lifetimes(plan: Plan, rules: LifetimeRules, where: str) -> Iterator[Finding]:
    """Return findings about effective lifetimes: what counts after the vendor's own limits."""
    yield from _rotation(plan, rules, where)
    if rules.access is not None and rules.idle is not None and rules.idle <= rules.access:
        problem = f"refresh tokens end after {format_duration(rules.idle)} idle, access tokens live {format_duration(rules.access)}"
        yield IDLE_NOT_ABOVE_ACCESS.finding(
            problem, fix="make the idle timeout longer than the access token", where=where, path=("refresh_tokens",)
        )
    if rules.access is not None and rules.access <= EARLY_REFRESH:
        problem = f"access tokens live {format_duration(rules.access)}: every workspace build refreshes"
        fix = "state `access_tokens: {lifetime: 30m}`"
        yield ACCESS_TOKEN_SHORT.finding(problem, fix=fix, where=where, path=("access_tokens", "lifetime"))
    yield from _session(plan, rules, where)


def _rotation(plan: Plan, rules: LifetimeRules, where: str) -> Iterator[Finding]:
    if not rules.rotates:
        return
    replicas = f", and its {plan.coder.replicas} replicas do so independently" if plan.coder.replicas > 1 else ""
    uses = "for one use" if rules.reuses == 0 else f"for {rules.reuses + 1} uses"
    late = "second" if rules.reuses == 0 else "next"
    problem = f"refresh tokens are {uses}, but Coder refreshes in parallel{replicas}: the {late} refresh is refused and ends the user's session"
    yield ROTATION_RACE.finding(
        problem, fix="state `refresh_tokens: {rotation: reuse}`", where=where, path=("refresh_tokens", "rotation")
    )


def _session(plan: Plan, rules: LifetimeRules, where: str) -> Iterator[Finding]:
    stated = plan.refresh_tokens.idle_timeout
    # what counts after the vendor's limits, not what was asked for
    promised = stated if rules.idle is None else rules.idle
    session = plan.coder.session_duration or CODER_SESSION_DEFAULT
    if stated is None or promised is None or session >= promised:
        return
    problem = f"Coder ends a session after {format_duration(session)} away, the identity provider after {format_duration(promised)}"
    fix = f"state `coder: {{session_duration: {format_duration(promised)}}}`"
    yield SESSION_SHORTER.finding(problem, fix=fix, where=where, path=("coder", "session_duration"))

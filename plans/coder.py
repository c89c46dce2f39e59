"""What a plan means for Coder, whatever the identity provider: the settings that are emitted, and what a change asks of people."""

from __future__ import annotations

from .coder_env import CoderEnv
from .coder_options import canonical_duration
from .model import Plan
from .sealed import Sealed


def base_env(
    plan: Plan,
    issuer: str,
    secret: Sealed | None,
    scopes: tuple[str, ...],
    *,
    auth_url_params: str = "",
    email_field: str = "email",
    client_id: str = "",
) -> CoderEnv:
    """Return the CODER_* settings: issuer to the letter, scopes joined by commas without spaces (Coder does not trim them).

    `email_field` is the claim that holds the email address; the plan's own `env:` has the last word on it. `client_id` is what the
    identity provider calls the client, where that is not the plan's name for it.
    """
    env = CoderEnv().with_entry("CODER_OIDC_ISSUER_URL", issuer)
    env = env.with_entry("CODER_OIDC_CLIENT_ID", client_id or plan.client.id)
    # no line rather than an empty one: Coder would start with it
    if secret is not None:
        env = env.with_entry("CODER_OIDC_CLIENT_SECRET", secret)
    env = env.with_entry("CODER_OIDC_SCOPES", ",".join(scopes))
    if auth_url_params:
        env = env.with_entry("CODER_OIDC_AUTH_URL_PARAMS", auth_url_params)
    return with_own(_optional(plan, env.with_entry("CODER_OIDC_EMAIL_FIELD", email_field)), plan)


def _optional(plan: Plan, env: CoderEnv) -> CoderEnv:
    # by itself Coder takes groups only where a scope is named exactly `groups`
    if plan.client.groups_claim is not None:
        env = env.with_entry("CODER_OIDC_GROUP_FIELD", plan.client.groups_claim.name)
    if plan.coder.redirect_url is not None:
        env = env.with_entry("CODER_OIDC_REDIRECT_URL", plan.coder.redirect_url)
    if plan.coder.session_duration is not None:
        env = env.with_entry("CODER_SESSION_DURATION", canonical_duration(plan.coder.session_duration))
    return env


def with_own(env: CoderEnv, plan: Plan) -> CoderEnv:
    """Return the settings with those that the plan's `env:` adds."""
    for name, value in plan.env.items():
        env = env.with_entry(name, value)
    return env

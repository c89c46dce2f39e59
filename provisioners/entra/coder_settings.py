"""The settings that make Coder use an application of Entra ID."""

from __future__ import annotations

from ...plans.client_secret import secret_of_coder
from ...plans.coder import base_env
from ...plans.coder_env import CoderEnv
from ...plans.errors import Failed
from ...plans.model import Plan
from ...plans.resources import Live
from .fields import ISSUER, ISSUER_PROBLEM, TENANT, client_address
from .wants import client_part, entra, scopes_of


def coder_env(plan: Plan, live: Live) -> CoderEnv:
    """Return the settings; client id is the appId that Entra drew. Raises Failed where the application does not exist."""
    application, tenant = live.get(client_address(plan.client.id)), live.get(TENANT, {})
    where = f"tenant/{entra(plan).tenant}"
    if application is None:
        raise Failed(
            f"application `{plan.client.id}` does not exist", where=where, fix="run `oidc-provision apply` first"
        )
    if ISSUER not in tenant:
        fix = "make the discovery document reachable from here"
        raise Failed(str(tenant.get(ISSUER_PROBLEM)), where=where, fix=fix)
    client = client_part(plan)
    env = base_env(
        plan,
        str(tenant[ISSUER]),
        None if client.certificate is not None else secret_of_coder(plan.client.id, live),
        scopes_of(plan),
        email_field=client.email_claim,
        client_id=str(application["appId"]),
    )
    if client.certificate is None:
        return env
    # a path on Coder's machine: the files themselves are not ours to bring there
    env = env.with_entry("CODER_OIDC_CLIENT_KEY_FILE", client.certificate.coder_key_file)
    return env.with_entry("CODER_OIDC_CLIENT_CERT_FILE", client.certificate.coder_cert_file)

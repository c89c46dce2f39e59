"""The settings that make Coder use a Keycloak client."""

from __future__ import annotations

from ...plans.coder import base_env
from ...plans.coder_env import CoderEnv
from ...plans.errors import Failed
from ...plans.model import Plan
from ...plans.resources import Live
from ...plans.sealed import Sealed
from .fields import ISSUER, ISSUER_PROBLEM, OFFLINE_ACCESS, client_address, realm_address
from .wants import keycloak

ACCESS_TYPE = '{"access_type": "offline"}'
"""Keycloak ignores it and it is Coder's default; it is emitted because the guide prints it and people look for it."""


def coder_env(plan: Plan, live: Live) -> CoderEnv:
    """Return the settings; the issuer is what the discovery document states. Raises Failed where the client does not exist."""
    client = live.get(client_address(plan.client.id))
    realm = keycloak(plan).realm
    if client is None:
        raise Failed(
            f"client `{plan.client.id}` does not exist", where=f"realm/{realm}", fix="run `oidc-provision apply` first"
        )
    fields = live[realm_address(realm)]
    if ISSUER not in fields:
        raise Failed(
            str(fields.get(ISSUER_PROBLEM)),
            where=f"realm/{realm}",
            fix="make the discovery document reachable from here",
        )
    secret = client.get("secret")
    scopes = tuple(scope.name for scope in plan.client.scopes)
    if OFFLINE_ACCESS not in scopes:
        # last, where the guide prints it
        scopes = (*scopes, OFFLINE_ACCESS)
    return base_env(
        plan, str(fields[ISSUER]), secret if isinstance(secret, Sealed) else None, scopes, auth_url_params=ACCESS_TYPE
    )

"""Keycloak 26: clients, client scopes, lifetimes, the realm's shared settings.

Importing this package imports the plan models alone; python-keycloak comes with the first realm that is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...plans.load import Deployment
from ..base import HttpRules, Provisioner, Surroundings
from .codes import RULES
from .connection import is_token_request, name_path
from .habits import HABITS
from .settings import KIND

EXAMPLE = Path(__file__).with_name("example.yaml")
HTTP = HttpRules(repeatable=is_token_request, name_path=name_path)
ASKS: Mapping[str, str] = {
    "url": "Address of the Keycloak server (with /auth where it has one)",
    "realm": "Realm",
    "admin.client_id": "Client id of the service account for this tool",
    "admin.client_secret": "Where its secret is, as env:NAME, file:PATH or a command",
}


async def open_provisioner(deployment: Deployment, surroundings: Surroundings) -> Provisioner:
    """Return the provisioner of a deployment's realm; signs in at its first call."""
    from .opening import open_realm  # noqa: PLC0415  # imports the transport's consumers

    return await open_realm(deployment, surroundings)


__all__ = ["ASKS", "EXAMPLE", "HABITS", "HTTP", "KIND", "RULES", "open_provisioner"]

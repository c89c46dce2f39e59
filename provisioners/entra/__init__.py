"""Entra ID through Microsoft Graph v1.0: applications, their secrets or certificates, consent, and two policies of the tenant.

Importing this package imports the plan models alone; msgraph-sdk and azure-identity come with the first tenant that is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...plans.errors import UsageError
from ...plans.load import Deployment
from ..base import HttpRules, Provisioner, Surroundings
from .codes import RULES
from .habits import HABITS
from .requests import is_repeatable, name_path
from .settings import KIND

EXAMPLE = Path(__file__).with_name("example.yaml")
HTTP = HttpRules(repeatable=is_repeatable, name_path=name_path)
ASKS: Mapping[str, str] = {
    # nothing of `admin`: without it the Azure CLI's sign-in is used, as a first plan is written at a terminal
    "tenant": "The tenant's GUID (az account show --query tenantId)",
}


async def open_provisioner(deployment: Deployment, surroundings: Surroundings) -> Provisioner:
    """Return the provisioner of a deployment's tenant; signs in at its first call. Raises UsageError where the extra is missing."""
    try:
        from .opening import open_tenant  # noqa: PLC0415  # imports msgraph-sdk
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("oidc_provision"):
            raise
        fix = "pip install 'oidc-provision[entra]'"
        raise UsageError(f"an identity provider of type `entra` needs `{error.name}`", fix=fix) from None
    return await open_tenant(deployment, surroundings)


__all__ = ["ASKS", "EXAMPLE", "HABITS", "HTTP", "KIND", "RULES", "open_provisioner"]

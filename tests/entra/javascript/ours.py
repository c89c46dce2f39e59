"""What this project does to a tenant, beside which a stranger's client is put: the product itself, over https with a private authority."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.command import Ran
from tests.entra.tenant import SCOPES, Tenant
from tests.laws.worlds.entra import PLAN
from tests.live.running import applied, emitted, here, planned

from oidc_provision.plans.load import load
from oidc_provision.plans.redaction import Redactor
from oidc_provision.plans.resources import Live
from oidc_provision.provisioners.entra.credentials import of_fields
from oidc_provision.provisioners.entra.fields import (
    PERMISSIONS,
    WEB,
    client_address,
    consent_address,
    members,
    secret_address,
)
from oidc_provision.provisioners.entra.sandbox.building import DELEGATED, GRAPH_APP
from oidc_provision.provisioners.registry import PlanKinds
from oidc_provision.provisioners.session import SessionSettings, open_session
from oidc_provision.provisioners.tls import TlsSettings

CODERS_OWN = {"CODER_OIDC_AUTH_URL_PARAMS": '{"access_type": "offline"}'}
"""What Coder takes where it is told nothing."""
CREATE = {"Prefer": "create-if-missing"}


@dataclass(frozen=True)
class Found:
    """An application as we read it: names of scopes instead of their ids."""

    app_id: str
    redirect_uris: frozenset[str]
    asked: frozenset[str]
    consented: frozenset[str]
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Ours:
    """This project's commands and engine over https; `folder` holds plans, stores and the authority's `ca.pem`."""

    tenant: Tenant
    folder: Path

    def write(self, name: str) -> dict[str, str]:
        """Bring one application about, with consent and a new secret; return Coder's settings."""
        plan = self._plan(name)
        applied("--ca-file", self._authority, plan)
        again = self.finds(plan)
        assert again.code == 0, again.all
        return {**CODERS_OWN, **emitted("--ca-file", self._authority, plan)}

    def imported(self, app_id: str) -> Path:
        """Write the plan that `import` makes of an application."""
        plan, told = self.folder / "imported.yaml", self._provider
        given = {name: told[name] for name in ("tenant", "authority", "graph")}
        given |= {f"admin.{name}": value for name, value in told["admin"].items()}
        options = [text for name, value in given.items() for text in ("--set", f"{name}={value}")]
        where = ("--access-url", "https://coder.example.com", "--output", plan, "--ca-file", self._authority)
        ran = here("import", app_id, "--type", "entra", *options, *where)
        assert ran.code == 0, ran.all
        return plan

    def finds(self, plan: Path) -> Ran:
        """Compare a plan with the tenant."""
        return planned("--ca-file", self._authority, plan)

    def read(self, name: str) -> Found:
        """Look at the tenant as `plan` does."""
        live = asyncio.run(self._live(name))
        return Found(
            str(live[client_address(name)]["appId"]),
            members(live[client_address(name)][WEB]),
            members(live[client_address(name)][PERMISSIONS]),
            members(live.get(consent_address(name), {}).get("scopes")),
            tuple(each.key_id for each in of_fields(live[secret_address(name)])),
        )

    async def _live(self, name: str) -> Live:
        plan = self._plan(name)
        (deployment,) = load([(str(plan), plan.read_bytes())], PlanKinds())
        settings = SessionSettings(os.environ, Redactor(), TlsSettings(ca_file=str(self._authority)))
        async with open_session(settings) as session:
            proposal = await session.engine.look([deployment], writing=False)
        (view,) = proposal.views
        assert view.error is None, view.error
        return view.live

    @property
    def _authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def _provider(self) -> dict[str, Any]:
        told = {"tenant": self.tenant.emulation.box.value.tenant, "authority": self.tenant.url}
        return {**PLAN["identity_provider"], **told, "graph": f"{self.tenant.url}/graph"}

    def _plan(self, name: str) -> Path:
        secret = {"store": f"file:{name}.env#CODER_OIDC_CLIENT_SECRET"}
        plan = {
            **PLAN,
            "identity_provider": self._provider,
            "client": {"id": name, "admin_consent": True, "secret": secret},
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
        return path


def delegated() -> dict[str, Any]:
    scopes = [{"id": DELEGATED[name], "type": "Scope"} for name in SCOPES.split(",")]
    return {"resourceAppId": GRAPH_APP, "resourceAccess": scopes}


def consent(client: str, resource: str) -> dict[str, str]:
    parties = {"clientId": client, "resourceId": resource}
    return {**parties, "consentType": "AllPrincipals", "scope": SCOPES.replace(",", " ")}


def settings(tenant: Tenant, app_id: str, secret: str) -> dict[str, str]:
    return {
        "CODER_OIDC_ISSUER_URL": tenant.issuer,
        "CODER_OIDC_CLIENT_ID": app_id,
        "CODER_OIDC_CLIENT_SECRET": secret,
        "CODER_OIDC_SCOPES": SCOPES,
        "CODER_OIDC_AUTH_URL_PARAMS": "{}",
    }

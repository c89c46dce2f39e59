"""A small kind whose issuer is any OpenID provider on loopback: what a vendor without an API brings, told by its tenant in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Literal

from pydantic import Field
from tests import stranger
from tests.stranger import HTTP, RULES, StrangerProvisioner, StrangerSettings, client_address
from tests.verify.verifying import SECRET

from oidc_provision.plans.coder_env import CoderEnv
from oidc_provision.plans.errors import Failed
from oidc_provision.plans.load import Deployment
from oidc_provision.plans.model import Plan, PlanKind
from oidc_provision.plans.resources import Live
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners import registry
from oidc_provision.provisioners.base import Surroundings

__all__ = ["ASKS", "EXAMPLE", "HABITS", "HTTP", "KIND", "POINTS", "RULES", "open_provisioner"]

POINTS = EntryPoints([EntryPoint("newcomer", "tests.verify.newcomer", registry.GROUP)])


class NewcomerSettings(StrangerSettings):
    type: Literal["newcomer"] = Field(description="Which kind of identity provider this is.")  # type: ignore[assignment]  # another kind
    issuer_url: str = Field(description="The issuer.")
    port: int | None = Field(default=None, description="A number.")
    strict: bool = Field(default=False, description="A switch.")
    label: str = Field(default="", description="Text.")
    limit: int | Literal["unlimited"] = Field(default="unlimited", description="A number or a word.")

    def issuer(self) -> str:
        return self.issuer_url


KIND = PlanKind(settings=NewcomerSettings)
EXAMPLE = Path(__file__).with_name("newcomer.yaml")
ASKS: Mapping[str, str] = {}
HABITS = replace(stranger.HABITS, with_redirects=None)


class NewcomerProvisioner(StrangerProvisioner):
    """A client whose fields hold a `problem` has no settings for Coder."""

    def coder_env(self, plan: Plan, live: Live) -> CoderEnv:
        problem = live.get(client_address(plan), {}).get("problem")
        if problem is not None:
            raise Failed(str(problem), where="the tenant", fix="download the file again")
        return super().coder_env(plan, live)


async def open_provisioner(deployment: Deployment, surroundings: Surroundings) -> NewcomerProvisioner:
    name = deployment.target.name
    return NewcomerProvisioner(name, stranger.TENANTS.setdefault(name, stranger.Tenant()))


PLAN = """\
version: 1
coder: {{access_url: "https://coder.example.com", version: "2.34"}}
identity_provider: {{type: newcomer, tenant: acme, issuer_url: "{issuer}"}}
client: {{id: coder, secret: {{store: "file:secret.env#SECRET"}}}}
"""


def settle(folder: Path, issuer: str, *, store: str = SECRET) -> stranger.Tenant:
    """Write a plan and its filled store; return the tenant, in which all is as the plan wants it."""
    (folder / "oidc-provision.yaml").write_text(PLAN.format(issuer=issuer))
    if store:
        kept = folder / "secret.env"
        kept.touch(0o600)
        kept.write_text(f"SECRET={store}\n")
    tenant = stranger.TENANTS["acme"] = stranger.Tenant()
    tenant.clients["coder"] = {"refresh": True, "secret": Sealed(SECRET)}
    return tenant

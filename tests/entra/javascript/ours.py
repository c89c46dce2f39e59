"""What this project does to a tenant, beside which a stranger's client is put. `ours` alone says how it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.entra.tenant import CALLBACK, SCOPES, Tenant

from oidc_provision.provisioners.entra.sandbox.building import DELEGATED, GRAPH_APP

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
    """What this project does to a tenant, for now by bare requests: the product itself can take its place."""

    tenant: Tenant

    def write(self, name: str) -> dict[str, str]:
        """Bring one application about, by its unique name, with consent and a new secret; return Coder's settings."""
        address = f"/applications(uniqueName='{name}')"
        self.tenant.good("PATCH", address, {"displayName": name}, headers=CREATE)
        app = self.tenant.good("GET", address)
        access = [each for each in app["requiredResourceAccess"] if each["resourceAppId"] != GRAPH_APP]
        wanted = {"web": {"redirectUris": [CALLBACK]}, "requiredResourceAccess": [*access, delegated()]}
        self.tenant.good("PATCH", address, wanted)
        self._consent(app["appId"])
        secret = self.tenant.good("POST", f"/applications/{app['id']}/addPassword", {})
        return settings(self.tenant, app["appId"], secret["secretText"])

    def _consent(self, app_id: str) -> None:
        address = f"/servicePrincipals(appId='{app_id}')"
        self.tenant.good("PATCH", address, {"appId": app_id}, headers=CREATE)
        client = self.tenant.good("GET", address)["id"]
        if not self._grants(client):
            grant = consent(client, self.tenant.graph_principal()["id"])
            self.tenant.good("POST", "/oauth2PermissionGrants", grant)

    def _grants(self, client: str) -> list[dict[str, Any]]:
        query = {"$filter": f"clientId eq '{client}'"}
        return self.tenant.good("GET", "/oauth2PermissionGrants", params=query)["value"]

    def read(self, name: str) -> Found:
        app = self.tenant.good("GET", f"/applications(uniqueName='{name}')")
        names = {each["id"]: each["value"] for each in self.tenant.graph_principal()["oauth2PermissionScopes"]}
        access = [each for api in app["requiredResourceAccess"] for each in api["resourceAccess"]]
        principal = self.tenant.good("GET", f"/servicePrincipals(appId='{app['appId']}')")
        return Found(
            app["appId"],
            frozenset(app["web"]["redirectUris"]),
            frozenset(names[each["id"]] for each in access if each["id"] in names),
            frozenset(scope for grant in self._grants(principal["id"]) for scope in grant["scope"].split()),
            tuple(each["keyId"] for each in app["passwordCredentials"]),
        )


def ours(tenant: Tenant) -> Ours:
    """The one place that says who `we` are."""
    return Ours(tenant)


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

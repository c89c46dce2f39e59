"""A realm on paper: representations as a case states them, read by the product's own functions as if a server had sent them."""

from __future__ import annotations

import base64
import json
from typing import Any

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.provisioners.keycloak.provisioner import KeycloakProvisioner
from oidc_provision.provisioners.keycloak.rights import Account

ABSENT, CUT = "absent", "four keys"
ACCOUNT = Account(name="oidc-provision", service=True, realm="engineering", managed="engineering")


def _named(names: list[str]) -> list[dict[str, Any]]:
    return [{"name": name, "protocol": "openid-connect"} for name in names]


class PaperRealm:
    """The reading half of `AdminApi`, answered from a case."""

    where = "realm/engineering"

    def __init__(self, live: dict[str, Any]) -> None:
        self._live = live
        self._clients = [*live["other_clients"], *([] if live["client"] == ABSENT else [live["client"]])]

    async def access_token(self) -> str:
        claims = {"resource_access": {"realm-management": {"roles": self._live["rights"]}}}
        return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.e30"

    async def realm(self) -> dict[str, Any]:
        """Without view-realm Keycloak answers 200 with four keys."""
        cut = {"realm": "engineering", "displayName": "", "displayNameHtml": "", "bruteForceProtected": False}
        return cut if self._live["realm"] == CUT else self._live["realm"]

    async def client_scopes(self) -> list[dict[str, Any]]:
        return [{"id": f"id of {name}", "name": name, **more} for name, more in self._live["scopes"].items()]

    async def new_client_scopes(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return _named(self._live["new_client"]["default"]), _named(self._live["new_client"]["optional"])

    async def default_roles(self, role_id: str) -> list[dict[str, Any]]:
        return _named(self._live["default_roles"])

    async def role(self, name: str) -> dict[str, Any] | None:
        return {"id": name, "name": name} if name in self._live["roles"] else None

    async def find_client(self, client_id: str) -> dict[str, Any] | None:
        return next((client for client in self._clients if client["clientId"] == client_id), None)

    async def clients_beyond(self, count: int) -> bool:
        return len(self._clients) > count

    async def clients_page(self, first: int) -> list[dict[str, Any]]:
        return self._clients[first : first + 51]


def provisioner(live: dict[str, Any]) -> KeycloakProvisioner:
    async def issuer(_seen: object = None) -> str:
        if "issuer_problem" in live:
            raise RemoteFailure(live["issuer_problem"], where="the discovery document")
        return live["issuer"]

    return KeycloakProvisioner(PaperRealm(live), issuer, ACCOUNT)

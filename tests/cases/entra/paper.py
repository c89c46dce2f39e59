"""A tenant on paper: representations as a case states them, read by the product's own functions as if Graph had sent them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.servers import FakeClock

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.provisioners.entra.ground import Ground
from oidc_provision.provisioners.entra.patience import Patience
from oidc_provision.provisioners.entra.provisioner import EntraProvisioner
from oidc_provision.provisioners.entra.reading import Scopes
from oidc_provision.provisioners.entra.refusals import refusal
from oidc_provision.provisioners.entra.settings import EntraAdmin, EntraSettings, is_guid

from .pems import BEHIND

__all__ = ["ABSENT", "BEHIND", "PaperTenant", "provisioner"]
ABSENT, FORBIDDEN = "absent", "forbidden"


class PaperTenant:
    """The reading half of `Api`, answered from a case."""

    def __init__(self, live: dict[str, Any]) -> None:
        self._live = live
        self._applications = [self._whole(each) for each in _present(live["application"], live["other_applications"])]
        self._principals = _present(live["principal"], live["other_principals"])

    def _whole(self, application: dict[str, Any]) -> dict[str, Any]:
        known = self._live["known_secrets"]
        named = [known[each] if isinstance(each, str) else each for each in application.get("passwordCredentials", [])]
        return {**application, "passwordCredentials": named}

    def _allowed(self, name: str, what: str) -> Any:
        if self._live[name] == FORBIDDEN:
            raise refusal(what, 403, "Authorization_RequestDenied", "Insufficient privileges", "")
        return self._live[name]

    async def application(self, key: str, *, owners: bool = False) -> dict[str, Any] | None:
        name = "appId" if is_guid(key) else "uniqueName"
        return _first(self._applications, name, key)

    async def applications_page(self, after: object = None) -> dict[str, Any]:
        return _page(self._applications)

    async def principals_page(self, after: object = None) -> dict[str, Any]:
        return _page(self._principals)

    async def principal(self, app_id: str) -> dict[str, Any] | None:
        return _first(self._principals, "appId", app_id)

    async def graph_principal(self) -> dict[str, Any] | None:
        return None if self._live["graph"] == ABSENT else self._allowed("graph", "reading the permissions of Graph")

    async def grants_page(self) -> dict[str, Any]:
        return _page(self._allowed("grants", "reading consent"))

    async def grants_of(self, principal_id: str) -> list[dict[str, Any]]:
        return [each for each in self._allowed("grants", "reading consent") if each["clientId"] == principal_id]

    async def deleted_applications(self) -> list[dict[str, Any]]:
        return self._allowed("deleted", "reading the deleted applications")

    async def default_policy(self) -> dict[str, Any]:
        return self._allowed("default_policy", "reading the tenant's policy about secrets")

    async def own_policies(self, object_id: str) -> list[dict[str, Any]]:
        return self._allowed("own_policies", "reading the application's policy about secrets")

    async def owners(self, object_id: str) -> frozenset[str]:
        return frozenset(self._live["owners"])

    async def access_policies(self) -> list[dict[str, Any]]:
        return self._live["access_policies"]

    async def lifetime_policies(self) -> list[dict[str, Any]]:
        return self._live["lifetime_policies"]

    async def lifetime_policy_applies_to(self, policy_id: str) -> frozenset[str]:
        applied = self._live["applies_to"]
        return frozenset(applied.get(policy_id, ()) if isinstance(applied, dict) else applied)


def _present(one: Any, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*others, *([] if one == ABSENT else [one])]


def _first(listed: Iterable[dict[str, Any]], name: str, value: str) -> dict[str, Any] | None:
    return next((each for each in listed if each.get(name) == value), None)


def _page(listed: list[dict[str, Any]]) -> dict[str, Any]:
    return {"value": listed, "@odata.count": len(listed)}


def _token(live: dict[str, Any]) -> str:
    """A person's token names what the person consented to and no rights."""
    claims = {"scp": "Directory.AccessAsUser.All"} if live["rights"] == "a person's" else {"roles": live["rights"]}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.e30"


def provisioner(live: dict[str, Any]) -> EntraProvisioner:
    clock = FakeClock(datetime.fromisoformat(live["now"]))

    async def sign_in() -> str:
        return _token(live)

    async def issuer() -> str:
        if "issuer_problem" in live:
            raise RemoteFailure(live["issuer_problem"], where="the discovery document")
        return live["issuer"]

    tenant: Any = PaperTenant(live)
    ground = Ground(tenant, Patience(clock), Scopes(), lambda: "drawn", lambda: int(clock.now().timestamp()))
    admin = EntraAdmin(client_id=live["tool"])
    return EntraProvisioner(EntraSettings(type="entra", tenant=live["tenant"], admin=admin), ground, sign_in, issuer)

"""A tenant on loopback for tests, who calls Graph in it, and who signs in."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from tests.entra import describing
from tests.live.signing_in import Application
from tests.servers import FakeClock

from oidc_provision.provisioners.entra.sandbox import emulate
from oidc_provision.provisioners.entra.sandbox.building import PERSON, TOOL_APP, TOOL_SECRET
from oidc_provision.provisioners.entra.sandbox.emulation import EntraEmulation
from oidc_provision.provisioners.entra.sandbox.state import Switches
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.serving import Sandbox, random_id

EVERYTHING = (
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Policy.ReadWrite.ApplicationConfiguration",
    "Policy.ReadWrite.ConditionalAccess",
    "User.RevokeSessions.All",
)
CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
SCOPES = "openid,profile,email,offline_access"


@dataclass
class Tenant:
    """The tenant and one caller of its Graph; every exchange is held to the description."""

    sandbox: Sandbox
    emulation: EntraEmulation
    http: httpx.Client
    token: str = field(default="")

    @property
    def url(self) -> str:
        return self.sandbox.at("entra")

    @property
    def issuer(self) -> str:
        return f"{self.url}/{self.emulation.box.value.tenant}/v2.0"

    @property
    def principal(self) -> str:
        return str(self.emulation.box.value.principal_of(TOOL_APP)["id"])

    def sign_in(self, *rights: str) -> None:
        """Sign the tool in, after it was given these rights."""
        box = self.emulation.box
        box.put(box.value.with_rights(self.principal, *rights))
        form = {"client_id": TOOL_APP, "client_secret": TOOL_SECRET, "scope": "https://graph.microsoft.com/.default"}
        answer = self.http.post(self.token_address, data={"grant_type": "client_credentials", **form})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]

    @property
    def token_address(self) -> str:
        return f"{self.url}/{self.emulation.box.value.domain}/oauth2/v2.0/token"

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers = {**shown, **more.pop("headers", {})}
        answer = self.http.request(method, self.url + describing.GRAPH + path, headers=headers, **more)
        describing.check(answer)
        return answer

    def good(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.ask(method, path, **({} if body is None else {"json": body}), **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def code(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = self.ask(method, path, **({} if body is None else {"json": body}), **more)
        assert answer.is_error, answer.text
        return answer.status_code, answer.json()["error"]["code"]

    def switch(self, **switches: Any) -> None:
        box = self.emulation.box
        box.put(replace(box.value, switches=replace(Switches(), **switches)))

    def make_app(self, **more: Any) -> dict[str, Any]:
        return self.good("POST", "/applications", {"displayName": "Coder", "web": {"redirectUris": [CALLBACK]}, **more})

    def graph_principal(self) -> dict[str, Any]:
        return self.good("GET", "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')")

    def consented_app(self, scope: str = SCOPES, **more: Any) -> dict[str, str]:
        """Make an application with secret, service principal and consent; return Coder's settings."""
        app = self.make_app(**more)
        secret = self.good("POST", f"/applications/{app['id']}/addPassword", {})["secretText"]
        client = self.good("POST", "/servicePrincipals", {"appId": app["appId"]})
        parties = {"clientId": client["id"], "resourceId": self.graph_principal()["id"]}
        grant = {**parties, "consentType": "AllPrincipals", "scope": scope.replace(",", " ")}
        self.good("POST", "/oauth2PermissionGrants", grant)
        return {
            "CODER_OIDC_ISSUER_URL": self.issuer,
            "CODER_OIDC_CLIENT_ID": app["appId"],
            "CODER_OIDC_CLIENT_SECRET": secret,
            "CODER_OIDC_SCOPES": scope,
            "CODER_OIDC_AUTH_URL_PARAMS": "{}",
        }

    def application(self, settings: dict[str, str]) -> Application:
        return Application(settings, self.http)

    def tokens(self, settings: dict[str, str]) -> dict[str, Any]:
        return self.application(settings).sign_in(PERSON.username, PERSON.password)


@functools.cache
def fresh() -> str:
    """A new tenant as text: with its key, the making of which takes the time."""
    return emulate(MovableClock(FakeClock()), random_id).dump()


@contextmanager
def running(**more: Any) -> Iterator[Tenant]:
    """A tenant whose clock stands still until it is moved."""
    clock = MovableClock(FakeClock())
    sandbox = Sandbox(["entra"], clock=clock, **more)
    emulation = emulate(clock, random_id)
    emulation.load(fresh())
    # one whose key is made already
    sandbox.emulations = {"entra": emulation}
    with sandbox, httpx.Client(timeout=30) as http:
        tenant = Tenant(sandbox, emulation, http)
        tenant.sign_in(*EVERYTHING)
        yield tenant

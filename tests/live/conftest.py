"""A real Keycloak for the tests here: one server a run, a realm a test. `make test` starts the server and sets KEYCLOAK_URL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest


@pytest.fixture(scope="session")
def keycloak_url() -> str:
    url = os.environ.get("KEYCLOAK_URL")
    if url is None:
        if os.environ.get("OIDC_PROVISION_REQUIRE_LIVE"):
            pytest.fail("a real Keycloak is required here and KEYCLOAK_URL is not set")
        pytest.skip("KEYCLOAK_URL is not set; `make test` starts a real Keycloak where Java and Maven are there")
    return url


@pytest.fixture(scope="session")
def admin_password() -> str:
    return os.environ.get("KEYCLOAK_ADMIN_PASSWORD", "admin")


@dataclass
class Realm:
    """A realm of one test, spoken to by bare Admin REST: what a person would do by hand."""

    url: str
    name: str
    password: str
    http: httpx.Client = field(repr=False)

    @property
    def admin(self) -> str:
        return f"/admin/realms/{self.name}"

    def token(self) -> str:
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": self.password}
        answer = self.http.post("/realms/master/protocol/openid-connect/token", data=form)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.http.request(method, path, headers={"Authorization": f"Bearer {self.token()}"}, **more)
        answer.raise_for_status()
        return answer

    def client(self, client_id: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.request("GET", f"{self.admin}/clients", params={"clientId": client_id}).json()
        return found[0] if found else {}

    def change_client(self, client_id: str, **changes: Any) -> None:
        self.request("PUT", f"{self.admin}/clients/{self.client(client_id)['id']}", json=changes)

    def delete_client(self, client_id: str) -> None:
        self.request("DELETE", f"{self.admin}/clients/{self.client(client_id)['id']}")

    def scope_id(self, name: str) -> str:
        scopes = self.request("GET", f"{self.admin}/client-scopes").json()
        return next(str(scope["id"]) for scope in scopes if scope["name"] == name)

    def detach(self, client_id: str, scope: str) -> None:
        path = f"{self.admin}/clients/{self.client(client_id)['id']}/optional-client-scopes/{self.scope_id(scope)}"
        self.request("DELETE", path)

    def attach(self, client_id: str, scope: str, kind: str = "optional") -> None:
        path = f"{self.admin}/clients/{self.client(client_id)['id']}/{kind}-client-scopes/{self.scope_id(scope)}"
        self.request("PUT", path)

    def change(self, **settings: Any) -> None:
        self.request("PUT", self.admin, json=settings)

    def read(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.request("GET", self.admin).json()
        return answer


@pytest.fixture
def realm(keycloak_url: str, admin_password: str) -> Iterator[Realm]:
    """A fresh realm, deleted at the end."""
    with httpx.Client(base_url=keycloak_url, timeout=60) as http:
        made = Realm(keycloak_url, f"test-{uuid.uuid4().hex[:12]}", admin_password, http)
        made.request("POST", "/admin/realms", json={"realm": made.name, "enabled": True})
        yield made
        made.request("DELETE", made.admin)


PLAN = """\
version: 1
coder:
  access_url: https://coder.example.com
  version: "2.34"
  session_duration: 30d
identity_provider:
  type: keycloak
  url: {url}
  realm: {realm}
  admin: {{realm: master, username: admin, password: env:KEYCLOAK_ADMIN_PASSWORD}}
client:
  id: coder
  secret: {{store: "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"}}
  scopes: [openid, profile, email]
refresh_tokens:
  idle_timeout: 14d
  max_lifetime: 60d
  rotation: reuse
access_tokens:
  lifetime: 30m
"""


@pytest.fixture
def plan_file(tmp_path: Path, realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan for the realm, in a folder of its own that is the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", realm.password)
    path = tmp_path / "oidc-provision.yaml"
    path.write_text(PLAN.format(url=realm.url, realm=realm.name), encoding="utf-8")
    return path

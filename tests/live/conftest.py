"""A real Keycloak for the tests here: one server a run, a realm a test. `make test` starts the server and sets KEYCLOAK_URL."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from .running import edit, emitted
from .signing_in import Application


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

    _tokens: list[str] = field(default_factory=list, repr=False)

    @property
    def admin(self) -> str:
        return f"/admin/realms/{quote(self.name, safe='')}"

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/{quote(self.name, safe='')}"

    def _fresh_token(self) -> str:
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": self.password}
        answer = self.http.post("/realms/master/protocol/openid-connect/token", data=form)
        answer.raise_for_status()
        self._tokens[:] = [str(answer.json()["access_token"])]
        return self._tokens[0]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any answer, refusals too. The administrator's token lives for a minute."""
        token = self._tokens[0] if self._tokens else self._fresh_token()
        answer = self.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)
        if answer.status_code == 401:
            renewed = {"Authorization": f"Bearer {self._fresh_token()}"}
            answer = self.http.request(method, path, headers=renewed, **more)
        return answer

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.ask(method, path, **more)
        answer.raise_for_status()
        return answer

    def client(self, client_id: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.request(
            "GET", f"{self.admin}/clients", params={"clientId": client_id}
        ).json()
        return found[0] if found else {}

    def client_path(self, client_id: str) -> str:
        return f"{self.admin}/clients/{self.client(client_id)['id']}"

    def make_client(self, client_id: str, **more: Any) -> None:
        self.request("POST", f"{self.admin}/clients", json={"clientId": client_id, **more})

    def change_client(self, client_id: str, **changes: Any) -> None:
        self.request("PUT", self.client_path(client_id), json=changes)

    def delete_client(self, client_id: str) -> None:
        self.request("DELETE", self.client_path(client_id))

    def scope_id(self, name: str) -> str:
        scopes = self.request("GET", f"{self.admin}/client-scopes").json()
        return next(str(scope["id"]) for scope in scopes if scope["name"] == name)

    def make_scope(self, name: str, **more: Any) -> None:
        body = {"name": name, "protocol": "openid-connect", **more}
        self.request("POST", f"{self.admin}/client-scopes", json=body)

    def detach(self, client_id: str, scope: str) -> None:
        self.request("DELETE", f"{self.client_path(client_id)}/optional-client-scopes/{self.scope_id(scope)}")

    def attach(self, client_id: str, scope: str, kind: str = "optional") -> None:
        self.request("PUT", f"{self.client_path(client_id)}/{kind}-client-scopes/{self.scope_id(scope)}")

    def mapper(self, client_id: str, name: str) -> dict[str, Any]:
        found = self.client(client_id).get("protocolMappers", ())
        return next((dict(mapper) for mapper in found if mapper["name"] == name), {})

    def make_mapper(self, client_id: str, mapper: dict[str, Any]) -> None:
        self.request("POST", f"{self.client_path(client_id)}/protocol-mappers/models", json=mapper)

    def change_mapper(self, client_id: str, name: str, config: dict[str, str], **more: Any) -> None:
        mapper = self.mapper(client_id, name)
        body = {**mapper, **more, "config": {**mapper["config"], **config}}
        self.request("PUT", f"{self.client_path(client_id)}/protocol-mappers/models/{mapper['id']}", json=body)

    def delete_mapper(self, client_id: str, name: str) -> None:
        mapper = self.mapper(client_id, name)
        self.request("DELETE", f"{self.client_path(client_id)}/protocol-mappers/models/{mapper['id']}")

    def default_roles(self) -> set[str]:
        role = self.read()["defaultRole"]["id"]
        found = self.request("GET", f"{self.admin}/roles-by-id/{role}/composites").json()
        return {each["name"] for each in found}

    def drop_default_role(self, name: str) -> None:
        role = self.request("GET", f"{self.admin}/roles/{name}").json()
        path = f"{self.admin}/roles-by-id/{self.read()['defaultRole']['id']}/composites"
        self.request("DELETE", path, json=[role])

    def service_account(
        self, name: str, secret: str, roles: Iterable[str] = (), by: str = "realm-management", **more: Any
    ) -> None:
        body = {"secret": secret, "serviceAccountsEnabled": True, "standardFlowEnabled": False, **more}
        self.make_client(name, **body)
        user = self.request("GET", f"{self.client_path(name)}/service-account-user").json()
        self.grant(user["id"], roles, by)

    def make_user(self, name: str, password: str, roles: Iterable[str] = (), by: str = "realm-management") -> str:
        person = {"firstName": "A", "lastName": "B", "email": f"{name}@example.com", "emailVerified": True}
        credentials = [{"type": "password", "value": password, "temporary": False}]
        body = {"username": name, "enabled": True, "credentials": credentials, **person}
        user_id = self.request("POST", f"{self.admin}/users", json=body).headers["Location"].rsplit("/", 1)[-1]
        self.grant(user_id, roles, by)
        return user_id

    def grant(self, user_id: str, roles: Iterable[str], by: str = "realm-management") -> None:
        client = self.client_path(by)
        wanted = [self.request("GET", f"{client}/roles/{role}").json() for role in roles]
        path = f"{self.admin}/users/{user_id}/role-mappings/clients/{client.rsplit('/', 1)[-1]}"
        self.request("POST", path, json=wanted)

    def change(self, **settings: Any) -> None:
        self.request("PUT", self.admin, json=settings)

    def read(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.request("GET", self.admin).json()
        return answer


@contextmanager
def realms(url: str, password: str) -> Iterator[Callable[..., Realm]]:
    """Makes realms, which are deleted at the end."""
    made: list[Realm] = []
    with httpx.Client(base_url=url, timeout=60) as http:

        def make(name: str = "", **settings: Any) -> Realm:
            realm = Realm(url, name or f"test-{uuid.uuid4().hex[:12]}", password, http)
            realm.request("POST", "/admin/realms", json={"realm": realm.name, "enabled": True, **settings})
            made.append(realm)
            return realm

        yield make
        for realm in made:
            realm.request("DELETE", realm.admin)


@pytest.fixture
def make_realm(keycloak_url: str, admin_password: str) -> Iterator[Callable[..., Realm]]:
    with realms(keycloak_url, admin_password) as make:
        yield make


@pytest.fixture(scope="module")
def common_realm(keycloak_url: str, admin_password: str) -> Iterator[Realm]:
    """A realm for tests that leave it as it is, or use clients of their own in it."""
    with realms(keycloak_url, admin_password) as make:
        yield make()


@pytest.fixture
def realm(make_realm: Callable[..., Realm]) -> Realm:
    """A fresh realm, deleted at the end."""
    return make_realm()


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


def write_plan(folder: Path, realm: Realm) -> Path:
    path = folder / "oidc-provision.yaml"
    path.write_text(PLAN.format(url=realm.url, realm=json.dumps(realm.name, ensure_ascii=False)), encoding="utf-8")
    return path


@pytest.fixture
def plan_file(tmp_path: Path, realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan for the realm, in a folder of its own that is the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", realm.password)
    return write_plan(tmp_path, realm)


@pytest.fixture
def quiet_plan(plan_file: Path) -> Path:
    """The plan without lifetimes, which few tests need."""
    return edit(plan_file, refresh_tokens=..., access_tokens=...)


@pytest.fixture
def coder() -> Iterator[Callable[[], Application]]:
    """Makes Coder's side of a sign-in out of what `env` emits now."""
    with httpx.Client(timeout=60) as http:
        yield lambda: Application(emitted(), http)

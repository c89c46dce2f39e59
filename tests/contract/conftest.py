"""One suite for two servers: the emulation, and a real Keycloak where KEYCLOAK_URL names one. A difference is a bug of the emulation."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from tests.live.conftest import Realm, realms
from tests.live.signing_in import Application

from oidc_provision.provisioners.sandbox.serving import Sandbox

EMULATION = "emulation"
CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
PASSWORD = "correct horse 7Q"


@dataclass(frozen=True)
class Server:
    """A server under contract, and how time passes at it."""

    url: str
    password: str
    wait: Callable[[float], None]
    sandbox: Sandbox | None = None


@pytest.fixture(scope="session")
def emulation() -> Iterator[Server]:
    with Sandbox(["keycloak"]) as sandbox:
        yield Server(sandbox.at("keycloak"), "admin", sandbox.clock.advance, sandbox)


def real() -> Server:
    """The real server; skips, or fails where one is required."""
    url = os.environ.get("KEYCLOAK_URL")
    if url is None:
        if os.environ.get("OIDC_PROVISION_REQUIRE_LIVE"):
            pytest.fail("a real Keycloak is required here and KEYCLOAK_URL is not set")
        pytest.skip("KEYCLOAK_URL is not set; `make test` starts a real Keycloak where Java and Maven are there")
    return Server(url, os.environ.get("KEYCLOAK_ADMIN_PASSWORD", "admin"), time.sleep)


@pytest.fixture(scope="session", params=[EMULATION, pytest.param("keycloak", marks=pytest.mark.live)])
def server(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue("emulation") if request.param == EMULATION else real()


@pytest.fixture(scope="module")
def shared(server: Server) -> Iterator[Realm]:
    """A realm for tests that leave it as it is, or use a client of their own in it."""
    with realms(server.url, server.password) as make:
        yield make()


@pytest.fixture
def realm(server: Server) -> Iterator[Realm]:
    """A fresh realm."""
    with realms(server.url, server.password) as make:
        yield make()


@pytest.fixture
def client(shared: Realm) -> Realm:
    """The shared realm with a fresh client `c`."""
    if shared.client("c"):
        shared.delete_client("c")
    redirects = [CALLBACK, "https://a.example.com/*"]
    shared.make_client("c", secret="s" * 32, redirectUris=redirects, attributes={"x": "y"})
    return shared


@pytest.fixture(scope="module")
def people(shared: Realm) -> Realm:
    """The shared realm with somebody who can sign in."""
    shared.make_user("anna", PASSWORD)
    return shared


@pytest.fixture
def app(people: Realm, client: Realm) -> Iterator[Application]:
    """An application that signs in as client `c` and asks for offline access."""
    yield from application(client)


def application(realm: Realm, scopes: str = "openid,profile,email,offline_access") -> Iterator[Application]:
    settings = {
        "CODER_OIDC_ISSUER_URL": realm.issuer,
        "CODER_OIDC_CLIENT_ID": "c",
        "CODER_OIDC_CLIENT_SECRET": "s" * 32,
        "CODER_OIDC_SCOPES": scopes,
        "CODER_OIDC_AUTH_URL_PARAMS": "{}",
    }
    with httpx.Client(timeout=60) as http:
        yield Application(settings, http)

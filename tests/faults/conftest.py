"""A realm behind a proxy that breaks things: the command goes through the proxy, the test looks at the server itself.

Each test runs against the emulation, and against a real Keycloak where KEYCLOAK_URL names one: where none does, it is not skipped but
absent, because nothing is left unproved. The contract suite, which holds the emulation to the real server, is what says that it was skipped.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.conftest import EMULATION, Server, emulation, real
from tests.faults.proxy import Proxy, proxying
from tests.live.conftest import Realm, common_realm, make_realm, realm, write_plan
from tests.live.running import edit

__all__ = ["common_realm", "emulation", "make_realm", "realm"]

ASKED_FOR = {"KEYCLOAK_URL", "OIDC_PROVISION_REQUIRE_LIVE"} & os.environ.keys()
REAL = [pytest.param("keycloak", marks=pytest.mark.live)] if ASKED_FOR else []
ON_EMULATION = pytest.mark.parametrize("server", [EMULATION], indirect=True, scope="session")
"""For what is done to files or by the proxy alone: a real server would show the same, only later."""


@pytest.fixture(scope="session", params=[EMULATION, *REAL])
def server(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue("emulation") if request.param == EMULATION else real()


@pytest.fixture(scope="session")
def keycloak_url(server: Server) -> str:
    return server.url


@pytest.fixture(scope="session")
def admin_password(server: Server) -> str:
    return server.password


@pytest.fixture
def proxy(keycloak_url: str) -> Iterator[Proxy]:
    with proxying(keycloak_url) as made:
        yield made


@pytest.fixture
def proxied_plan(tmp_path: Path, common_realm: Realm, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan without lifetimes for a realm by way of the proxy, in a folder of its own that is the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", common_realm.password)
    plan = write_plan(tmp_path, replace(common_realm, url=proxy.url))
    return edit(plan, refresh_tokens=..., access_tokens=...)


@pytest.fixture(scope="module")
def undisturbed(common_realm: Realm) -> dict[str, Counter[str]]:
    """What is asked of this realm where nothing goes wrong, by the name of the work: measured once."""
    return {}

"""A realm behind a proxy that breaks things: the command goes through the proxy, the test looks at the server itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.faults.proxy import Proxy, proxying
from tests.live.conftest import Realm, admin_password, common_realm, keycloak_url, make_realm, realm, write_plan
from tests.live.running import edit

__all__ = ["admin_password", "common_realm", "keycloak_url", "make_realm", "realm"]


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
def undisturbed() -> dict[str, Counter[str]]:
    """What is asked where nothing goes wrong, by the name of the work: measured once."""
    return {}

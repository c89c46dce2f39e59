"""The sandbox's Keycloak with a client and a person, for everything that `verify` is shown there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.live.conftest import Realm, realms
from tests.verify.verifying import CALLBACK, PASSWORD, SECRET

from oidc_provision.provisioners.sandbox.serving import Sandbox


@pytest.fixture(autouse=True)
def references(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command lines here refer to."""
    monkeypatch.setenv("ANNA", PASSWORD)
    monkeypatch.setenv("CLIENT_SECRET", SECRET)


@pytest.fixture(scope="session")
def standing_sandbox() -> Iterator[Sandbox]:
    with Sandbox(["keycloak"]) as running:
        yield running


@pytest.fixture
def sandbox(standing_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The session's sandbox, honest and without faults."""
    yield standing_sandbox
    standing_sandbox.lies.forget()
    standing_sandbox.faults.clear()


@pytest.fixture(scope="session")
def coder_realm(standing_sandbox: Sandbox) -> Iterator[Realm]:
    """A realm with client `coder` and person `anna`; tests leave it as it is."""
    with realms(standing_sandbox.at("keycloak"), "admin") as make:
        realm = make()
        client: dict[str, Any] = {"secret": SECRET, "redirectUris": [CALLBACK]}
        realm.make_client("coder", **client)
        realm.make_user("anna", PASSWORD)
        yield realm

"""`verify` on an emulated tenant of Entra: each fault is one cause with its fix, and the rest follows from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.entra.tenant import fresh
from tests.live.running import here
from tests.verify.verifying import Verified, verified

from oidc_provision.provisioners.clock import SystemClock
from oidc_provision.provisioners.entra.sandbox import emulate
from oidc_provision.provisioners.entra.sandbox.building import PERSON
from oidc_provision.provisioners.entra.sandbox.emulation import EntraEmulation
from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS, GRANTS, PRINCIPALS
from oidc_provision.provisioners.entra.sandbox.story import drift
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.serving import Sandbox, random_id

LOGIN = ("--login", "--username", PERSON.username, "--password", "env:ANNA")
AFTER_SIGN_IN = ("scopes", "id-token", "refresh-token", "refresh", "refreshed-id-token", "rotation", "lifetimes")
NOBODY_GETS_IN = ("sign-in", *AFTER_SIGN_IN)
STORE = Path("secrets/coder.env")


@dataclass(frozen=True)
class Tenant:
    """An applied plan's tenant, and ways to spoil it."""

    emulation: EntraEmulation

    @property
    def application(self) -> Mapping[str, Any]:
        found = self.emulation.box.value.find(APPLICATIONS, "uniqueName", "coder")
        assert found
        return found

    @property
    def principal(self) -> Mapping[str, Any]:
        found = self.emulation.box.value.principal_of(self.application["appId"])
        assert found
        return found

    def put(self, collection: str, found: Mapping[str, Any]) -> None:
        self.emulation.box.put(self.emulation.box.value.with_object(collection, found))

    def remove(self, collection: str, key: str) -> None:
        self.emulation.box.put(self.emulation.box.value.without(collection, key))

    def with_secrets(self, change: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> None:
        kept = [each for each in map(change, self.application["passwordCredentials"]) if each is not None]
        self.put(APPLICATIONS, {**self.application, "passwordCredentials": kept})

    def without_consent(self) -> None:
        for key in list(self.emulation.box.value.all(GRANTS)):
            self.remove(GRANTS, key)


@pytest.fixture
def tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenant]:
    """In the machine's own time: tokens are judged by it."""
    clock = MovableClock(SystemClock())
    sandbox, emulation = Sandbox(["entra"], clock=clock), emulate(clock, random_id)
    emulation.load(fresh())
    sandbox.emulations = {"entra": emulation}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANNA", PERSON.password)
    STORE.parent.mkdir(mode=0o700)
    with sandbox:
        story = emulation.story(sandbox.at("entra"))
        for name, text in {"oidc-provision.yaml": story.plan, **story.files}.items():
            Path(name).touch(0o600)
            Path(name).write_text(text)
        ran = here("apply", "--auto-approve")
        assert ran.code == 0, ran.all
        yield Tenant(emulation)


@dataclass(frozen=True)
class Fault:
    """What is spoilt, the step that names it, what follows, and words that the cause must say."""

    make: Callable[[Tenant], None]
    cause: str
    follows: tuple[str, ...]
    words: tuple[str, ...]
    options: tuple[str, ...] = LOGIN


def wrong_store(_tenant: Tenant) -> None:
    STORE.write_text("CODER_OIDC_CLIENT_SECRET=wr08Q~another-secret-0123456789\n")


def ended(each: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**each, "endDateTime": "2026-01-02T00:00:00Z"}


def moved(tenant: Tenant) -> None:
    web = {**tenant.application["web"], "redirectUris": ["https://old.example.com/callback"]}
    tenant.put(APPLICATIONS, {**tenant.application, "web": web})


FAULTS = {
    "the callback is a single-page application's": Fault(
        lambda tenant: drift(tenant.emulation.box) and None, "plan", ("platform",), ("spa.redirectUris", "oidc-provision apply")
    ),
    "the callback is not registered": Fault(
        moved, "plan", ("authorize", *NOBODY_GETS_IN), ("web.redirectUris lacks", "oidc-provision apply")
    ),
    "the secret was removed": Fault(
        lambda tenant: tenant.with_secrets(lambda _each: None), "credentials", ("plan", "credential", *NOBODY_GETS_IN), ("AADSTS7000215",)
    ),
    "the secret has ended": Fault(
        lambda tenant: tenant.with_secrets(ended), "credentials", ("plan", "credential", *NOBODY_GETS_IN), ("AADSTS7000222", "add a new secret")
    ),
    "the store holds another secret": Fault(
        wrong_store, "credentials", ("plan", "credential", *NOBODY_GETS_IN), ("the client secret is wrong", "AADSTS7000215")
    ),
    "the service principal is disabled": Fault(
        lambda tenant: tenant.put(PRINCIPALS, {**tenant.principal, "accountEnabled": False}),
        "credentials", ("authorize", "platform", *NOBODY_GETS_IN), ("AADSTS7000112", "enable the app"),
    ),
    "the service principal is gone": Fault(
        lambda tenant: tenant.remove(PRINCIPALS, tenant.principal["id"]),
        "plan", ("platform",), ("`service-principal/coder` does not exist", "oidc-provision apply"), (),
    ),
    "nobody has consented": Fault(
        Tenant.without_consent, "plan", (), ("`consent/coder` does not exist",), ()
    ),
    "people must be assigned": Fault(
        lambda tenant: tenant.put(PRINCIPALS, {**tenant.principal, "appRoleAssignmentRequired": True}),
        "sign-in", AFTER_SIGN_IN, ("AADSTS50105", "assign the person"),
    ),
    "the application is gone": Fault(
        lambda tenant: tenant.remove(APPLICATIONS, tenant.application["id"]),
        "plan", ("credentials", "authorize", "platform", "consent", "credential", *NOBODY_GETS_IN), ("`client/coder` does not exist",),
    ),
}  # fmt: skip


def told(found: Verified) -> dict[str, str]:
    return {step: found.steps[step]["verdict"] for step in found.named("failed") | found.named("follows")}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_one_cause_with_its_fix_and_the_rest_follows(name: str, tenant: Tenant):
    fault = FAULTS[name]
    fault.make(tenant)
    found = verified(*fault.options)
    assert found.code == 1
    assert told(found) == {fault.cause: "failed", **dict.fromkeys(fault.follows, "follows")}, found.steps
    assert [words for words in fault.words if words not in json.dumps(found.steps[fault.cause])] == []


def test_an_applied_plan_is_verified_to_the_last_step(tenant: Tenant):
    found = verified(*LOGIN, "--probe-reuse")
    assert (found.code, told(found)) == (0, {})
    assert {"platform", "consent", "credential", "refresh-token", "rotation"} <= found.named("ok")
    # Entra has no revocation endpoint
    assert found.named("could not tell") == {"revoked"}
    assert "179 days left" in found.words("credential") or "180 days left" in found.words("credential")


def test_a_secret_that_ends_soon_is_told_before_it_does(tenant: Tenant):
    soon = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    tenant.with_secrets(lambda each: {**each, "endDateTime": soon})
    found = verified()
    assert found.steps["credential"]["verdict"] == "could not tell"
    assert f"it ends on {soon[:10]}, in " in found.words("credential")


def test_consent_that_cannot_be_read_is_not_called_given(tenant: Tenant):
    directory = tenant.emulation.box.value
    tool = directory.find(PRINCIPALS, "displayName", "oidc-provision")
    assert tool
    tenant.emulation.box.put(directory.with_rights(str(tool["id"]), "Application.ReadWrite.OwnedBy"))
    plan = Path("oidc-provision.yaml")
    plan.write_text(plan.read_text().replace("admin_consent: true", "admin_consent: false"))
    found = verified()
    assert (found.code, found.steps["consent"]["verdict"]) == (0, "could not tell")
    assert "adminconsent?client_id=" in found.words("consent")


def test_temporary_redirect_is_allowed_for_a_moment_and_taken_away(tenant: Tenant):
    before = tenant.application["web"]["redirectUris"]
    revision = tenant.emulation.revision
    found = verified(*LOGIN, "--temporary-redirect")
    assert found.steps["sign-in"]["verdict"] == "ok", found.steps
    assert tenant.application["web"]["redirectUris"] == before
    assert tenant.emulation.revision > revision


def test_forecast_is_of_what_the_plan_will_make(tenant: Tenant):
    drift(tenant.emulation.box)
    ran = here("forecast", "--format", "json")
    assert ran.code == 0, ran.all
    (now,) = json.loads(ran.out)["forecasts"]
    # the callback will be back under `web`, where nothing ends after 24 hours
    assert [limit["seconds"] for limit in now["limits"]][1:3] == [90 * 86400, None]

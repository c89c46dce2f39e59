"""`verify` on an emulated tenant of Entra where an administrator has still to act, and where nobody has drawn a client id yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.entra.test_verify import LOGIN, NOBODY_GETS_IN, Tenant, tenant
from tests.verify.verifying import Verified, verified

from oidc_provision.provisioners.entra.sandbox.building import PERSON
from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS

__all__ = ["tenant"]  # pytest finds a fixture by its name here
PLAN = Path("oidc-provision.yaml")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand after the one of this folder, which gives the person of another sandbox."""
    monkeypatch.setenv("ANNA", PERSON.password)


def without_the_application(tenant: Tenant) -> Verified:
    tenant.remove(APPLICATIONS, tenant.application["id"])
    return verified(*LOGIN)


def test_consent_that_an_administrator_has_still_to_give_is_one_cause(tenant: Tenant):
    PLAN.write_text(PLAN.read_text().replace("admin_consent: true", "admin_consent: false"))
    tenant.without_consent()
    found = verified()
    assert (found.code, found.named("failed")) == (1, {"plan"}), found.steps
    assert "adminconsent?client_id=" in found.steps["plan"]["fix"]
    assert found.steps["consent"]["verdict"] == "could not tell"


def test_an_application_that_is_not_there_has_no_client_id_to_show(tenant: Tenant):
    found = without_the_application(tenant)
    assert found.named("failed") == {"plan"}, found.steps
    assert {found.steps[each]["problem"] for each in ("credentials", "authorize", *NOBODY_GETS_IN)} == {"not tried"}


def test_an_app_id_that_the_plan_states_is_shown(tenant: Tenant):
    PLAN.write_text(PLAN.read_text().replace("id: coder", f"id: {tenant.application['appId']}", 1))
    found = without_the_application(tenant)
    assert found.steps["credentials"]["problem"] != "not tried", found.steps
    assert "AADSTS700016" in found.words("credentials")

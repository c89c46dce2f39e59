"""The thinnest slice on a real Keycloak: plan, apply, an empty plan, the settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.command import oidc_provision

pytestmark = pytest.mark.live


def test_plan_then_apply_then_plan_is_empty(realm, plan_file: Path):
    assert oidc_provision("plan", "--detailed-exitcode").code == 2
    assert realm.client("coder") == {}

    applied = oidc_provision("apply", "--auto-approve")
    assert applied.code == 0, applied.all

    again = oidc_provision("plan", "--detailed-exitcode")
    assert (again.code, "No changes." in again.out) == (0, True), again.all


def test_env_prints_the_settings_of_the_live_client(realm, plan_file: Path):
    oidc_provision("apply", "--auto-approve")
    lines = oidc_provision("env", "--show-secrets").out.splitlines()
    assert f"CODER_OIDC_ISSUER_URL={realm.url}/realms/{realm.name}" in lines
    assert f"CODER_OIDC_CLIENT_SECRET={realm.client('coder')['secret']}" in lines
    assert "CODER_OIDC_SCOPES=openid,profile,email,offline_access" in lines

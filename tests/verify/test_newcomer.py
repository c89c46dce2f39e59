"""What `verify` says where a person does what an API would do elsewhere, and where nobody can tell what Coder is given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests import stranger
from tests.live.conftest import Realm
from tests.live.running import here
from tests.verify import newcomer
from tests.verify.verifying import WITHOUT_A_USER, by_form, verified

from oidc_provision.provisioners import registry

PROBES = {"credentials", "authorize"}
UNTRIED = {"sign-in", "scopes", "id-token", "refresh-token", "refresh", "refreshed-id-token", "rotation", "lifetimes"}


@pytest.fixture
def tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coder_realm: Realm) -> stranger.Tenant:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "entry_points", newcomer.POINTS.select)
    monkeypatch.setattr(stranger, "TENANTS", {})
    return newcomer.settle(tmp_path, coder_realm.issuer)


def with_habits(monkeypatch: pytest.MonkeyPatch, **habits: Any) -> None:
    monkeypatch.setattr(newcomer, "HABITS", replace(newcomer.HABITS, **habits))


def test_what_is_as_the_plan_wants_it_is_verified_to_the_end(tenant: stranger.Tenant):
    found = verified(*by_form(), "--strict", "--probe-reuse")
    assert (found.code, found.named("failed") | found.named("follows")) == (0, set()), found.steps
    assert {*WITHOUT_A_USER, "plan", "revoked"} <= found.named("ok")


def test_a_step_that_is_left_for_a_person_is_no_empty_plan(tenant: stranger.Tenant):
    tenant.clients["coder"]["refresh"] = False
    tenant.manual = frozenset({"coder"})
    found = verified("--strict")
    assert (found.code, found.named("failed")) == (1, {"plan"}), found.steps
    assert found.steps["plan"]["fix"] == "open the console"
    assert "refresh is false, not true" in found.words("plan")


def test_what_we_do_is_told_before_what_a_person_does(tenant: stranger.Tenant):
    Path("secret.env").write_text("SECRET=another-one-0123456789\n")
    tenant.clients["coder"]["refresh"] = False
    tenant.manual = frozenset({"coder"})
    assert verified().steps["plan"]["fix"] == "run `oidc-provision apply`; then open the console"


def test_a_client_that_a_person_has_to_make_is_one_cause(tenant: stranger.Tenant, monkeypatch: pytest.MonkeyPatch):
    with_habits(monkeypatch, client_id=lambda _plan, _live: "")
    tenant.clients.clear()
    tenant.manual = frozenset({"coder"})
    found = verified(*by_form())
    assert (found.code, found.named("failed")) == (1, {"plan"}), found.steps
    assert found.named("follows") == PROBES | UNTRIED
    assert {found.steps[each]["cause"] for each in found.named("follows")} == {"plan"}


REFUSALS = {
    "a drawn client id that nothing tells": {"client_id": lambda _plan, _live: ""},
    "a client id that the plan states": {},
}


@pytest.mark.parametrize("name", REFUSALS)
def test_settings_that_nobody_can_tell_are_a_failure_of_their_own(
    name: str, tenant: stranger.Tenant, monkeypatch: pytest.MonkeyPatch
):
    with_habits(monkeypatch, **REFUSALS[name])
    tenant.clients["coder"]["problem"] = "the file is that of a desktop application"
    found = verified(*by_form())
    assert (found.code, found.named("failed")) == (1, {"env"}), found.steps
    assert "desktop application" in found.words("env") and found.steps["env"]["fix"] == "download the file again"
    # nobody is asked about a client id that is not this client's
    assert found.named("follows") == (PROBES | UNTRIED if REFUSALS[name] else set())


def test_reason_is_told_beside_a_difference_that_explains_it(tenant: stranger.Tenant, monkeypatch: pytest.MonkeyPatch):
    with_habits(monkeypatch, client_id=lambda _plan, _live: "", part=lambda _address, _field: "client")
    tenant.clients["coder"] |= {"refresh": False, "problem": "the file is that of a desktop application"}
    found = verified()
    assert (found.named("failed"), found.named("follows")) == ({"plan"}, {"env", *PROBES}), found.steps
    assert "desktop application" in found.words("env")


def test_without_the_secret_the_reason_is_told_and_nobody_is_signed_in(tenant: stranger.Tenant):
    plan = Path("oidc-provision.yaml")
    plan.write_text(plan.read_text().replace(', secret: {store: "file:secret.env#SECRET"}', ""))
    tenant.clients["coder"]["problem"] = "the file cannot be read"
    found = verified(*by_form())
    assert (found.code, found.named("failed")) == (1, {"env"}), found.steps
    assert found.named("follows") == PROBES | UNTRIED


def test_without_a_look_a_drawn_client_id_is_not_guessed(tenant: stranger.Tenant, monkeypatch: pytest.MonkeyPatch):
    with_habits(monkeypatch, client_id=lambda _plan, _live: "")
    tenant.unreachable = True
    found = verified(*by_form())
    assert (found.code, found.named("failed")) == (1, {"plan"}), found.steps
    assert found.named("follows") == {"env", *PROBES, *UNTRIED}
    assert "nothing tells the client id" in found.words("env") and "--issuer" in found.words("env")


def test_without_a_look_a_stated_client_id_is_shown(tenant: stranger.Tenant):
    tenant.unreachable = True
    found = verified()
    assert (found.code, found.named("failed"), found.named("follows")) == (1, {"plan"}, set()), found.steps
    assert found.named("ok") >= WITHOUT_A_USER


def test_a_redirect_uri_that_only_a_person_can_register_is_refused_at_once(tenant: stranger.Tenant):
    ran = here("verify", "--no-coder", "--login", "--temporary-redirect")
    assert (ran.code, ran.out, tenant.log) == (64, "", [])
    assert "only a person can register" in ran.err and "oidc-provision.yaml:3:" in ran.err
    assert "--redirect-uri http://127.0.0.1:8765/callback" in ran.err


def test_nothing_is_revoked_where_that_would_end_coders_session(
    tenant: stranger.Tenant, monkeypatch: pytest.MonkeyPatch
):
    assert "/revoke" in verified(*by_form(), "-vv").err
    with_habits(monkeypatch, revokes_grant=True)
    found = verified(*by_form(), "-vv")
    assert "/token" in found.err and "/revoke" not in found.err
    assert (found.code, found.steps["revoked"]["verdict"]) == (0, "ok"), found.steps
    assert "Coder's own session" in found.words("revoked") and "nothing was revoked" in found.words("revoked")

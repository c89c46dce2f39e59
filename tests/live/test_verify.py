"""`verify` on a real Keycloak: an applied plan passes, and each fault is told once, where it is, with its fix; the rest follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .conftest import Realm
from .running import applied, edit, here

pytestmark = pytest.mark.live
PASSWORD = "correct horse 7Q"
STORE = "secrets/coder.env"
LOGIN = ("--login", "--username", "anna", "--password", "env:ANNA", "--probe-reuse")


@pytest.fixture
def proven(realm: Realm, plan_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan that is applied, and somebody who can sign in."""
    monkeypatch.setenv("ANNA", PASSWORD)
    realm.make_user("anna", PASSWORD)
    applied()
    return plan_file


def verified(*args: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run verify; return its exit code and the steps by name."""
    ran = here("verify", "--no-coder", "--format", "json", *args)
    assert ran.out, ran.err
    return ran.code, {step["name"]: step for step in json.loads(ran.out)["steps"]}


def test_applied_plan_is_verified_without_a_user(proven: Path):
    code, steps = verified()
    assert code == 0
    assert {name: step["verdict"] for name, step in steps.items()} == {
        "discovery": "ok",
        "plan": "ok",
        "credentials": "ok",
        "authorize": "ok",
        "sessions": "could not tell",
    }


def test_applied_plan_is_verified_with_a_sign_in(proven: Path, realm: Realm):
    code, steps = verified(*LOGIN)
    assert code == 0
    assert {step["verdict"] for name, step in steps.items() if name != "sessions"} == {"ok"}
    assert "Offline" in str(steps["refresh-token"]["evidence"])
    count = realm.request("GET", f"{realm.client_path('coder')}/offline-session-count").json()["count"]
    assert count == 0


@dataclass(frozen=True)
class Fault:
    """What is done to a realm or a plan, the one step that is the cause, what its words hold, and what follows from it."""

    make: Callable[[Realm, Path], object]
    cause: str
    words: tuple[str, ...]
    follows: frozenset[str]
    options: tuple[str, ...] = field(default=LOGIN)


AFTER_SIGN_IN = frozenset(
    {"scopes", "id-token", "refresh-token", "refresh", "refreshed-id-token", "rotation", "lifetimes"}
)
ALL_OF_IT = AFTER_SIGN_IN | {"sign-in"}


def stored(_realm: Realm, plan: Path, secret: str) -> None:
    (plan.parent / STORE).write_text(f"CODER_OIDC_CLIENT_SECRET={secret}\n", encoding="utf-8")


def with_grafana(realm: Realm, plan: Path) -> None:
    realm.make_client("grafana", secret="the-secret-of-grafana-01")
    stored(realm, plan, "the-secret-of-grafana-01")


def without_the_role(realm: Realm, _plan: Path) -> None:
    user = realm.request("GET", f"{realm.admin}/users", params={"username": "anna"}).json()[0]["id"]
    role = realm.request("GET", f"{realm.admin}/roles/default-roles-{realm.name}").json()
    realm.request("DELETE", f"{realm.admin}/users/{user}/role-mappings/realm", json=[role])


FAULTS = {
    "wrong secret": Fault(
        lambda realm, plan: stored(realm, plan, "a-secret-of-nobody-0123"),
        "credentials",
        ("the client secret is wrong", "own secret"),
        frozenset({"plan"}) | ALL_OF_IT,
    ),
    "secret of another client": Fault(
        with_grafana, "credentials", ("the client secret is wrong", "own secret"), frozenset({"plan"}) | ALL_OF_IT
    ),
    "offline_access detached": Fault(
        lambda realm, _: realm.detach("coder", "offline_access"),
        "plan",
        ("optionalClientScopes lacks offline_access", "oidc-provision apply"),
        frozenset({"authorize"}) | ALL_OF_IT,
    ),
    "standard flow off": Fault(
        lambda realm, _: realm.change_client("coder", standardFlowEnabled=False),
        "plan",
        ("standardFlowEnabled is false, not true", "oidc-provision apply"),
        frozenset({"authorize"}) | ALL_OF_IT,
    ),
    "redirect URI changed": Fault(
        lambda realm, _: realm.change_client("coder", redirectUris=["https://elsewhere.example.com/callback"]),
        "plan",
        ("redirectUris lacks https://coder.example.com/api/v2/users/oidc/callback", "oidc-provision apply"),
        frozenset({"authorize"}) | ALL_OF_IT,
    ),
    "refresh tokens off": Fault(
        lambda realm, _: realm.change_client("coder", attributes={"use.refresh.tokens": "false"}),
        "plan",
        ("use.refresh.tokens is false, not true", "oidc-provision apply"),
        frozenset({"refresh-token", "refresh", "refreshed-id-token", "rotation"}),
    ),
    "realm role taken from the person": Fault(
        without_the_role, "sign-in", ("lacks realm role `offline_access`", "give the person"), AFTER_SIGN_IN
    ),
    "rotation on": Fault(
        lambda realm, _: realm.change(revokeRefreshToken=True),
        "rotation",
        ("used a second time is refused", "the newest one died with it", "revoke_refresh_token: false"),
        frozenset(),
    ),
    "realm disabled": Fault(
        lambda realm, _: realm.change(enabled=False),
        "credentials",
        ("the realm is disabled", "enable the realm"),
        frozenset({"authorize"}) | ALL_OF_IT,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_one_cause_with_its_fix_and_the_rest_follows(name: str, proven: Path, realm: Realm):
    fault = FAULTS[name]
    fault.make(realm, proven)
    code, steps = verified(*fault.options)
    assert code == 1
    causes = {step for step, found in steps.items() if found["verdict"] == "failed"}
    assert causes == {fault.cause}, steps
    told = json.dumps(steps[fault.cause], ensure_ascii=False)
    assert [words for words in fault.words if words not in told] == []
    follows = {step for step, found in steps.items() if found["verdict"] == "follows"}
    assert follows == fault.follows, steps
    assert {steps[step]["cause"] for step in follows} <= {fault.cause}


def test_without_a_sign_in_the_probes_tell_the_same_cause(proven: Path, realm: Realm):
    realm.detach("coder", "offline_access")
    code, steps = verified()
    assert (code, steps["plan"]["verdict"], steps["authorize"]["verdict"]) == (1, "failed", "follows")


def test_without_a_plan_an_issuer_is_verified_by_its_address_alone(proven: Path, realm: Realm):
    secret = (proven.parent / STORE).read_text(encoding="utf-8").partition("=")[2].strip()
    Path("secret.txt").write_text(secret, encoding="utf-8")
    Path("secret.txt").chmod(0o600)
    about = ("--issuer", realm.issuer, "--client-id", "coder", "--client-secret", "file:secret.txt")
    code, steps = verified(*about, "--redirect-uri", "https://coder.example.com/api/v2/users/oidc/callback", *LOGIN)
    assert (code, {step["verdict"] for step in steps.values()}) == (0, {"ok"})


def test_missing_client_is_one_cause(proven: Path, realm: Realm):
    realm.delete_client("coder")
    code, steps = verified(*LOGIN)
    assert code == 1
    assert {step for step, found in steps.items() if found["verdict"] == "failed"} == {"plan"}


def test_verify_writes_nothing(proven: Path, realm: Realm):
    before = realm.client("coder"), realm.read()
    ran = here("verify", "--no-coder", "-vv", *LOGIN)
    assert ran.code == 0, ran.all
    assert [line for line in ran.err.splitlines() if line.startswith("trace: PUT") or "trace: DELETE" in line] == []
    assert (realm.client("coder"), realm.read()) == before


def test_no_token_is_in_any_output(proven: Path):
    for form in ("text", "json", "markdown", "sarif"):
        ran = here("verify", "--no-coder", "-vv", "--format", form, *LOGIN)
        assert ran.code == 0, ran.all
        assert "eyJ" not in ran.all and PASSWORD not in ran.all


def test_rotation_that_the_plan_wants_is_no_failure(proven: Path, realm: Realm):
    edit(proven, refresh_tokens__rotation="rotate", shared={"revoke_refresh_token": True})
    applied()
    code, steps = verified(*LOGIN)
    assert (code, steps["rotation"]["verdict"]) == (0, "ok")

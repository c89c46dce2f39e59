"""What a fleet costs in requests, counted by the server: a small one of the kind that `make bench` measures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.command import ROOT, Ran, oidc_provision

from .counting import Counting, Counts, counting
from .many import OTHER_IDLE, PASSWORD, lower_bound, requests, write_fleet, write_plan, writes

REALMS, CLIENTS = 20, 5


@pytest.fixture
def server() -> Iterator[Counting]:
    with counting(REALMS, CLIENTS) as running:
        yield running


@pytest.fixture
def plans(server: Counting, tmp_path: Path) -> Path:
    write_fleet(tmp_path / "fleet", server.url, REALMS, CLIENTS)
    return tmp_path / "fleet"


def ran(server: Counting, *args: str | Path) -> tuple[Ran, Counts]:
    done = oidc_provision(*args, env=PASSWORD)
    return done, server.counts()


def test_no_change_plan_of_a_fleet_is_near_the_lower_bound(server: Counting, plans: Path):
    done, counts = ran(server, "plan", "--detailed-exitcode", plans)
    assert done.code == 0, done.all
    assert requests(counts) <= 1.1 * lower_bound(REALMS), counts
    assert writes(counts) == {}


def test_requests_of_a_fleet_are_those_of_the_readme(server: Counting, plans: Path):
    _, counts = ran(server, "plan", plans)
    # three for each realm, one sign-in, one discovery document
    assert requests(counts) == 3 * REALMS + 2
    stated = f"A plan of 10,000 clients in 200 realms is {3 * 200 + 2} requests."
    assert stated in (ROOT / "README.md").read_text(encoding="utf-8")


def test_one_account_signs_in_once_for_all_its_realms(server: Counting, plans: Path):
    _, counts = ran(server, "plan", plans)
    assert counts["POST /realms/{realm}/protocol/openid-connect/token"] == 1


def test_one_change_in_a_fleet_is_one_write(server: Counting, plans: Path):
    write_plan(plans, server.url, 7, 3, OTHER_IDLE)
    done, counts = ran(server, "apply", "--auto-approve", plans)
    assert done.code == 0, done.all
    assert writes(counts) == {"PUT /admin/realms/{realm}/clients/{id}": 1}
    after, counts = ran(server, "plan", "--detailed-exitcode", plans)
    assert (after.code, writes(counts)) == (0, {}), after.all


@pytest.mark.parametrize("at_once", [2, 8])
def test_no_more_requests_are_under_way_than_was_said(server: Counting, plans: Path, at_once: int):
    done, counts = ran(server, "plan", "--parallelism", str(at_once), plans)
    assert done.code == 0, done.all
    assert 1 < counts["most at once"] <= at_once


def seen(plans: Path, at_once: int) -> dict[str, object]:
    """What a plan finds with so many requests at once, without what it cost."""
    done = oidc_provision("plan", "--format", "json", "--parallelism", str(at_once), plans, env=PASSWORD)
    return {name: value for name, value in json.loads(done.out).items() if name not in ("requests", "seconds")}


EDITS = {
    "a changed lifetime": ("14d", "15d"),
    "a client that is not there": ("id: coder-007-03", "id: new"),
    "an unknown scope": ("profile", "profil"),
    "a scope to attach": ("profile,", "profile, service_account,"),
    "a scope to move": ("profile,", "{name: profile, kind: optional},"),
    "a groups claim": ("scopes:", "groups_claim: groups\n  scopes:"),
    "a realm that sinks below its clients": (
        "access_tokens:",
        "shared: {sso_session_idle_timeout: 20m}\naccess_tokens:",
    ),
    "a realm that is not there": ("realm-007", "realm-xyz"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_found_does_not_hang_on_how_many_are_asked_at_once(server: Counting, plans: Path, edit: str):
    plan = plans / "coder-007-03.yaml"
    before = plan.read_text()
    plan.write_text(before.replace(*EDITS[edit]))
    assert plan.read_text() != before
    crowded = seen(plans, 2)
    assert crowded == seen(plans, 64)
    assert crowded["resource_changes"] or crowded["findings"] or crowded["errors"]

"""The laws (exemplars 4) over every identity provider that the registry finds; none is named here.

A world that lacks its module, or a new folder without one, fails the first test. Steps for a human are left aside: no apply makes them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from graphlib import TopologicalSorter

import pytest
from tests.laws.worlds import HELD, worlds
from tests.laws.worlds.base import World, adopted, apply, changes, deployment, drawn, engine, look, view

from oidc_provision.cli.render.errors import render_error
from oidc_provision.cli.render.json_plan import render_json
from oidc_provision.cli.render.markdown import render_markdown
from oidc_provision.cli.render.text import render_text
from oidc_provision.plans import saved
from oidc_provision.plans.diff import Change
from oidc_provision.plans.errors import ProvisionError
from oidc_provision.plans.proposal import Proposal, View
from oidc_provision.provisioners.engine import Report, materialised
from oidc_provision.provisioners.execution import Status
from oidc_provision.provisioners.registry import kinds

STARTS = [(kind, name) for kind in HELD for name in worlds(kind).starts()]


@pytest.fixture(params=STARTS, ids=[f"{kind}: {name}" for kind, name in STARTS])
def world(request: pytest.FixtureRequest) -> World:
    kind, name = request.param
    return worlds(kind).starts()[name]


def test_every_identity_provider_has_a_world():
    missing = [f"tests/laws/worlds/{kind}.py" for kind in kinds() if kind not in HELD]
    assert not missing, f"write {', '.join(missing)}: see docs/adding-an-identity-provider.md"


def test_apply_then_plan_is_empty(world: World):
    proposal, report = apply(world)
    assert not proposal.errors
    assert {result.status for result in report.results} <= {Status.DONE}
    assert report.unsettled == ()
    assert changes(look(world)).sendable == ()


def test_plan_sends_only_reads(world: World):
    before = world.state()
    look(world)
    assert world.writes == []
    assert world.state() == before


def test_apply_writes_nothing_where_nothing_is_to_change(world: World):
    apply(world)
    settled, written = world.state(), list(world.writes)
    apply(world)
    assert (world.writes, world.state()) == (written, settled)


def test_import_then_plan_is_empty(world: World):
    apply(world)
    data = adopted(world)
    proposal = look(world, data)
    assert not proposal.errors
    assert changes(proposal).sendable == ()
    assert view(proposal).live


def test_saved_plan_is_known_to_be_applied_once_it_is(world: World):
    before = look(world)
    kept = saved.parse(saved.dump(before).encode(), "saved.plan")
    assert saved.is_applied(kept, before) is not before.pending
    apply(world)
    assert saved.is_applied(kept, look(world))


def test_foreign_fields_survive(world: World):
    before = world.foreign()
    apply(world)
    after = world.foreign()
    assert {name: after[name] for name in before} == before


def said(proposal: Proposal, report: Report | None = None) -> str:
    """Everything that is made of a look and an apply for people, files and logs."""
    errors = [error for error in (report.errors if report else ()) if error]
    errors += [result.error for result in (report.results if report else ()) if result.error]
    forms = [render_text(proposal), render_json(proposal), render_markdown(proposal), saved.dump(proposal)]
    return "\n".join([*forms, repr(proposal), str(report), *(render_error(error) + repr(error) for error in errors)])


def test_no_secret_is_in_any_output(world: World, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    output, secrets = [said(look(world))], {drawn(), *world.secrets()}
    proposal, report = apply(world)
    output += [said(proposal, report), said(look(world)), json.dumps(adopted(world)), caplog.text]
    secrets |= world.secrets()
    assert len(secrets) > 1
    assert not [secret for secret in secrets if secret in "".join(output)]


def test_no_secret_is_in_the_error_of_a_write_that_failed(world: World, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    world.cut = 1
    proposal, report = apply(world)
    assert not [secret for secret in (*world.secrets(), drawn()) if secret in said(proposal, report) + caplog.text]


async def made_again(world: World) -> tuple[object, object]:
    """The world's state after each change, and after each was made a second time from the same, now stale, look."""
    running, plan = engine(world), deployment(world)
    seen: View = view(await running.look([plan], writing=True))
    provisioner = await world.open(plan)
    states = []
    for once_more in (False, True):
        for change in materialised(waiting_last(seen.changes.sendable), drawn):
            if change.address.kind != "store":
                try:
                    await provisioner.apply(change, seen.live)
                except ProvisionError:
                    assert once_more
        states.append(world.state())
    return states[0], states[1]


def waiting_last(changes: tuple[Change, ...]) -> list[Change]:
    """Each after all that it waits for."""
    by_key = {change.key: change for change in changes}
    order = TopologicalSorter({change.key: change.depends_on & by_key.keys() for change in changes}).static_order()
    return [by_key[key] for key in order]


def test_making_the_same_change_again_does_no_harm(world: World):
    once, twice = asyncio.run(made_again(world))
    assert once == twice


@pytest.mark.parametrize("cut", range(5))
def test_cut_off_at_any_write_the_next_run_converges(world: World, cut: int):
    world.cut = cut
    apply(world)
    world.cut = None
    _, report = apply(world)
    assert report.unsettled == () and not [result for result in report.results if result.error]
    assert changes(look(world)).sendable == ()

"""The laws from any starting state that an identity provider's world can draw."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.laws.worlds import HELD, worlds
from tests.laws.worlds.base import World, adopted, apply, changes, look

from oidc_provision.plans.diff import Edit, edit_json

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
any_kind = pytest.mark.parametrize("kind", HELD)


def drawn_world(data: st.DataObject, kind: str) -> World:
    world: World = data.draw(worlds(kind).any_start())
    # what a rule refuses is never applied
    assume(not look(world).errors)
    return world


@any_kind
@MANY
@given(st.data())
def test_apply_then_plan_is_empty(kind: str, data: st.DataObject):
    world = drawn_world(data, kind)
    before = world.foreign()
    _, report = apply(world)
    assert [result.error for result in report.results if result.error] == []
    assert report.unsettled == ()
    assert changes(look(world)).sendable == ()
    after = world.foreign()
    assert {name: after[name] for name in before} == before


@any_kind
@MANY
@given(st.data())
def test_import_asks_for_nothing_that_is_not_always_ours(kind: str, data: st.DataObject):
    world = drawn_world(data, kind)
    apply(world)
    assert changes(look(world, adopted(world))).sendable == ()


def shown(edit: Edit) -> tuple[object, ...]:
    said = edit_json(edit)
    return said["field"], repr(said["before"]), repr(said["after"])


def without_secrets(world: World) -> Any:
    return [
        (change.key, change.action, change.manual, [shown(edit) for edit in change.edits])
        for change in changes(look(world))
    ]


@any_kind
@MANY
@given(st.data())
def test_the_digest_changes_exactly_when_the_plan_does(kind: str, data: st.DataObject):
    one, two = drawn_world(data, kind), drawn_world(data, kind)
    alike = without_secrets(one) == without_secrets(two)
    assert (look(one).digest == look(two).digest) is alike
    assert look(one).digest == look(one).digest

"""Laws of the difference between what is wanted and what is live."""

import hashlib
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.plans import wishes

from oidc_provision.plans.diff import (
    Action,
    Change,
    ChangeSet,
    Edit,
    change_json,
    diff,
    digest_of,
    edit_json,
    fleet_digest,
)
from oidc_provision.plans.resources import Absent, Address, Exactly, Generated, Target
from oidc_provision.plans.sealed import Sealed

CODER = Address("client", "coder")


def settled(desired, live):
    """The live state with every change made."""
    made = {change.address: {**live.get(change.address, {}), **change.after} for change in diff(desired, live)}
    return {**live, **made}


@given(wishes.desired, wishes.live)
def test_once_settled_there_is_nothing_to_change(desired, live):
    def drawn(fields):
        return {name: Sealed("drawn") if isinstance(value, Generated) else value for name, value in fields.items()}

    # a rotation is asked for once: looked at again it would draw again, so the look after leaves it out
    calm = {
        address: {
            name: replace(want, replace=False) if hasattr(want, "replace") else want for name, want in wants.items()
        }
        for address, wants in desired.items()
    }
    after = {address: drawn(fields) for address, fields in settled(desired, live).items()}
    assert list(diff(calm, after)) == []


@given(wishes.desired, wishes.live)
def test_a_field_that_nobody_wants_is_never_in_a_change(desired, live):
    for change in diff(desired, live):
        wanted = set(desired[change.address])
        assert {edit.field for edit in change.edits} <= wanted
        assert set(change.after) == wanted


@given(wishes.desired, wishes.live)
def test_an_edit_always_says_something(desired, live):
    for change in diff(desired, live):
        assert change.edits or change.action is Action.CREATE
        assert all((type(e.before), e.before) != (type(e.after), e.after) for e in change.edits)


@given(wishes.desired, wishes.live, st.randoms(use_true_random=False))
def test_the_order_of_what_is_wanted_does_not_matter(desired, live, random):
    shuffled = list(desired.items())
    random.shuffle(shuffled)
    again = diff({a: dict(reversed(wants.items())) for a, wants in shuffled}, dict(reversed(live.items())))
    assert again == diff(desired, live)
    assert again.digest == diff(desired, live).digest


@given(wishes.desired, wishes.live, wishes.desired)
def test_the_digest_changes_exactly_when_what_is_shown_does(desired, live, other):
    one, two = diff(desired, live), diff(other, live)
    shown = [json.dumps([change_json(change) for change in changes]) for changes in (one, two)]
    assert (one.digest == two.digest) is (shown[0] == shown[1])


FEW = [Exactly(1), Exactly(2), Exactly(True), Absent(), Exactly(Sealed("one")), Exactly(Sealed("two"))]
ALIKE = st.dictionaries(st.sampled_from("ab"), st.sampled_from(FEW), min_size=1).map(lambda wants: {CODER: wants})
LIVE = st.sampled_from([{}, {CODER: {}}, {CODER: {"a": 1, "b": Sealed("one")}}])


def told(edit):
    """What a reviewer is told of an edit: of a secret only that there is one, or that it gives way to another."""
    sealed = [isinstance(value, Sealed) for value in (edit.before, edit.after)]
    after = "replaced" if all(sealed) else ("secret" if sealed[1] else repr(edit.after))
    return edit.field, "secret" if sealed[0] else repr(edit.before), after


@given(ALIKE, LIVE, ALIKE, LIVE)
def test_the_digest_tells_apart_what_a_reviewer_can_tell_apart(desired, live, other, before):
    one, two = diff(desired, live), diff(other, before)
    seen = [[(change.key, change.action, [*map(told, change.edits)]) for change in changes] for changes in (one, two)]
    assert (one.digest == two.digest) is (seen[0] == seen[1])


@given(wishes.desired, wishes.live)
def test_no_secret_is_in_any_form_of_a_change(desired, live):
    changes = diff(desired, live)
    forms = [repr(changes), json.dumps([change_json(change) for change in changes]), *(str(c.before) for c in changes)]
    assert not any(wishes.SECRET in form for form in forms)


def test_the_digest_is_that_of_canonical_utf8():
    text = '{"a":[1,null],"gr\u00fc\u00dfe":"\u20ac"}'
    assert digest_of({"gr\u00fc\u00dfe": "\u20ac", "a": [1, None]}) == hashlib.sha256(text.encode()).hexdigest()


def test_half_a_character_has_a_digest_too():
    assert digest_of("\ud800") != digest_of("\udfff")


def test_two_secrets_give_one_digest():
    def digest(secret):
        return diff({CODER: {"secret": Exactly(Sealed(secret))}}, {CODER: {"secret": Sealed("old")}}).digest

    assert digest("new-one") == digest("new-two")


def test_a_secret_is_kept_generated_or_replaced():
    def shown(before, after):
        (change,) = diff({CODER: {"secret": Exactly(after)}}, {CODER: {"secret": before}})
        return edit_json(change.edits[0])["after"]

    assert shown(Sealed("old"), Sealed("new")) == "(replaced)"
    assert shown(None, Sealed("new")) == "(secret)"
    assert shown(None, Generated("k")) == "(generated)"
    assert list(diff({CODER: {"secret": Exactly(Sealed("same"))}}, {CODER: {"secret": Sealed("same")}})) == []


def test_true_and_one_are_two_values():
    changes = diff({CODER: {"flag": Exactly(True), "count": Exactly(0)}}, {CODER: {"flag": 1, "count": False}})
    assert [edit.field for change in changes for edit in change.edits] == ["count", "flag"]


def test_a_resource_without_fields_to_set_is_still_created():
    (change,) = diff({CODER: {}}, {})
    assert (change.action, change.edits, change.before) == (Action.CREATE, (), None)


def test_before_holds_every_managed_field():
    (change,) = diff({CODER: {"a": Exactly(1), "b": Exactly(2)}}, {CODER: {"a": 1, "b": 1, "c": 1}})
    assert change.before == {"a": 1, "b": 1}


def test_parts_of_a_split_change_have_their_own_keys():
    whole = Change(CODER, Action.UPDATE, (), {})
    parts = ChangeSet((whole, replace(whole, step=1)))
    assert [change.key for change in parts] == ["client/coder", "client/coder#1"]
    assert parts.by_address == {CODER: parts.changes}


def test_manual_steps_are_not_sent():
    change = Change(CODER, Action.UPDATE, (), {}, manual="open the console")
    assert ChangeSet((change,)).sendable == ()
    assert ChangeSet((change,)).digest != ChangeSet((replace(change, manual=""),)).digest


@given(st.permutations([Target("realm", name) for name in "abc"]))
def test_the_order_of_targets_does_not_matter_and_idle_ones_do_not_count(targets):
    busy = ChangeSet((Change(CODER, Action.CREATE, (), {}),))
    one = [(Target("realm", name), busy if name == "b" else ChangeSet()) for name in "abc"]
    assert fleet_digest(one) == fleet_digest([pair for target in targets for pair in one if pair[0] == target])
    assert fleet_digest(one) == fleet_digest([(Target("realm", "b"), busy)])
    assert fleet_digest(one) != fleet_digest([(Target("realm", "c"), busy)])


def test_the_canonical_form_of_a_change_is_the_same_in_every_version():
    # a plan that was saved by one version is compared with the look of another
    change = Change(CODER, Action.UPDATE, (Edit("name", None, "Coder"),), {}, manual="open the console")
    assert change_json(change) == {
        "address": "client/coder",
        "action": "update",
        "edits": [{"field": "name", "before": None, "after": "Coder"}],
        "manual": "open the console",
    }

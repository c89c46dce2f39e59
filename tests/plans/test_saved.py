"""The saved plan: canonical, without secrets, bound to what was seen, refused when it is not what was saved."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plans.proposals import CODER, client, view

from oidc_provision.plans import saved
from oidc_provision.plans.diff import ChangeSet, digest_of
from oidc_provision.plans.errors import Refused
from oidc_provision.plans.proposal import Proposal
from oidc_provision.plans.resources import Exactly, Generated, Includes
from oidc_provision.plans.sealed import Sealed

CANARY = "k4n4ry-secret"
WANTED = {
    CODER: {"lifetime": Exactly(2), "names": Includes(frozenset("ab")), "secret": Exactly(Sealed(CANARY + "new"))},
    client("new"): {"lifetime": Exactly(2), "secret": Exactly(Generated("new"))},
    client("same"): {"lifetime": Exactly(2)},
}
LIVE = {CODER: {"lifetime": 1, "names": frozenset("bc"), "secret": Sealed(CANARY)}, client("same"): {"lifetime": 2}}
PROPOSAL = Proposal((view(WANTED, LIVE),))
BYTES = saved.dump(PROPOSAL).encode()


def reading(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        saved.parse(data, "x.plan")
    assert refused.value.where == "x.plan" and refused.value.fix.startswith("make")
    return refused.value.message


def resealed(**changes: object) -> bytes:
    """A saved plan with other content and a checksum that fits."""
    body = {**{name: value for name, value in json.loads(BYTES).items() if name != "checksum"}, **changes}
    return json.dumps({**body, "checksum": digest_of(body)}).encode()


def test_it_comes_back_as_it_was_made():
    back = saved.parse(BYTES, "x.plan")
    assert (back.digest, back.complete, back.targets) == (PROPOSAL.digest, True, ())
    assert [name for name, _ in back.plans] == ["acme-coder.yaml"]
    assert json.loads(back.plans[0][1])["client"] == {"id": "coder"}
    assert saved.moved(back, PROPOSAL) == ()


def test_the_same_look_gives_the_same_bytes():
    again = Proposal((view(dict(reversed(WANTED.items())), dict(reversed(LIVE.items()))),))
    assert saved.dump(again).encode() == BYTES


@pytest.mark.battery(24)
def test_no_secret_is_in_it():
    assert CANARY.encode() not in BYTES
    assert b"(secret)" in BYTES and b"(generated)" in BYTES


@pytest.mark.battery(16)
@pytest.mark.parametrize("end", range(0, len(BYTES) - 1, 50))
def test_a_truncated_one_is_refused_and_known_for_what_it_is(end):
    assert reading(BYTES[:end]) == "the saved plan is truncated or was changed"
    assert saved.is_saved(BYTES[:end]) is (end >= 50)


@pytest.mark.battery(16)
@given(st.integers(0, len(BYTES) - 2), st.integers(0, 7))
def test_one_flipped_bit_is_refused(place, bit):
    flipped = BYTES[:place] + bytes([BYTES[place] ^ 1 << bit]) + BYTES[place + 1 :]
    assert reading(flipped)


@pytest.mark.battery(16)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (resealed(format_version=2), "the saved plan has format 2, this version reads format 1"),
        (resealed(format_version="1"), "the saved plan has format 1, this version reads format 1"),
        (b'{"format": "terraform"}', "this is not a saved plan of oidc-provision"),
        (b"[]", "this is not a saved plan of oidc-provision"),
        (b"null", "this is not a saved plan of oidc-provision"),
        (b"", "the saved plan is truncated or was changed"),
        (b"[" * 200_000, "the saved plan is truncated or was changed"),
        (b'{"a":' * 200_000, "the saved plan is truncated or was changed"),
        (b"\xff\xfe{\x00}\x00", "the saved plan is truncated or was changed"),
        (b"1" * 10_000, "the saved plan is truncated or was changed"),
        (BYTES.replace(b'"lifetime"', b'"lifetimf"', 1), "the saved plan was changed after it was made"),
    ],
)
def test_what_is_no_saved_plan_of_ours_says_why(data, message):
    assert reading(data) == message


@pytest.mark.battery(16)
def test_another_tools_archive_is_refused():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("tfplan", BYTES)
    assert reading(archive.getvalue()) == "the saved plan is truncated or was changed"


@pytest.mark.battery(16)
@pytest.mark.parametrize(
    "changes",
    [
        {"plans": None},
        {"plans": [1]},
        {"plans": [{"file": 1, "plan": {}}]},
        {"seen": []},
        {"seen": {"t": []}},
        {"changes": 1},
        {"changes": {"t": [{}]}},
        {"targets": "x"},
        {"digest": None},
        {"complete": 1},
    ],
)
def test_a_shape_that_we_never_write_is_refused(changes):
    assert reading(resealed(**changes)) == "the saved plan is not of the shape that its format promises"


@pytest.mark.battery(16)
def test_more_than_the_largest_is_refused(monkeypatch):
    monkeypatch.setattr(saved, "LARGEST", 10)
    assert reading(BYTES) == "the saved plan is too large to be one"


@pytest.mark.battery(17)
@pytest.mark.parametrize(
    ("live", "line"),
    [
        ({**LIVE, CODER: {**LIVE[CODER], "lifetime": 7}}, "`client/coder` field `lifetime` was 1, is 7"),
        ({**LIVE, CODER: {**LIVE[CODER], "lifetime": None}}, "`client/coder` field `lifetime` was 1, is absent"),
        ({**LIVE, client("new"): {}}, "`client/new` exists now"),
        ({CODER: LIVE[CODER]}, "`client/same` does not exist any more"),
        ({**LIVE, client("same"): {"lifetime": 3}}, "`client/same` field `lifetime` was 2, is 3"),
    ],
)
def test_what_moved_is_named_with_object_and_field(live, line):
    now = Proposal((view(WANTED, live),))
    assert saved.moved(saved.parse(BYTES, "x"), now) == (line,)


def test_a_field_that_nobody_manages_may_move():
    now = Proposal((view(WANTED, {**LIVE, CODER: {**LIVE[CODER], "theme": "dark"}}),))
    assert saved.moved(saved.parse(BYTES, "x"), now) == ()


@pytest.mark.battery(18)
def test_it_is_applied_when_everything_is_as_it_would_leave_it():
    made = {change.address: {**LIVE.get(change.address, {}), **change.after} for _, change in PROPOSAL.changes}
    drawn = {a: {n: Sealed("drawn") if isinstance(v, Generated) else v for n, v in f.items()} for a, f in made.items()}
    wanted = {**WANTED, client("new"): {"lifetime": Exactly(2), "secret": Exactly(Sealed("drawn"))}}
    back = saved.parse(BYTES, "x")
    assert saved.is_applied(back, Proposal((view(wanted, {**LIVE, **drawn}),)))
    assert not saved.is_applied(back, PROPOSAL)


def test_a_label_that_nobody_could_foresee_does_not_make_it_unapplied():
    wanted = {CODER: {"secrets": Includes(frozenset({"new, for 90d"})), "name": Exactly("x")}}
    back = saved.parse(
        saved.dump(Proposal((view(wanted, {CODER: {"secrets": frozenset(), "name": "x"}}),))).encode(), "x"
    )
    settled = {CODER: {"secrets": Includes(frozenset()), "name": Exactly("x")}}
    made = frozenset({"aaaa0001 (until 2027-01-01)"})
    assert saved.is_applied(back, Proposal((view(settled, {CODER: {"secrets": made, "name": "x"}}),)))


def test_step_for_a_human_that_is_still_open_does_not_make_it_unapplied():
    def proposal(name: str) -> Proposal:
        wanted = {CODER: {"name": Exactly("b")}, client("consent"): {"scopes": Includes(frozenset("a"))}}
        found = view(wanted, {CODER: {"name": name}})
        by_hand = tuple(
            replace(change, manual="ask an administrator") if change.address == client("consent") else change
            for change in found.changes
        )
        return Proposal((replace(found, changes=ChangeSet(by_hand)),))

    back = saved.parse(saved.dump(proposal("a")).encode(), "x")
    assert (saved.is_applied(back, proposal("a")), saved.is_applied(back, proposal("b"))) == (False, True)


def test_what_it_left_alone_must_not_have_moved():
    wanted = {CODER: {"name": Exactly("b")}, client("same"): {"names": Includes(frozenset("a"))}}
    live = {CODER: {"name": "a"}, client("same"): {"names": frozenset("a")}}
    back = saved.parse(saved.dump(Proposal((view(wanted, live),))).encode(), "x")
    now = {CODER: {"name": "b"}, client("same"): {"names": frozenset("ab")}}
    assert not saved.is_applied(back, Proposal((view(wanted, now),)))


def test_restricted_addresses_are_remembered():
    part = replace(PROPOSAL, complete=False)
    back = saved.parse(saved.dump(part, frozenset({"client/coder"})).encode(), "x")
    assert (back.targets, back.complete) == (("client/coder",), False)

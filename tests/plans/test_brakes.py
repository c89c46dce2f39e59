"""What keeps an apply from starting: the figures, and the way past."""

import pytest
from tests.plans.proposals import ACME, CODER, NO_LOSS, odd, rotation, updating, view

from oidc_provision.plans.brakes import refusal
from oidc_provision.plans.diff import Action, Change, ChangeSet
from oidc_provision.plans.errors import Failed, Position, Refused
from oidc_provision.plans.findings import Rule, Severity
from oidc_provision.plans.proposal import Proposal, View
from oidc_provision.plans.resources import Address, Exactly

BAD = Rule("bad", Severity.ERROR, "bad", "Bad.")


@pytest.mark.parametrize(
    ("changed", "existing", "new", "held"),
    [
        (3, 10, 0, False),
        (4, 10, 0, True),
        (9, 9, 0, False),
        (0, 10, 50, False),
        (30, 100, 0, False),
        (31, 100, 0, True),
        (60, 100, 0, True),
        (4, 10, 50, True),
    ],
)
def test_more_than_thirty_percent_of_ten_or_more_existing_clients_is_too_many(changed, existing, new, held):
    refused = refusal(updating(changed, existing, new=new), NO_LOSS)
    assert (refused is not None) is held
    if refused is not None:
        share = round(100 * changed / existing)
        figures = f"{changed} of {existing} existing clients ({share} %) would change at once, more than 30 %"
        assert (refused.message, refused.where) == (figures, "tenant acme")
        assert refused.fix == "look at the plan again; if that is meant: --force REASON"


def test_many_changes_yield_to_a_reason():
    assert refusal(updating(10, 10), NO_LOSS, force="moving day") is None


def test_other_resources_do_not_count_as_clients():
    live = {Address("tenant", f"t{number}"): {"region": "here"} for number in range(20)}
    wanted = {address: {"region": Exactly("there")} for address in live}
    assert refusal(Proposal((view(wanted, live),)), NO_LOSS) is None
    many = updating(4, 5).views[0]
    mixed = view({**many.desired, **{a: {"region": Exactly("here")} for a in live}}, {**many.live, **live})
    assert refusal(Proposal((mixed,)), NO_LOSS) is None


def test_two_targets_are_not_added_up():
    views = tuple(updating(3, 5).views[0] for _ in range(2))
    assert refusal(Proposal(views), NO_LOSS) is None


def test_error_findings_refuse_and_do_not_yield():
    found = (
        BAD.finding("one is bad", fix="mend it", where="client/a"),
        odd(),
        BAD.finding("two is bad", where="client/b"),
    )
    refused = refusal(Proposal((view({}, {}, findings=found),)), NO_LOSS, force="please")
    assert refused is not None
    assert "2 error findings" in refused.message and "one is bad [bad]" in refused.message
    assert (refused.where, refused.fix, refused.notes) == ("client/a", "mend it", ("two is bad [bad]",))


def test_an_error_finding_is_refused_at_its_line():
    found = BAD.finding("x", where="client/a").at(Position("plan.yaml", 7, 3))
    refused = refusal(Proposal((view({}, {}, findings=(found,)),)), NO_LOSS)
    assert refused is not None and refused.where == "plan.yaml:7:3"


def test_one_error_finding_is_singular():
    refused = refusal(Proposal((view({}, {}, findings=(BAD.finding("x"),)),)), NO_LOSS)
    assert refused is not None and "1 error finding:" in refused.message


def test_missing_rights_refuse_and_do_not_yield():
    missing = Refused("no right")
    assert refusal(Proposal((view({}, {}, error=missing),)), NO_LOSS, force="please") is missing


def test_a_target_that_did_not_answer_is_no_brake_for_the_others():
    assert refusal(Proposal((view({}, {}, error=Failed("no answer")),)), NO_LOSS) is None


def test_a_secret_is_replaced_only_where_the_client_is_named():
    proposal = rotation()
    refused = refusal(proposal, NO_LOSS, force="please")
    assert refused is not None
    assert refused.message == "the secret of `coder` would be replaced"
    assert (refused.where, refused.fix) == ("client/coder", "if that is meant: --rotate-secret coder")
    assert refusal(Proposal(proposal.views, frozenset({"coder"})), NO_LOSS) is None
    assert refusal(Proposal(proposal.views, frozenset({"other"})), NO_LOSS) is not None


def test_taking_offline_access_away_is_refused_until_forced():
    proposal = Proposal((view({CODER: {"refresh": Exactly(False)}}, {CODER: {"refresh": True}}),))
    refused = refusal(proposal, lambda seen, change: seen is proposal.views[0] and change.address == CODER)
    assert refused is not None and refused.message == "offline access of `coder` would be taken away"
    assert (refused.where, refused.fix) == ("client/coder", "if that is meant: --force REASON")
    assert refusal(proposal, lambda _view, _change: True, force="please") is None


def test_deleting_is_refused_until_forced():
    changes = ChangeSet((Change(CODER, Action.DELETE, (), {}),))
    proposal = Proposal((View(ACME, (), {CODER: {}}, {}, changes),))
    refused = refusal(proposal, NO_LOSS)
    assert refused is not None
    assert refused.message == "`client/coder` would be deleted: tokens of its users die with it"
    assert (refused.where, refused.fix) == ("client/coder", "if that is meant: --force REASON")
    assert refusal(proposal, NO_LOSS, force="please") is None


def test_every_reason_is_named_at_once():
    proposal = Proposal((rotation().views[0], updating(10, 10).views[0]))
    refused = refusal(proposal, NO_LOSS)
    assert refused is not None
    assert "secret of `coder`" in refused.message and any("10 of 10" in note for note in refused.notes)

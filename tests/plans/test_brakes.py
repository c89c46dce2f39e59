"""What keeps an apply from starting: the figures, and the way past."""

import pytest
from tests.plans.proposals import ACME, CODER, NO_LOSS, odd, rotation, updating, view

from oidc_provision.plans.brakes import refusal
from oidc_provision.plans.diff import Action, Change, ChangeSet
from oidc_provision.plans.errors import Failed, Refused
from oidc_provision.plans.findings import Rule, Severity
from oidc_provision.plans.proposal import Proposal, View
from oidc_provision.plans.resources import Exactly

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
    ],
)
def test_more_than_thirty_percent_of_ten_or_more_existing_clients_is_too_many(changed, existing, new, held):
    refused = refusal(updating(changed, existing, new=new), NO_LOSS)
    assert (refused is not None) is held
    if refused is not None:
        assert f"{changed} of {existing} existing clients" in refused.message
        assert "--force REASON" in refused.fix


def test_many_changes_yield_to_a_reason():
    assert refusal(updating(10, 10), NO_LOSS, force="moving day") is None


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
    assert ("`coder`" in refused.message, "--rotate-secret coder" in refused.fix) == (True, True)
    assert refusal(Proposal(proposal.views, frozenset({"coder"})), NO_LOSS) is None
    assert refusal(Proposal(proposal.views, frozenset({"other"})), NO_LOSS) is not None


def test_taking_offline_access_away_is_refused_until_forced():
    proposal = Proposal((view({CODER: {"refresh": Exactly(False)}}, {CODER: {"refresh": True}}),))
    refused = refusal(proposal, lambda _view, change: change.address == CODER)
    assert refused is not None and "offline access of `coder`" in refused.message
    assert refusal(proposal, lambda _view, _change: True, force="please") is None


def test_deleting_is_refused_until_forced():
    changes = ChangeSet((Change(CODER, Action.DELETE, (), {}),))
    proposal = Proposal((View(ACME, (), {CODER: {}}, {}, changes),))
    refused = refusal(proposal, NO_LOSS)
    assert refused is not None and "`client/coder` would be deleted" in refused.message
    assert refusal(proposal, NO_LOSS, force="please") is None


def test_every_reason_is_named_at_once():
    proposal = Proposal((rotation().views[0], updating(10, 10).views[0]))
    refused = refusal(proposal, NO_LOSS)
    assert refused is not None
    assert "secret of `coder`" in refused.message and any("10 of 10" in note for note in refused.notes)

"""`plan --format json`: what is in it, and that it keeps to the schema that ships."""

import json

import pytest
from jsonschema import Draft202012Validator
from tests.plans.proposals import ACME, CODER, client, odd, rotation, updating, view

from oidc_provision.cli.render.json_plan import render_json
from oidc_provision.cli.render.json_schema import output_schema
from oidc_provision.cli.render.text import Cost
from oidc_provision.plans.diff import Action, Change, ChangeSet
from oidc_provision.plans.errors import Failed, Position
from oidc_provision.plans.proposal import Proposal, View
from oidc_provision.plans.resources import Absent, Exactly, Generated, Includes
from oidc_provision.plans.sealed import Sealed

SCHEMA = Draft202012Validator(json.loads(output_schema("plan-output")))
WANTED = {
    CODER: {
        "flag": Exactly(True),
        "names": Includes(frozenset("ab")),
        "gone": Absent(),
        "secret": Exactly(Sealed("new-one")),
    },
    client("new"): {"secret": Exactly(Generated("new")), "lifetime": Exactly(3)},
}
CHANGES = Proposal((view(WANTED, {CODER: {"flag": False, "gone": "x", "secret": Sealed("old-one")}}),))
PROPOSALS = {
    "nothing": Proposal(()),
    "changes and secrets": CHANGES,
    "rotation": rotation(),
    "many": updating(20, 30, new=2),
    "restricted": updating(2, 2).only(frozenset({"client/c0000"})),
    "findings": Proposal(
        (view({}, {}, findings=(odd(fix="move", where="x"), odd("y").at(Position("plan.yaml", 3, 4)))),)
    ),
    "errors": Proposal((view({}, {}, error=Failed("no answer", fix="wait")),)),
    "a deletion": Proposal((View(ACME, (), {}, {}, ChangeSet((Change(CODER, Action.DELETE, (), {}),))),)),
    "a manual step": Proposal(
        (View(ACME, (), {}, {}, ChangeSet((Change(CODER, Action.UPDATE, (), {}, manual="x"),))),)
    ),
}


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA.schema)


@pytest.mark.parametrize("name", PROPOSALS)
@pytest.mark.parametrize("cost", [None, Cost(3, 1.5)])
def test_every_proposal_keeps_to_the_schema(name, cost):
    assert [error.message for error in SCHEMA.iter_errors(json.loads(render_json(PROPOSALS[name], cost)))] == []


def test_the_schema_refuses_what_we_never_print():
    whole = json.loads(render_json(CHANGES))
    for broken in ({**whole, "more": 1}, {**whole, "digest": "x"}, {k: v for k, v in whole.items() if k != "findings"}):
        assert not SCHEMA.is_valid(broken)


def test_names_are_those_that_policies_for_terraform_look_for():
    new, coder = (
        c["change"]
        for c in sorted(json.loads(render_json(CHANGES))["resource_changes"], key=lambda c: c["name"] == "coder")
    )
    assert (new["actions"], new["before"], new["after_unknown"]) == (["create"], None, {"secret": True})
    assert (coder["actions"], coder["before"]["flag"], coder["after"]["flag"]) == (["update"], False, True)
    assert coder["after"]["names"] == ["a", "b"] and coder["before"]["gone"] == "x"


@pytest.mark.battery(24)
def test_no_secret_is_in_it_and_its_fate_is():
    text = render_json(CHANGES)
    assert "old-one" not in text and "new-one" not in text
    edits = {
        e["field"]: e["after"] for c in json.loads(text)["resource_changes"] if c["name"] == "coder" for e in c["edits"]
    }
    assert edits["secret"] == "(replaced)"


@pytest.mark.parametrize(
    ("name", "applyable", "errored", "complete"),
    [
        ("nothing", False, False, True),
        ("changes and secrets", True, False, True),
        ("errors", False, True, True),
        ("restricted", True, False, False),
    ],
)
def test_whether_it_can_be_applied_is_said(name, applyable, errored, complete):
    whole = json.loads(render_json(PROPOSALS[name]))
    assert (whole["applyable"], whole["errored"], whole["complete"]) == (applyable, errored, complete)


def test_the_digest_is_the_one_that_apply_expects():
    assert json.loads(render_json(CHANGES))["digest"] == CHANGES.digest

"""`plan`: what it prints and writes, and how it ends."""

import json
import stat

import pytest
from jsonschema import Draft202012Validator

from oidc_provision.cli.render.json_schema import output_schema
from oidc_provision.plans.sealed import Sealed

from .conftest import Here


def test_changes_pending_end_in_two_only_where_that_is_asked_for(here: Here):
    here.plan()
    assert here.command("plan").code == 0
    assert here.command("plan", "--detailed-exitcode").code == 2
    here.command("apply", "--auto-approve")
    assert here.command("plan", "--detailed-exitcode").code == 0


def test_the_result_is_on_stdout_and_the_talk_on_stderr(here: Here):
    here.plan()
    ran = here.command("plan", "--out", "saved.plan")
    assert "+ `client/coder` will be created" in ran.out
    assert "saved to saved.plan" in ran.err and "saved to" not in ran.out
    assert here.command("plan", "--quiet", "--out", "saved.plan").err == ""


def test_the_json_keeps_to_its_schema_and_is_all_of_stdout(here: Here):
    here.plan()
    whole = json.loads(here.command("plan", "--format", "json").out)
    Draft202012Validator(json.loads(output_schema("plan-output"))).validate(whole)
    assert whole["resource_changes"][0]["address"] == "client/coder"


def test_several_renderings_are_written_at_once(here: Here):
    here.plan()
    ran = here.command("plan", "--output", "md=plan.md,json=plan.json,text=plan.txt")
    assert ran.code == 0, ran.err
    assert (here.folder / "plan.md").read_text().startswith("<!-- oidc-provision plan -->")
    assert json.loads((here.folder / "plan.json").read_text())["summary"]["add"] == 1
    assert "will be created" in (here.folder / "plan.txt").read_text()


@pytest.mark.parametrize("wrong", ["html=x", "json", "json=", "=x", "md=a,nonsense"])
def test_an_unknown_rendering_is_usage_before_any_request(here: Here, wrong):
    here.plan()
    ran = here.command("plan", "--output", wrong)
    assert (ran.code, here.tenant().log) == (64, [])
    assert "FORM=FILE" in ran.err


@pytest.mark.battery(60)
def test_a_rendering_that_cannot_be_written_is_a_clean_failure(here: Here):
    here.plan()
    ran = here.command("plan", "--output", "json=no/such/folder/plan.json")
    assert (ran.code, "Traceback" in ran.all) == (1, False)
    assert "no/such/folder/plan.json" in ran.err


@pytest.mark.battery(24, 56)
def test_a_saved_plan_is_for_us_alone_and_holds_no_secret(here: Here):
    here.plan()
    here.tenant().clients["coder"] = {"secret": Sealed("live-secret-0001")}
    here.command("plan", "--out", "saved.plan")
    saved = here.folder / "saved.plan"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert "live-secret-0001" not in saved.read_text()


def test_a_rotation_cannot_be_saved(here: Here):
    here.plan()
    ran = here.command("plan", "--out", "saved.plan", "--rotate-secret", "coder")
    assert (ran.code, here.tenant().log) == (64, [])


def test_an_error_finding_ends_in_four_also_with_detailed_exitcode(here: Here):
    here.plan(more="env: {CODER_OIDC_CLIENT_ID: other}")
    ran = here.command("plan", "--detailed-exitcode")
    assert ran.code == 4
    assert "[generated-setting]" in ran.out


def test_missing_rights_end_in_four_and_name_the_role(here: Here):
    here.plan()
    here.tenant().refused = "lacks the role `writer`"
    ran = here.command("plan")
    assert ran.code == 4 and "lacks the role `writer`" in ran.all and "grant it" in ran.all
    assert here.tenant().log == ["preflight"]


def test_a_target_that_does_not_answer_ends_in_one_and_the_others_are_shown(here: Here):
    here.plan(file="a.yaml")
    here.plan(tenant="zeta", file="b.yaml")
    here.tenant("zeta").unreachable = True
    ran = here.command("plan", ".", "--out", "saved.plan")
    assert ran.code == 1
    assert "client/coder" in ran.out and "tenant zeta: the tenant does not answer" in ran.all
    assert not (here.folder / "saved.plan").exists()


def test_a_restricted_plan_shows_the_named_address_alone(here: Here):
    here.plan(more="shared: {region: there}")
    ran = here.command("plan", "--target", "tenant/acme")
    assert "tenant/acme" in ran.out and "client/coder" not in ran.out
    unknown = here.command("plan", "--target", "client/typo")
    assert unknown.code == 4 and "client/coder" in unknown.err


@pytest.mark.battery(22)
def test_a_secret_too_weak_to_be_hidden_is_warned_of(here: Here):
    here.plan()
    here.tenant().clients["coder"] = {"secret": Sealed("coder")}
    ran = here.command("plan")
    assert "[weak-secret]" in ran.out and "client/coder" in ran.out
    assert "will be changed" in ran.out


def test_a_finding_names_its_line(here: Here):
    here.plan(more="env: {CODER_OIDC_CLIENT_ID: other}")
    assert "--> oidc-provision.yaml:6:" in here.command("plan").out


def test_markdown_is_what_a_bot_can_post(here: Here):
    here.plan()
    out = here.command("plan", "--format", "markdown").out
    assert out.startswith("<!-- oidc-provision plan -->\n### oidc-provision: 1 to add")


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shares_are_whole_together_and_apart_from_each_other(here: Here, count):
    for number in range(12):
        here.plan(client=f"c{number}", tenant=f"t{number % 6}", file=f"p{number:02}.yaml")
    shares = []
    for index in range(count):
        whole = json.loads(here.command("plan", ".", "--format", "json", "--shard", f"{index}/{count}").out)
        shares.append({(c["target"], c["address"]) for c in whole["resource_changes"]})
    assert len(set().union(*shares)) == 12 == sum(map(len, shares))
    targets = [{target for target, _ in share} for share in shares]
    assert sum(map(len, targets)) == 6


@pytest.mark.parametrize("shard", ["2/2", "-1/2", "1", "a/b", "0/0", "/", "²/3", "1/²", "0/" + "9" * 5000])
def test_a_share_that_is_none_is_usage(here: Here, shard):
    here.plan()
    ran = here.command("plan", "--shard", shard)
    assert ran.code == 64 and "no share" in ran.err

"""`apply`: approval, brakes, saved plans, the file of settings, and every way it can end."""

import stat

import pytest

from oidc_provision.plans.resources import Target
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.lock import lock_folder, locked

from .conftest import Here

LIVE = {"refresh": True, "lifetime": 60, "secret": Sealed("live-secret-0001")}


def test_done_is_zero_and_proved_by_a_second_look(here: Here):
    here.plan()
    ran = here.command("apply", "--auto-approve")
    assert ran.code == 0, ran.err
    assert "Applied: 1 changes, and a new look finds nothing left to change." in ran.out
    assert here.tenant().log.count("read") == 2


def test_nothing_to_do_is_zero_too(here: Here):
    here.plan()
    here.command("apply", "--auto-approve")
    ran = here.command("apply", "--auto-approve")
    assert (ran.code, "No changes." in ran.out) == (0, True)
    assert len(here.tenant().writes) == 1


def test_nobody_to_ask_is_usage_before_any_request(here: Here):
    here.plan()
    ran = here.command("apply")
    assert (ran.code, here.tenant().log) == (64, [])
    assert "--auto-approve" in ran.err


@pytest.mark.battery(54)
def test_a_part_that_failed_ends_in_three_and_names_both(here: Here):
    here.plan("a", file="a.yaml")
    here.plan("b", file="b.yaml")
    here.tenant().failing = frozenset({"b"})
    ran = here.command("apply", ".", "--auto-approve")
    assert ran.code == 3
    assert "done: `client/a`" in ran.err and "not done: `client/b`" in ran.err and "`b` was refused" in ran.err


def test_a_target_out_of_reach_beside_a_good_one_ends_in_three(here: Here):
    here.plan("a", file="a.yaml")
    here.plan("b", "zeta", file="b.yaml")
    here.tenant("zeta").unreachable = True
    ran = here.command("apply", ".", "--auto-approve")
    assert (ran.code, here.tenant().writes) == (3, ["create a"])


@pytest.mark.battery(40)
def test_what_a_server_complains_of_draws_nothing_on_the_terminal(here: Here):
    here.plan("a", file="a.yaml")
    here.plan("b", file="b.yaml")
    here.tenant().failing, here.tenant().complaint = frozenset({"b"}), "\x1b[2J\u202e\rno\n::error::x"
    ran = here.command("apply", ".", "--auto-approve")
    assert ran.code == 3 and "\\x1b[2J\\u202e\\x0dno\\x0a::error::x" in ran.err
    assert not any(character in ran.all for character in "\x1b\u202e\r")
    assert not any(line.startswith("::") for line in ran.err.splitlines())


@pytest.mark.battery(54)
def test_a_bug_of_a_provisioner_ends_in_three_and_its_traceback_is_had_for_the_asking(here: Here):
    here.plan("a", file="a.yaml")
    here.plan("b", file="b.yaml")
    here.tenant().bugs = {"apply b": ConnectionRefusedError(111, "refused")}
    ran = here.command("apply", ".", "--auto-approve", "--debug")
    assert ran.code == 3 and "done: `client/a`" in ran.err and "not done: `client/b`" in ran.err
    assert "nobody foresaw: ConnectionRefusedError: [Errno 111] refused" in ran.err
    assert "Traceback" in ran.err and "in stumble" in ran.err
    assert "Traceback" not in here.command("apply", ".", "--auto-approve").err


def test_a_bug_where_nothing_was_written_ends_in_one_and_blames_no_output(here: Here):
    here.plan()
    here.tenant().bugs = {"read": ConnectionRefusedError(111, "refused")}
    for verb in (["plan"], ["plan", "--debug"], ["apply", "--auto-approve", "--debug"]):
        ran = here.command(*verb)
        assert ran.code == 1 and "nobody foresaw: ConnectionRefusedError" in ran.err
        assert "cannot write the output" not in ran.err
        assert ("Traceback" in ran.err) is ("--debug" in verb)


def test_a_rotation_that_an_identity_provider_cannot_do_ends_in_four(here: Here):
    here.plan()
    here.tenant().fixed_secrets = True
    for verb in (["plan"], ["apply", "--auto-approve"]):
        ran = here.command(*verb, "--rotate-secret", "coder")
        assert ran.code == 4 and "cannot be replaced here" in ran.err and "make a new client" in ran.err
    assert here.tenant().writes == []


def test_nothing_written_ends_in_one(here: Here):
    here.plan()
    here.tenant().failing = frozenset({"coder"})
    ran = here.command("apply", "--auto-approve")
    assert ran.code == 1 and "`coder` was refused" in ran.err


def test_what_will_not_settle_ends_in_one_and_names_the_field(here: Here):
    here.plan()
    here.tenant().clients["coder"] = dict(LIVE)
    here.tenant().deaf = frozenset({"coder"})
    ran = here.command("apply", "--auto-approve")
    assert ran.code == 1
    assert "still finds a difference: `client/coder`: lifetime" in ran.err


def test_missing_rights_write_nothing_anywhere(here: Here):
    here.plan("a", file="a.yaml")
    here.plan("b", "zeta", file="b.yaml")
    here.tenant("zeta").refused = "lacks the role `writer`"
    ran = here.command("apply", ".", "--auto-approve", "--force", "please")
    assert (ran.code, here.tenant().writes) == (4, [])


def test_error_findings_yield_to_no_force(here: Here):
    here.plan(more="env: {CODER_OIDC_CLIENT_ID: other}")
    ran = here.command("apply", "--auto-approve", "--force", "please")
    assert (ran.code, here.tenant().writes) == (4, [])


def test_many_changes_at_once_need_a_reason_that_is_printed(here: Here):
    for number in range(10):
        here.plan(f"c{number}", file=f"p{number}.yaml")
        here.tenant().clients[f"c{number}"] = dict(LIVE)
    refused = here.command("apply", ".", "--auto-approve")
    assert refused.code == 4 and "10 of 10 existing clients (100 %)" in refused.err
    forced = here.command("apply", ".", "--auto-approve", "--force", "moving day")
    assert forced.code == 0 and "forced: moving day" in forced.err


def test_a_secret_is_replaced_only_by_name(here: Here, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIVEN", "given-secret-0001")
    here.plan(secret='{from: "env:GIVEN"}')
    here.tenant().clients["coder"] = {**LIVE, "lifetime": 3600}
    refused = here.command("apply", "--auto-approve")
    assert refused.code == 4 and "--rotate-secret coder" in refused.err
    assert here.command("apply", "--auto-approve", "--rotate-secret", "coder").code == 0
    assert here.tenant().clients["coder"]["secret"] == Sealed("given-secret-0001")


@pytest.mark.battery(19)
def test_an_unset_secret_is_a_clean_failure_that_names_it(here: Here, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GIVEN", raising=False)
    here.plan(secret='{from: "env:GIVEN"}')
    ran = here.command("plan")
    assert ran.code == 1 and "GIVEN" in ran.all and "Traceback" not in ran.all


def test_rotation_stores_first_and_says_to_restart(here: Here):
    (here.folder / "kept").write_text("live-secret-0001\n")
    (here.folder / "kept").chmod(0o600)
    here.plan(secret='{store: "file:kept"}')
    here.tenant().clients["coder"] = {**LIVE, "lifetime": 3600}
    ran = here.command("apply", "--auto-approve", "--rotate-secret", "coder")
    assert ran.code == 0, ran.err
    kept = (here.folder / "kept").read_text().strip()
    assert kept != "live-secret-0001" and here.tenant().clients["coder"]["secret"] == Sealed(kept)
    assert kept not in ran.all and "restart Coder with the settings of `coder`" in ran.err


def test_a_store_that_cannot_be_written_leaves_no_client(here: Here):
    here.plan(secret='{store: "file:/proc/no-such-folder/kept"}')
    ran = here.command("apply", "--auto-approve")
    assert (ran.code, here.tenant().clients) == (1, {})


@pytest.mark.parametrize(("digits", "code"), [(16, 0), (8, 0), (7, 4), (1, 4)])
def test_the_reviewed_digest_is_what_may_be_applied(here: Here, digits, code):
    here.plan()
    digest = here.command("plan").out.split("digest ")[1][:16]
    ran = here.command("apply", "--auto-approve", "--expect", digest[:digits])
    assert (ran.code, bool(here.tenant().writes)) == (code, code == 0)


def test_another_digest_is_refused_and_writes_nothing(here: Here):
    here.plan()
    ran = here.command("apply", "--auto-approve", "--expect", "0" * 64)
    assert (ran.code, here.tenant().writes) == (4, [])
    assert "expected was 000" in ran.err


@pytest.mark.battery(18)
def test_a_saved_plan_needs_no_approval_and_applied_twice_writes_once(here: Here):
    here.plan()
    here.command("plan", "--out", "saved.plan")
    first, second = here.command("apply", "saved.plan"), here.command("apply", "saved.plan")
    assert (first.code, second.code) == (0, 0)
    assert "already applied" in second.out and len(here.tenant().writes) == 1


@pytest.mark.battery(17)
def test_a_saved_plan_after_a_hand_edit_names_object_and_field(here: Here):
    here.plan()
    here.tenant().clients["coder"] = dict(LIVE)
    here.command("plan", "--out", "saved.plan")
    here.tenant().clients["coder"]["lifetime"] = 77
    ran = here.command("apply", "saved.plan")
    assert (ran.code, here.tenant().writes) == (4, [])
    assert "`client/coder` field `lifetime` was 60, is 77" in ran.err


@pytest.mark.battery(17)
@pytest.mark.parametrize(("made", "unmade"), [(True, False), (False, True)])
def test_a_saved_plan_notices_what_came_and_went(here: Here, made, unmade):
    here.plan()
    if unmade:
        here.tenant().clients["coder"] = dict(LIVE)
    here.command("plan", "--out", "saved.plan")
    here.tenant().clients = {"coder": dict(LIVE)} if made else {}
    ran = here.command("apply", "saved.plan")
    assert (ran.code, here.tenant().writes) == (4, [])
    assert ("exists now" if made else "does not exist any more") in ran.err


@pytest.mark.battery(16)
@pytest.mark.parametrize("name", ["saved.plan", "saved", "saved.json"])
def test_a_broken_saved_plan_asks_nobody_anything(here: Here, name):
    here.plan()
    here.command("plan", "--out", name)
    whole = (here.folder / name).read_bytes()
    (here.folder / name).write_bytes(whole[: len(whole) // 2])
    here.tenant().log.clear()
    ran = here.command("apply", name)
    assert (ran.code, here.tenant().log) == (4, []) and "truncated" in ran.err


@pytest.mark.battery(49)
def test_a_second_apply_on_the_same_target_is_refused(here: Here):
    here.plan()
    with locked([Target("tenant", "acme")], lock_folder()):
        ran = here.command("apply", "--auto-approve")
    assert (ran.code, here.tenant().log) == (4, []) and "another apply is at work" in ran.err


def test_the_file_of_settings_is_merged_and_private(here: Here):
    here.plan()
    settings = here.folder / "coder.env"
    settings.write_text("# mine\nOTHER=1\n")
    ran = here.command("apply", "--auto-approve", "--env-file", settings)
    assert ran.code == 0, ran.err
    text = settings.read_text()
    assert text.startswith("# mine\nOTHER=1\n") and "CODER_OIDC_CLIENT_ID=coder" in text
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert "CODER_OIDC_CLIENT_SECRET=" in text and text.split("SECRET=")[1].split()[0] not in ran.all


def test_one_file_of_settings_takes_one_deployment(here: Here):
    here.plan("a", file="a.yaml")
    here.plan("b", file="b.yaml")
    ran = here.command("apply", ".", "--auto-approve", "--env-file", "coder.env")
    assert (ran.code, here.tenant().log) == (64, [])


def test_people_are_told_what_is_left_for_them(here: Here):
    here.plan()
    ran = here.command("apply", "--auto-approve")
    assert "users of `coder` must sign in again" in ran.err
    assert "restart Coder with the settings of `coder`" in ran.err


@pytest.mark.battery(44)
def test_steps_for_a_human_alone_end_in_zero(here: Here):
    here.plan()
    here.tenant().manual = frozenset({"coder"})
    ran = here.command("apply", "--auto-approve")
    assert (ran.code, here.tenant().writes) == (0, [])
    assert "! left for you: `client/coder`: open the console" in ran.err
    assert ran.out.splitlines()[-1] == "Nothing to send, but 1 step is left for a human."
    assert here.command("plan", "--detailed-exitcode").code == 0


def test_steps_for_a_human_beside_others_are_counted_at_the_end(here: Here):
    for name in "abc":
        here.plan(name, file=f"{name}.yaml")
    here.tenant().manual = frozenset("ab")
    ran = here.command("apply", ".", "--auto-approve")
    assert (ran.code, here.tenant().writes) == (0, ["create c"])
    assert "a new look finds nothing left to change, but 2 steps are left for a human." in ran.out


def test_a_step_that_a_human_did_meanwhile_is_not_told(here: Here):
    for name in "ab":
        here.plan(name, file=f"{name}.yaml")
    here.tenant().manual = frozenset("a")
    done = {"lifetime": 3600, "refresh": True, "secret": Sealed("typed-by-hand-01")}
    here.tenant().before_write = lambda _name: here.tenant().clients.update(a=done)
    ran = here.command("apply", ".", "--auto-approve")
    assert ran.code == 0 and "left for you" not in ran.err and "left for a human" not in ran.out.splitlines()[-1]


def test_a_saved_plan_shows_a_step_for_a_human_as_such(here: Here):
    here.plan()
    here.tenant().manual = frozenset({"coder"})
    here.command("plan", "--out", "saved.plan")
    shown = here.command("show", "saved.plan")
    assert "  ! client/coder needs a human\n      open the console\n" in shown.out
    assert "+ client/coder" not in shown.out


def test_the_settings_come_with_a_note_where_a_human_has_something_to_do(here: Here):
    here.plan()
    here.tenant().clients["coder"] = {"refresh": True, "lifetime": 60}
    here.tenant().manual = frozenset({"coder"})
    ran = here.command("env")
    assert ran.code == 0 and "note: 1 step is left for a human; `oidc-provision plan`" in ran.err
    # the tenant knows no secret, so none was left out
    assert "left out" not in ran.all


def test_a_restricted_apply_changes_the_named_address_alone(here: Here):
    here.plan(more="shared: {region: there}")
    ran = here.command("apply", "--auto-approve", "--target", "tenant/acme")
    assert (ran.code, here.tenant().writes) == (0, ["set acme"]), ran.err


def test_a_restricted_rotation_takes_the_store_along_and_says_so(here: Here):
    here.plan(secret='{store: "file:kept"}')
    here.command("apply", "--auto-approve")
    ran = here.command("apply", "--auto-approve", "--rotate-secret", "coder", "--target", "client/coder")
    assert ran.code == 0 and "`store/coder` came along" in ran.out, ran.err
    assert (here.folder / "kept").read_text().strip() == here.tenant().clients["coder"]["secret"].reveal()


def test_the_settings_leave_the_secret_out_until_asked(here: Here):
    here.plan()
    here.command("apply", "--auto-approve")
    secret = here.tenant().clients["coder"]["secret"].reveal()
    hidden, shown = here.command("env"), here.command("env", "--show-secrets")
    assert secret not in hidden.all and "left out" in hidden.err
    assert f"CODER_OIDC_CLIENT_SECRET={secret}" in shown.out.splitlines()
    assert here.command("env", "--output", "coder.env").code == 0
    assert secret in (here.folder / "coder.env").read_text()


def test_settings_of_a_client_that_is_not_there_are_a_clean_failure(here: Here):
    here.plan()
    ran = here.command("env")
    assert ran.code == 1 and "client `coder` does not exist" in ran.err

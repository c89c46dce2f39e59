"""The order of steps, the same for every identity provider: shown on a stranger's, written against the protocol alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.provisioners.engines import said, world
from tests.stranger import MemoryVault, StrangerProvisioner, Tenant, deployment

from oidc_provision.plans.diff import Change
from oidc_provision.plans.errors import Failed, Refused, RemoteFailure, SecretFailure
from oidc_provision.plans.load import Deployment
from oidc_provision.plans.resources import Address, Live
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.base import Provisioner
from oidc_provision.provisioners.engine import by_target

STORE = '{store: "file:kept"}'
REGION = "shared: {region: there}"


def test_deployments_are_grouped_by_target_in_the_order_of_the_targets():
    plans = [deployment("a", "zeta"), deployment("b", "acme"), deployment("c", "zeta")]
    groups = {target.name: [d.client_id for d in group] for target, group in by_target(plans).items()}
    assert list(groups.items()) == [("acme", ["b"]), ("zeta", ["a", "c"])]


def test_a_target_is_read_once_however_many_plans_it_has():
    here = world(acme=Tenant(), zeta=Tenant())
    here.look(*(deployment(name, tenant) for tenant in ("acme", "zeta") for name in ("a", "b", "c")))
    assert [tenant.log for tenant in here.tenants.values()] == [["preflight", "read"]] * 2
    assert sorted(here.opened) == ["acme", "zeta"]


@pytest.mark.battery(45)
def test_a_missing_right_ends_the_look_before_anything_is_read():
    here = world(acme=Tenant(refused="lacks the role `writer`"))
    (view,) = here.look(deployment()).views
    assert isinstance(view.error, Refused)
    assert (view.error.message, view.error.fix, view.error.where) == (
        "lacks the role `writer` [stranger-missing-right]",
        "grant it",
        "acme",
    )
    assert here.tenants["acme"].log == ["preflight"]


@pytest.mark.battery(54)
def test_a_target_that_fails_stands_beside_a_good_one():
    here = world(acme=Tenant(unreachable=True), zeta=Tenant())
    bad, good = here.look(deployment("a", "acme"), deployment("b", "zeta")).views
    assert isinstance(bad.error, RemoteFailure) and not bad.changes
    assert good.error is None and len(good.changes) == 1


@pytest.mark.battery(54)
@pytest.mark.parametrize("where", ["read", "desired", "arrange", "check"])
def test_a_bug_of_a_provisioner_is_its_targets_failure_alone(where):
    here = world(acme=Tenant(bugs={where: ZeroDivisionError("by zero")}), zeta=Tenant())
    bad, good = here.look(deployment("a", "acme"), deployment("b", "zeta")).views
    assert isinstance(bad.error, Failed) and not bad.changes
    assert bad.error.message == "the look ended in what nobody foresaw: ZeroDivisionError: by zero"
    assert isinstance(bad.error.__cause__, ZeroDivisionError)
    assert good.error is None and len(good.changes) == 1


def test_a_rotation_that_is_not_possible_is_refused_for_its_target_alone():
    here = world(acme=Tenant(fixed_secrets=True), zeta=Tenant())
    found = here.look(deployment("a", "acme"), deployment("b", "zeta"), rotate=["a"])
    bad, good = found.views
    assert isinstance(bad.error, Refused) and found.refused
    assert good.error is None and len(good.changes) == 1


class InCircles(StrangerProvisioner):
    def arrange(self, changes: tuple[Change, ...], live: Live) -> tuple[Change, ...]:
        return tuple(replace(change, depends_on=frozenset({change.key})) for change in changes)


def test_changes_in_a_circle_are_found_before_anything_is_written_anywhere():
    here = world(acme=Tenant(), zeta=Tenant())
    open_well = here.open

    async def open_badly(deployed: Deployment) -> Provisioner:
        return InCircles("acme", Tenant()) if deployed.target.name == "acme" else await open_well(deployed)

    here.open = open_badly  # type: ignore[method-assign]  # the world's way in
    report = here.apply(deployment("a", "acme"), deployment("b", "zeta"))
    assert said(report) == {"client/b": "done"}


@pytest.mark.parametrize(("bug", "told"), [(OSError("gone"), Failed), (Refused("no"), Refused)])
def test_a_bug_in_the_vendors_evidence_is_told_and_blames_no_output(bug, told):
    here = world(acme=Tenant(bugs={"confirm": bug}))

    async def whole() -> None:
        engine, plan = here.engine(), deployment()
        (view,) = (await engine.look([plan], writing=False)).views
        await engine.confirm(plan, view.live)

    with pytest.raises(told) as raised:
        asyncio.run(whole())
    assert raised.value is bug or raised.value.__cause__ is bug


@pytest.mark.battery(54)
def test_a_bug_in_one_change_leaves_the_report_of_the_others():
    here = world(acme=Tenant(bugs={"apply b": ZeroDivisionError("by zero")}))
    report = here.apply(*(deployment(name) for name in "abc"))
    assert said(report) == {"client/a": "done", "client/b": "failed", "client/c": "done"}


@pytest.mark.battery(45)
def test_a_bug_in_the_trial_of_rights_is_told_and_nothing_is_written():
    here = world(acme=Tenant(bugs={"confirm_rights": ConnectionRefusedError("refused")}))
    report = here.apply(deployment())
    assert [error.message for error in report.errors] == [
        "the trial of rights ended in what nobody foresaw: ConnectionRefusedError: refused"
    ]
    assert here.tenants["acme"].writes == []


def test_a_look_that_is_cancelled_is_no_failure():
    with pytest.raises(asyncio.CancelledError):
        world(acme=Tenant(bugs={"read": asyncio.CancelledError()})).look(deployment())


def test_looking_writes_nothing():
    here = world()
    here.look(deployment(secret=STORE), writing=True)
    assert here.tenants["acme"].writes == [] and here.vault.kept == {} and here.drawn == 0


def test_two_plans_of_a_target_may_state_the_same_shared_setting():
    here = world()
    (view,) = here.look(deployment("a", more=REGION), deployment("b", more=REGION)).views
    assert [change.key for change in view.changes] == ["client/a", "client/b", "tenant/acme"]


def test_a_fact_about_the_target_is_found_once():
    here = world(acme=Tenant(region="nowhere"))
    found = here.look(deployment("a"), deployment("b")).findings
    assert [finding.code for finding in found] == ["stranger-odd"]


def test_what_is_read_is_kept_out_of_every_output():
    here = world(acme=Tenant(clients={"coder": {"secret": Sealed("live-one")}}))
    here.vault.kept["file:kept"] = "kept-one"
    here.look(deployment(secret=STORE))
    assert {value.reveal() for value in here.vault.guarded} == {"live-one", "kept-one"}


GIVEN = '{from: "env:DOWNLOADED"}'


def test_a_target_without_an_api_is_read_from_what_a_person_has_downloaded():
    here = world(acme=Tenant(by_hand=True))
    here.vault.kept["env:DOWNLOADED"] = "downloaded-one"
    (view,) = here.look(deployment(secret=GIVEN)).views
    assert view.live[Address("client", "coder")]["secret"] == Sealed("downloaded-one")
    assert [edit.field for change in view.changes for edit in change.edits] == ["lifetime"]


def test_a_reference_that_gives_nothing_is_the_targets_error_also_where_it_is_read():
    here = world(acme=Tenant(by_hand=True), zeta=Tenant())
    bad, good = here.look(deployment("a", secret=GIVEN), deployment("b", "zeta")).views
    assert isinstance(bad.error, SecretFailure) and good.error is None


class SlowVault(MemoryVault):
    """Gives a secret only once the tenant has been read, as a command that takes long."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__({"env:DOWNLOADED": "downloaded-one"})
        self._tenant = tenant

    async def resolve(self, reference: object, near: str) -> Sealed:
        for _ in range(100):
            if "read" in self._tenant.log:
                return await super().resolve(reference, near)
            await asyncio.sleep(0)
        raise SecretFailure("the tenant was not read meanwhile")


def test_references_are_resolved_beside_the_reading_where_that_needs_none():
    here = world()
    here.vault = SlowVault(here.tenants["acme"])
    (view,) = here.look(deployment(secret=GIVEN)).views
    assert view.error is None


def test_an_unknown_client_to_rotate_is_refused_with_those_there_are():
    with pytest.raises(Refused, match="no plan has a client `typo`") as refused:
        world().look(deployment(), rotate=["typo"])
    assert "coder" in refused.value.fix


def test_apply_makes_every_change_and_the_next_look_finds_none():
    here = world()
    report = here.apply(deployment("a", more=REGION), deployment("b"))
    assert said(report) == {"client/a": "done", "client/b": "done", "tenant/acme": "done"}
    assert here.tenants["acme"].writes[0] == "set acme"
    assert (report.unsettled, report.errors, report.interrupted) == ((), (), False)
    assert [len(view.changes) for view in here.look(deployment("a"), deployment("b")).views] == [0]


@pytest.mark.battery(45)
def test_rights_that_only_a_write_shows_are_tried_before_the_first_write():
    here = world()
    here.apply(deployment())
    log = here.tenants["acme"].log
    assert log.index("confirm") < log.index("create coder")


def test_nothing_to_change_asks_for_no_rights_and_no_second_look():
    here = world()
    here.apply(deployment())
    here.tenants["acme"].log.clear()
    assert here.apply(deployment()).results == ()
    assert here.tenants["acme"].log == ["preflight", "read"]


@pytest.mark.battery(54)
def test_a_failed_change_does_not_keep_the_others_back():
    here = world(acme=Tenant(failing=frozenset({"b"})))
    report = here.apply(*(deployment(name) for name in "abc"))
    assert said(report) == {"client/a": "done", "client/b": "failed", "client/c": "done"}
    assert [result.error.message for result in report.results if result.error] == ["`b` was refused"]
    assert report.unsettled == ()


@pytest.mark.battery(54)
def test_what_depends_on_a_failed_change_is_skipped_and_says_on_what():
    here = world(acme=Tenant(failing=frozenset({"acme"})))
    report = here.apply(deployment("a", more=REGION), deployment("b"))
    assert said(report) == {"client/a": "skipped", "client/b": "skipped", "tenant/acme": "failed"}
    assert {result.why for result in report.results if result.status == "skipped"} == {"depends on `tenant/acme`"}


def test_what_will_not_settle_is_found_by_the_second_look():
    here = world(acme=Tenant(deaf=frozenset({"coder"})))
    report = here.apply(deployment())
    assert [str(change.address) for _, change in report.unsettled] == ["client/coder"]


def test_a_generated_secret_is_stored_before_its_client_exists():
    here = world()
    seen: list[dict[str, str]] = []
    here.tenants["acme"].before_write = lambda _name: seen.append(dict(here.vault.kept))
    here.apply(deployment(secret=STORE))
    assert seen == [{"file:kept": "drawn-secret-0001"}]
    assert here.tenants["acme"].clients["coder"]["secret"] == Sealed("drawn-secret-0001")
    assert here.drawn == 1


def test_a_store_that_fails_leaves_no_client_behind():
    here = world()
    here.vault.refuse = True
    report = here.apply(deployment(secret=STORE))
    assert said(report) == {"client/coder": "skipped", "store/coder": "failed"}
    assert here.tenants["acme"].clients == {}


def test_a_secret_that_is_shown_once_is_kept_before_the_change_counts_as_done():
    here = world(acme=Tenant(shows_once="shown-once-canary-01"))
    report = here.apply(deployment(secret=STORE))
    assert here.vault.kept == {"file:kept": "shown-once-canary-01"}
    assert [result.steps for result in report.done] == [("written", "stored")]
    assert Sealed("shown-once-canary-01") in here.vault.guarded
    assert (here.drawn, report.unsettled) == (0, ())


def test_a_secret_that_is_shown_once_and_cannot_be_kept_is_said_and_not_shown():
    here = world(acme=Tenant(shows_once="shown-once-canary-01"))
    here.vault.refuse = True
    report = here.apply(deployment(secret=STORE))
    (failed,) = report.results
    assert failed.error is not None and "could not be kept: the store is full" in failed.error.message
    assert "nobody knows" in failed.error.fix and "canary" not in repr(report) + str(failed.error)


def test_a_client_that_fails_after_its_store_takes_the_stored_secret_next_time():
    here = world(acme=Tenant(failing=frozenset({"coder"})))
    here.apply(deployment(secret=STORE))
    here.tenants["acme"].failing = frozenset()
    here.apply(deployment(secret=STORE))
    assert here.tenants["acme"].clients["coder"]["secret"] == Sealed("drawn-secret-0001")
    assert here.vault.kept == {"file:kept": "drawn-secret-0001"}


def test_rotation_replaces_store_and_client_once():
    here = world(acme=Tenant(clients={"coder": {"refresh": True, "lifetime": 3600, "secret": Sealed("old-one")}}))
    here.vault.kept["file:kept"] = "old-one"
    report = here.apply(deployment(secret=STORE), rotate=["coder"])
    assert said(report) == {"client/coder": "done", "store/coder": "done"}
    assert here.vault.kept["file:kept"] == "drawn-secret-0001"
    assert here.tenants["acme"].clients["coder"]["secret"] == Sealed("drawn-secret-0001")
    assert report.unsettled == ()


def test_a_rotation_restricted_to_the_client_is_kept_in_its_store_all_the_same():
    here = world(acme=Tenant(clients={"coder": {"refresh": True, "lifetime": 3600, "secret": Sealed("old-one")}}))
    here.vault.kept["file:kept"] = "old-one"
    report = here.apply(deployment(secret=STORE), rotate=["coder"], only=["client/coder"])
    assert said(report) == {"client/coder": "done", "store/coder": "done"}
    assert here.vault.kept["file:kept"] == here.tenants["acme"].clients["coder"]["secret"].reveal()


def test_a_drawn_secret_is_guarded_before_it_is_sent():
    here = world()
    guarded: list[bool] = []
    drawn = Sealed("drawn-secret-0001")
    here.tenants["acme"].before_write = lambda _name: guarded.append(drawn in here.vault.guarded)
    here.apply(deployment())
    assert guarded == [True]


def test_two_clients_never_share_a_drawn_secret():
    here = world()
    here.apply(deployment("a"), deployment("b"))
    one, two = (here.tenants["acme"].clients[name]["secret"] for name in "ab")
    assert one != two


@pytest.mark.battery(53)
def test_a_stop_lets_nothing_more_start():
    async def stop_now(stop: asyncio.Event) -> None:
        stop.set()

    here = world()
    report = here.apply(deployment(), between=stop_now)
    assert (said(report), report.interrupted, report.after) == ({"client/coder": "skipped"}, True, None)
    assert here.tenants["acme"].writes == []


@pytest.mark.battery(53)
def test_a_stop_during_a_change_lets_that_one_finish():
    here = world()
    stops: list[asyncio.Event] = []

    async def remember(stop: asyncio.Event) -> None:
        stops.append(stop)

    here.tenants["acme"].before_write = lambda _name: stops[0].set()
    report = here.apply(deployment("a"), deployment("b"), between=remember, parallelism=1)
    assert sorted(said(report).values()) == ["done", "skipped"]
    assert len(here.tenants["acme"].writes) == 1


def test_no_more_changes_are_under_way_than_allowed():
    here = world()
    here.apply(*(deployment(f"c{number}") for number in range(20)), parallelism=3)
    assert here.tenants["acme"].most_under_way == 3


@pytest.mark.battery(44)
def test_steps_for_a_human_are_never_sent():
    here = world(acme=Tenant(manual=frozenset({"coder"})))
    report = here.apply(deployment())
    assert (report.results, here.tenants["acme"].writes) == ((), [])


def test_every_change_that_ended_is_heard_of():
    here = world(acme=Tenant(failing=frozenset({"b"})))
    report = here.apply(deployment("a"), deployment("b"))
    assert sorted(r.change.key for r in here.heard) == sorted(r.change.key for r in report.results)


def test_a_lost_refresh_is_recognised():
    here = world(acme=Tenant(clients={"coder": {"refresh": True}}))
    engine = here.engine()
    (view,) = asyncio.run(engine.look([deployment()], writing=False)).views
    lost = Change(Address("client", "coder"), view.changes.changes[0].action, (), {"refresh": False})
    assert not engine.is_offline_loss(view, view.changes.changes[0])
    assert engine.offline_access(view.target, lost) == (False, False)

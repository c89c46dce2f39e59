"""A fault in the middle of a change: it ends well, nothing is done twice that must not be, and no more is asked than needed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.faults import asking
from tests.faults.proxy import ComesLate, Exchange, Fault, Proxy, answer_lost, answers, cut_before, done_but_answers
from tests.faults.works import CLAIM, DEFAULT_ROLES, MOVE, REALM, ROTATION, STORE, UPDATE, Work, without_mapper
from tests.live.conftest import Realm
from tests.live.running import applied, edit, here, planned

FAULTS: dict[str, tuple[Work, str, Fault, dict[str, int]]] = {
    "update, answer lost": (UPDATE, asking.CHANGE, answer_lost, {asking.CHANGE: 1}),
    "update, 503": (UPDATE, asking.CHANGE, answers(503), {asking.CHANGE: 1}),
    "update, 429": (UPDATE, asking.CHANGE, answers(429, Retry_After="1"), {asking.CHANGE: 1}),
    "update, cut": (UPDATE, asking.CHANGE, cut_before, {asking.CHANGE: 1}),
    "update, 401": (UPDATE, asking.CHANGE, answers(401), {asking.CHANGE: 1, asking.TOKEN: 1}),
    "detach, answer lost": (MOVE, asking.DETACH, answer_lost, {asking.DETACH: 1}),
    "detach, 503": (MOVE, asking.DETACH, answers(503), {asking.DETACH: 1}),
    "detach, cut": (MOVE, asking.DETACH, cut_before, {asking.DETACH: 1}),
    "attach, answer lost": (MOVE, asking.ATTACH, answer_lost, {asking.ATTACH: 1}),
    "attach, 503": (MOVE, asking.ATTACH, answers(503), {asking.ATTACH: 1}),
    "attach, cut": (MOVE, asking.ATTACH, cut_before, {asking.ATTACH: 1}),
    "attach, 401": (MOVE, asking.ATTACH, answers(401), {asking.ATTACH: 1, asking.TOKEN: 1}),
    "read back, 503": (MOVE, asking.ATTACHED, answers(503), {asking.ATTACHED: 1}),
    "mapper, answer lost": (CLAIM, asking.MAPPER, answer_lost, {asking.MAPPERS: 1}),
    "mapper, done but 502": (CLAIM, asking.MAPPER, done_but_answers(502), {asking.MAPPERS: 1}),
    "mapper, 503": (CLAIM, asking.MAPPER, answers(503), {asking.MAPPERS: 1, asking.MAPPER: 1}),
    "mapper, 429": (CLAIM, asking.MAPPER, answers(429), {asking.MAPPER: 1}),
    "default roles, answer lost": (DEFAULT_ROLES, asking.ADD_ROLES, answer_lost, {asking.ROLES: 1}),
    "default roles, 503": (DEFAULT_ROLES, asking.ADD_ROLES, answers(503), {asking.ROLES: 1, asking.ADD_ROLES: 1}),
    "default roles, cut": (DEFAULT_ROLES, asking.ADD_ROLES, cut_before, {asking.ROLES: 1, asking.ADD_ROLES: 1}),
    "realm, answer lost": (REALM, asking.CHANGE_REALM, answer_lost, {asking.CHANGE_REALM: 1}),
    "realm, 503": (REALM, asking.CHANGE_REALM, answers(503), {asking.CHANGE_REALM: 1}),
    "rotation, answer lost": (ROTATION, asking.CHANGE, answer_lost, {asking.CHANGE: 1}),
    "rotation, 503": (ROTATION, asking.CHANGE, answers(503), {asking.CHANGE: 1}),
    "rotation, 401": (ROTATION, asking.CHANGE, answers(401), {asking.CHANGE: 1, asking.TOKEN: 1}),
}


def asked_by(proxy: Proxy, work: Work, realm: Realm) -> Counter[str]:
    """Make it necessary, apply; whatever is done to the requests, it must end well. Return what was asked."""
    work.drift(realm)
    proxy.asked.clear()
    applied(*work.flags)
    asked = asking.kinds(proxy)
    assert proxy.unused == []
    return asked


def ready(realm: Realm, plan: Path, *works: Work) -> None:
    """Bring the client to where these works, and no others, have something to do."""
    without_mapper(realm)
    edit(plan, **{key: value for work in works for key, value in work.wish.items()})
    applied()


@pytest.mark.battery(28, 35, 36, 46)
@pytest.mark.parametrize("case", FAULTS)
def test_change_ends_well_with_no_more_requests_than_needed(
    common_realm: Realm, proxy: Proxy, proxied_plan: Path, undisturbed: dict[str, Counter[str]], case: str
):
    work, request, fault, necessary = FAULTS[case]
    ready(common_realm, proxied_plan, work)
    name = str(work)
    undisturbed[name] = undisturbed.get(name) or asked_by(proxy, work, common_realm)
    before = common_realm.client("coder")["secret"]
    proxy.on(request, fault)
    asked = asked_by(proxy, work, common_realm)
    assert (asked - undisturbed[name], undisturbed[name] - asked) == (Counter(necessary), Counter())
    live = common_realm.client("coder")
    assert STORE.read_text(encoding="utf-8") == f"CODER_OIDC_CLIENT_SECRET={live['secret']}\n"
    assert (live["secret"] != before) == (work is ROTATION)
    assert Counter(mapper["name"] for mapper in live.get("protocolMappers", ()))["groups"] == (work is CLAIM)
    assert planned().code == 0


@pytest.mark.battery(35)
@pytest.mark.parametrize(("request_kind", "code"), [(asking.CHANGE, 3), (asking.MAPPER, 3), (asking.ADD_ROLES, 1)])
def test_server_that_never_takes_a_write_is_told_and_the_next_run_ends_well(
    common_realm: Realm, proxy: Proxy, proxied_plan: Path, request_kind: str, code: int
):
    works = (UPDATE, CLAIM, DEFAULT_ROLES)
    ready(common_realm, proxied_plan, *works)
    for work in works:
        work.drift(common_realm)
    proxy.on(request_kind, *([answers(503)] * 20))
    ran = here("apply", "--auto-approve")
    assert (ran.code, "answered 503 (not available)" in ran.err) == (code, True), ran.all
    proxy.forget()
    applied()
    assert planned().code == 0


@pytest.mark.battery(36)
def test_mapper_that_arrives_late_is_ours_and_no_conflict(common_realm: Realm, proxy: Proxy, proxied_plan: Path):
    ready(common_realm, proxied_plan, CLAIM)
    without_mapper(common_realm)
    late = ComesLate()
    proxy.on(asking.MAPPER, late.first, late.second)
    applied()
    assert (proxy.unused, planned().code) == ([], 0)
    names = Counter(mapper["name"] for mapper in common_realm.client("coder")["protocolMappers"])
    assert names["groups"] == 1


@pytest.mark.battery(50)
def test_what_somebody_adds_between_look_and_write_stays(common_realm: Realm, proxy: Proxy, proxied_plan: Path):
    ready(common_realm, proxied_plan, UPDATE)
    common_realm.change_client("coder", redirectUris=["https://first.example.com/x"], standardFlowEnabled=False)
    by_hand = ["https://first.example.com/x", "https://second.example.com/y"]

    def edited_by_hand(exchange: Exchange) -> None:
        answer = exchange.forward()
        common_realm.change_client("coder", redirectUris=by_hand, description="by hand", attributes={"foreign": "1"})
        exchange.answer(*answer)

    proxy.on(asking.LIST, edited_by_hand)
    applied()
    client = common_realm.client("coder")
    assert set(client["redirectUris"]) == {*by_hand, "https://coder.example.com/api/v2/users/oidc/callback"}
    kept = (client["description"], client["attributes"]["foreign"], client["standardFlowEnabled"])
    assert (kept, proxy.unused) == (("by hand", "1", True), [])

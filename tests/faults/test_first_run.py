"""One fault in the first run of three plans: it ends well, with one client each and no more requests than the fault makes necessary."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.asking import CREATE, LIST, REALM, TOKEN, kinds
from tests.faults.proxy import (
    ComesLate,
    Exchange,
    Fault,
    Proxy,
    answer_lost,
    answers,
    cut_before,
    cut_in_body,
    cut_in_headers,
    done_but_answers,
    passed,
)
from tests.live.conftest import Realm
from tests.live.running import edit, here, planned

NAMES = ("coder-a", "coder-b", "coder-c")


def clients_of(realm: Realm) -> Counter[str]:
    listed = realm.request("GET", f"{realm.admin}/clients").json()
    return Counter(client["clientId"] for client in listed if client["clientId"].startswith("coder"))


def stored(name: str) -> str:
    return Path(f"secrets/{name}.env").read_text(encoding="utf-8")


@pytest.fixture
def three_plans(common_realm: Realm, proxied_plan: Path) -> Path:
    """Plans of three clients that do not exist."""
    for name in NAMES:
        store = {"store": f"file:../secrets/{name}.env#CODER_OIDC_CLIENT_SECRET"}
        edit(proxied_plan, to=Path("plans") / f"{name}.yaml", client__id=name, client__secret=store)
    delete_clients(common_realm)
    return Path("plans")


def delete_clients(realm: Realm) -> None:
    for name in clients_of(realm):
        realm.delete_client(name)


def applied_with(proxy: Proxy, realm: Realm, folder: Path) -> Counter[str]:
    """Apply; whatever was done to the requests, all must be well. Return what was asked."""
    ran = here("apply", "--auto-approve", folder)
    assert (ran.code, proxy.unused) == (0, []), ran.all
    asked = kinds(proxy)
    proxy.forget()
    assert clients_of(realm) == Counter(NAMES), asked
    assert all(f"SECRET={realm.client(name)['secret']}\n" in stored(name) for name in NAMES)
    assert planned(folder).code == 0
    proxy.forget()
    return asked


ONE_MORE_LIST = {LIST: 1}
FAULTS: dict[str, tuple[str, Fault, dict[str, int]]] = {
    "POST answered 429": (CREATE, answers(429, Retry_After="1"), {CREATE: 1}),
    "POST answered 503": (CREATE, answers(503), {CREATE: 1, **ONE_MORE_LIST}),
    "POST answered 503 with a time": (CREATE, answers(503, Retry_After="1"), {CREATE: 1, **ONE_MORE_LIST}),
    "POST cut before the server": (CREATE, cut_before, {CREATE: 1, **ONE_MORE_LIST}),
    "POST done, answer lost": (CREATE, answer_lost, ONE_MORE_LIST),
    "POST done, answered 502": (CREATE, done_but_answers(502), ONE_MORE_LIST),
    "POST done, answer cut in its headers": (CREATE, cut_in_headers, ONE_MORE_LIST),
    "GET cut in its headers": (LIST, cut_in_headers, ONE_MORE_LIST),
    "GET cut in its body": (LIST, cut_in_body, ONE_MORE_LIST),
    "GET answered 500": (LIST, answers(500), ONE_MORE_LIST),
    "POST answered 500": (CREATE, answers(500), {CREATE: 1, **ONE_MORE_LIST}),
    "GET answered 429": (LIST, answers(429, Retry_After="1"), ONE_MORE_LIST),
    "GET answered 503": (LIST, answers(503), ONE_MORE_LIST),
    "GET cut": (LIST, cut_before, ONE_MORE_LIST),
    "token endpoint 503": (TOKEN, answers(503), {TOKEN: 1}),
    "token's answer lost": (TOKEN, answer_lost, {TOKEN: 1}),
    "401 to a read": (REALM, answers(401), {REALM: 1, TOKEN: 1}),
    "401 to a write": (CREATE, answers(401), {CREATE: 1, TOKEN: 1}),
}


@pytest.mark.battery(28, 34, 35, 36)
@pytest.mark.parametrize("case", FAULTS)
def test_first_run_ends_well_with_no_more_requests_than_needed(
    common_realm: Realm, proxy: Proxy, three_plans: Path, undisturbed: dict[str, Counter[str]], case: str
):
    if not undisturbed:
        undisturbed["first run"] = applied_with(proxy, common_realm, three_plans)
        delete_clients(common_realm)
        shutil.rmtree("secrets")
    request, fault, necessary = FAULTS[case]
    proxy.on(request, fault)
    asked, usual = applied_with(proxy, common_realm, three_plans), undisturbed["first run"]
    assert (asked - usual, usual - asked) == (Counter(necessary), Counter())


NOT_WITH_THE_OTHERS = frozenset(
    {
        "POST cut before the server",
        "POST answered 500",
        "GET cut in its headers",
        "GET cut in its body",
        "GET answered 500",
        "401 to a write",
    }
)


@pytest.mark.battery(35)
def test_many_faults_in_one_run_end_well_too(common_realm: Realm, proxy: Proxy, three_plans: Path):
    for case, (request, fault, _) in FAULTS.items():
        if case not in NOT_WITH_THE_OTHERS:
            proxy.on(request, fault)
    applied_with(proxy, common_realm, three_plans)


@pytest.mark.battery(34)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("request_kind", [TOKEN, LIST, CREATE])
def test_server_that_asks_to_wait_for_a_day_is_not_waited_for(
    common_realm: Realm, proxy: Proxy, three_plans: Path, request_kind: str, status: int
):
    proxy.on(request_kind, *([answers(status, Retry_After="86400")] * 3))
    ran = here("apply", "--auto-approve", three_plans)
    assert "the server asks to wait 86400 s, this run has 120 s of waiting left" in ran.err
    # the stores are written before the clients are asked for
    assert (ran.code, kinds(proxy)[CREATE]) == ((3, 3) if request_kind == CREATE else (1, 0))
    assert clients_of(common_realm) == Counter()
    proxy.forget()
    applied_with(proxy, common_realm, three_plans)


@pytest.mark.battery(34)
@pytest.mark.parametrize("age", ["-5", "0", "nonsense", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_odd_times_to_wait_are_short_ones(common_realm: Realm, proxy: Proxy, three_plans: Path, age: str):
    proxy.on(CREATE, *([answers(429, Retry_After=age)] * 3), *([answers(503, Retry_After=age)] * 3))
    applied_with(proxy, common_realm, three_plans)


@pytest.mark.battery(36)
def test_create_that_arrives_late_is_ours_and_no_conflict(common_realm: Realm, proxy: Proxy, three_plans: Path):
    late = ComesLate()
    (three_plans / "coder-b.yaml").unlink()
    (three_plans / "coder-c.yaml").unlink()
    proxy.on(CREATE, late.first, late.second)
    ran = here("apply", "--auto-approve", three_plans)
    assert (ran.code, proxy.unused, clients_of(common_realm)) == (0, [], Counter(["coder-a"])), ran.all


@pytest.mark.battery(41)
def test_client_made_by_somebody_else_meanwhile_is_left_alone(common_realm: Realm, proxy: Proxy, three_plans: Path):
    def made_by_hand(exchange: Exchange) -> None:
        common_realm.make_client("coder-a", description="by hand")
        passed(exchange)

    proxy.on(CREATE, made_by_hand)
    ran = here("apply", "--auto-approve", "--parallelism", "1", three_plans)
    assert (ran.code, "was created by somebody else meanwhile" in ran.err) == (3, True), ran.all
    assert common_realm.client("coder-a")["description"] == "by hand"

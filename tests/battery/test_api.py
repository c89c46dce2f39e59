"""Servers that are busy, broken, slow to tell, page badly, complain or normalise: the whole command, by way of a proxy that does it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from tests.battery.clean import CANARY, assert_failed, assert_no_accident
from tests.cli.conftest import Here
from tests.faults import asking
from tests.faults.hostile import changed, says
from tests.faults.proxy import Exchange, Fault, Proxy, answer_lost, answers, cut_before
from tests.live import running
from tests.live.conftest import Realm
from tests.live.running import edit

from oidc_provision.provisioners.keycloak.admin import PAGE

APPLY = ("apply", "--auto-approve")
FOR_GOOD = 20
"""More often than anything is asked for."""


def named(realm: Realm, name: str = "coder") -> int:
    """How many clients of that name there are."""
    listed = realm.request("GET", f"{realm.admin}/clients").json()
    return [client["clientId"] for client in listed].count(name)


def at(seconds: int) -> str:
    """A server's clock, years behind ours."""
    return formatdate(86400 + seconds, usegmt=True)


AGES: dict[str, dict[str, str]] = {
    "seconds": {"Retry_After": "1"},
    "a date": {"Date": at(0), "Retry_After": at(1)},
    "nothing": {},
    "less than nothing": {"Retry_After": "-86400"},
    "a date gone by": {"Retry_After": at(0)},
    "no time at all": {"Retry_After": "soon"},
}
SIGN_IN = "POST /protocol/openid-connect/token$"
BUSY = {"sign-in": SIGN_IN, "look": asking.LIST, "realm": asking.REALM, "create": asking.CREATE}


@pytest.mark.battery(34)
@pytest.mark.parametrize("age", AGES)
def test_server_that_is_too_busy_is_asked_again(proxy: Proxy, emulated: Realm, age: str):
    for request in (asking.LIST, asking.CREATE):
        proxy.on(request, answers(429, **AGES[age]))
    running.settles()
    assert (proxy.unused, named(emulated)) == ([], 1)


@pytest.mark.battery(34)
@pytest.mark.parametrize(
    "age", [{"Retry_After": "86400"}, {"Date": at(0), "Retry_After": at(86400)}], ids=["s", "date"]
)
@pytest.mark.parametrize("kind", BUSY)
def test_day_that_a_server_asks_for_is_not_waited(proxy: Proxy, emulated: Realm, kind: str, age: dict[str, str]):
    proxy.on(BUSY[kind], answers(429, **age))
    ran = running.here(*APPLY)
    assert_no_accident(ran)
    # the store is written before the client is asked for
    assert (ran.code, named(emulated)) == (3 if kind == "create" else 1, 0), ran.all
    assert "the server asks to wait 86400 s, this run has 120 s of waiting left" in ran.err


@pytest.mark.battery(35)
@pytest.mark.parametrize(("status", "times"), [(500, 1), (502, 1), (503, 1), (504, 1), (500, 3), (503, 3)])
def test_server_that_breaks_down_for_a_while_is_asked_again(proxy: Proxy, emulated: Realm, status: int, times: int):
    # a read that ends in 500 is seldom better: it is asked for twice again and no more
    reads = min(times, 2) if status == 500 else times
    proxy.on(asking.LIST, *([answers(status)] * reads))
    proxy.on(asking.CREATE, *([answers(status)] * times))
    running.settles()
    asked = asking.kinds(proxy)
    assert (proxy.unused, named(emulated), asked[asking.CREATE]) == ([], 1, times + 1)


@pytest.mark.battery(35)
@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("kind", ["look", "create"])
def test_server_that_never_recovers_is_told_and_asked_no_more_than_planned(
    proxy: Proxy, emulated: Realm, kind: str, status: int
):
    proxy.on(BUSY[kind], *([answers(status)] * FOR_GOOD))
    ran = running.here(*APPLY)
    assert_no_accident(ran)
    assert (ran.code, f"answered {status}" in ran.err, named(emulated)) == (3 if kind == "create" else 1, True, 0)
    assert asking.kinds(proxy)[BUSY[kind]] <= 4
    proxy.forget()
    running.settles()


@pytest.mark.battery(35, 36)
@pytest.mark.parametrize("fault", [answer_lost, cut_before], ids=["answer lost", "request lost"])
def test_create_is_looked_up_before_it_is_sent_again(proxy: Proxy, emulated: Realm, fault: Fault):
    proxy.on(asking.CREATE, fault)
    running.settles()
    creates = [number for number, each in enumerate(proxy.asked) if each == f"POST /keycloak{emulated.admin}/clients"]
    # what stands between two of them, and behind the last, is the lookup
    assert all(proxy.asked[number + 1].startswith("GET ") for number in creates)
    assert (proxy.unused, named(emulated), len(creates)) == ([], 1, 2 if fault is cut_before else 1)


@pytest.mark.battery(37)
def test_what_is_not_ours_survives_a_whole_put(plan: Path, emulated: Realm):
    edit(plan, client__groups_claim="groups")
    running.settles()
    mapper = {"introspection.token.claim": "false", "from.somebody": "x", "full.path": "true"}
    emulated.change_mapper("coder", "groups", mapper)
    emulated.change_client(
        "coder", attributes={"foreign": "1"}, description="by hand", redirectUris=["https://a.example/b"]
    )
    running.settles()
    client, after = emulated.client("coder"), emulated.mapper("coder", "groups")["config"]
    assert (client["attributes"]["foreign"], client["description"]) == ("1", "by hand")
    assert "https://a.example/b" in client["redirectUris"]
    assert {**after, **mapper, "full.path": "false"} == after


def three(plan: Path) -> Path:
    """Plans of three clients: so many are looked for page by page."""
    for number in range(3):
        edit(plan, to=Path("plans") / f"{number}.yaml", client__id=f"coder-{number}", client__secret=...)
    return Path("plans")


def crowded(realm: Realm) -> None:
    """So many before and behind those of the plans that the first of them is the first that only the second page has."""
    before = len([name for name in names(realm) if name < "coder"])
    for name in [*(f"a-{i:03}" for i in range(PAGE - before)), *(f"z-{i:03}" for i in range(60))]:
        realm.make_client(name)


def names(realm: Realm) -> list[str]:
    return [client["clientId"] for client in realm.request("GET", f"{realm.admin}/clients").json()]


def paging(change: Callable[[Exchange], None]) -> Fault:
    def fault(exchange: Exchange) -> None:
        change(exchange)
        exchange.answer(*exchange.forward())

    return fault


def again(exchange: Exchange) -> None:
    """Whatever page is asked for, it is the first."""
    exchange.path = exchange.path.replace("first=5", "first=0&was=5").replace("first=1", "first=0&was=1")


@pytest.mark.battery(38)
def test_server_that_repeats_a_page_is_noticed(proxy: Proxy, plan: Path, emulated: Realm):
    crowded(emulated)
    proxy.on(asking.LIST, *([paging(lambda _: None)] + [paging(again)] * FOR_GOOD))
    ran = running.here(*APPLY, three(plan))
    assert_failed(ran, 1, "the list of clients changed while it was read, or the server repeats", "run it again")
    assert asking.kinds(proxy)[asking.CREATE] == 0


@pytest.mark.battery(38)
@pytest.mark.parametrize("count", [1, 2])
def test_clients_that_vanish_between_two_pages_hide_none(proxy: Proxy, plan: Path, emulated: Realm, count: int):
    crowded(emulated)
    running.applied(three(plan))
    proxy.forget()

    def vanish(_exchange: Exchange) -> None:
        for name in names(emulated)[:count]:
            emulated.delete_client(name)

    # the first request tells how many there are, the second is the first page
    proxy.on(asking.LIST, *([paging(lambda _: None)] * 2), paging(vanish))
    ran = running.planned(Path("plans"))
    assert_no_accident(ran)
    # hidden by the shift, a client that is there would be made again
    assert ("will be created" in ran.out, ran.code, proxy.unused) == (False, 1, []), ran.all
    assert "the list of clients changed while it was read" in ran.err
    proxy.forget()
    assert running.planned(Path("plans")).code == 0


@pytest.mark.battery(38)
def test_client_that_comes_between_two_pages_makes_none_twice(proxy: Proxy, plan: Path, emulated: Realm):
    crowded(emulated)
    running.applied(three(plan))
    proxy.forget()
    proxy.on(asking.LIST, *([paging(lambda _: None)] * 2), paging(lambda _: emulated.make_client("a-000-new")))
    ran = running.planned(Path("plans"))
    assert (ran.code, ran.err, proxy.unused) == (0, "", [])


NASTY = (
    f"`````\n\x1b[2J\x1b]8;;http://evil\x07 {CANARY}\n::error::gone\n# heading | <script>alert(1)</script> `x`\u202e"
)


@pytest.mark.battery(40)
@pytest.mark.parametrize("key", ["errorMessage", "error_description", "error"])
def test_complaint_of_a_server_is_redacted_and_draws_nothing(proxy: Proxy, emulated: Realm, key: str):
    proxy.on(asking.CREATE, *([says({"error": "x", key: NASTY}, 400)] * 5))
    ran = running.here(*APPLY, "-vv")
    assert_no_accident(ran)
    assert (ran.code, "was answered 400" in ran.err, "(redacted)" in ran.err) == (3, True, True), ran.all
    assert [mark for mark in "\x1b\x07\u202e" if mark in ran.all] == []
    assert [line for line in ran.all.splitlines() if line.startswith(("::", "#"))] == []


@pytest.mark.battery(40)
@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_complaint_of_a_server_is_escaped_in_each_rendering(proxy: Proxy, form: str):
    proxy.on(asking.LIST, *([says({"error": "x", "errorMessage": NASTY}, 400)] * 5))
    ran = running.here("plan", "--format", form)
    assert_no_accident(ran)
    assert (ran.code, [mark for mark in "\x1b\x07\u202e" if mark in ran.all]) == (1, [])
    if form == "json":
        assert "(redacted)" in json.dumps(json.loads(ran.out))
    assert [line for line in ran.all.splitlines() if line.startswith(("::", "# heading"))] == []
    if form == "markdown":
        assert "<script>" not in re.sub("(?s)````diff\n.*?\n````\n", "", ran.out)


@pytest.mark.battery(41)
@pytest.mark.parametrize("status", [409, 412, 423])
@pytest.mark.parametrize("kind", [asking.CREATE, asking.CHANGE])
def test_write_that_is_refused_is_not_forced_and_the_next_run_looks_again(
    proxy: Proxy, emulated: Realm, kind: str, status: int
):
    if kind == asking.CHANGE:
        running.settles()
        emulated.change_client("coder", standardFlowEnabled=False)
    proxy.forget()
    proxy.on(kind, *([answers(status)] * FOR_GOOD))
    ran = running.here(*APPLY)
    assert_no_accident(ran)
    assert (ran.code, asking.kinds(proxy)[kind]) == (3 if kind == asking.CREATE else 1, 1), ran.all
    proxy.forget()
    running.settles()
    assert (named(emulated), emulated.client("coder")["standardFlowEnabled"]) == (1, True)


def shuffled(clients: Any) -> Any:
    """The same, as another server would write it: other order, numbers as text, what is empty left out or null."""
    return [
        {name: _otherwise(value) for name, value in reversed(client.items()) if value not in ("", [], {})}
        | {"name": None}
        for client in clients
    ]


def _otherwise(value: Any) -> Any:
    if isinstance(value, list):
        return [_otherwise(each) for each in reversed(value)]
    if isinstance(value, dict):
        return {name: _otherwise(each) for name, each in reversed(value.items())} | {"empty": ""}
    return value


@pytest.mark.battery(42)
def test_server_that_normalises_leaves_nothing_to_change(proxy: Proxy, plan: Path):
    lifetimes = {
        "refresh_tokens": {"idle_timeout": "336h", "max_lifetime": "2w"},
        "access_tokens": {"lifetime": "1800s"},
    }
    edit(plan, client__groups_claim="groups", client__scopes=["email", "openid", "profile"], **lifetimes)
    running.settles()
    proxy.on(asking.LIST, *([changed(shuffled)] * FOR_GOOD))
    ran = running.planned()
    assert (ran.code, "No changes" in ran.out) == (0, True), ran.all


@pytest.mark.battery(44)
def test_step_without_an_api_is_left_to_a_human_and_changes_no_exit_code(here: Here):
    here.plan("by-hand", file="a.yaml")
    here.plan("by-us", file="b.yaml")
    here.tenant().manual = frozenset({"by-hand"})
    shown, ran = here.command("plan", "."), here.command("apply", ".", "--auto-approve")
    assert "  ! `client/by-hand`" in shown.out
    assert (ran.code, here.tenant().writes, "open the console" in ran.all) == (0, ["create by-us"], True), ran.all
    assert Counter(here.command("plan", ".").out)["!"] >= 1

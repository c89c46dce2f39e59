"""Row 62: clocks that are wrong, jump, or have a second too many. Waits and deadlines keep to the steady clock."""

from __future__ import annotations

import ast
import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.battery.clean import assert_no_accident
from tests.command import ROOT
from tests.live.conftest import realms, write_plan
from tests.live.running import edit, emitted
from tests.live.running import here as run
from tests.servers import FakeClock, answer, in_turn, serving

from oidc_provision.plans.errors import ProvisionError
from oidc_provision.provisioners.retry import WaitBudget, parse_http_date, parse_retry_after
from oidc_provision.provisioners.sandbox.serving import Sandbox
from oidc_provision.provisioners.traffic import Traffic
from oidc_provision.provisioners.transport import Limits, TransportSettings, open_client

OK = answer(200, {"ok": True})
NOW = datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC)
"""Ten seconds before the clocks of Europe go back."""
WRONG = {
    "1970": datetime(1970, 1, 1, tzinfo=UTC),
    "after 2038": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    "after 2106": datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
    "far away": datetime(9000, 1, 1, tzinfo=UTC),
}


class Jumping(FakeClock):
    """A clock whose time of day is another one each time it is asked; the steady one is as it should be."""

    def now(self) -> datetime:
        return WRONG[["1970", "after 2038", "far away"][len(self.slept) % 3]]


def ask(clock: FakeClock, *answers: bytes, limits: Limits | None = None) -> tuple[object, int]:
    """Return the status, or the error's words, and how many requests were sent."""
    limits = limits or Limits(attempts=3)
    chosen = TransportSettings(limits=limits, clock=clock, random=lambda: 0.5, proxies={}, traffic=Traffic())

    async def asked() -> tuple[object, int]:
        async with serving(in_turn(*answers)) as server, open_client(chosen) as client:
            try:
                return (await client.get(server.url)).status_code, len(server.seen)
            except ProvisionError as error:
                return error.message, len(server.seen)

    return asyncio.run(asked())


def date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.battery(62)
@pytest.mark.parametrize("ours", WRONG)
@pytest.mark.parametrize("theirs", ["1970", "after 2038", "after 2106"])
def test_a_date_to_wait_for_is_meant_by_the_servers_clock_whatever_ours_says(ours: str, theirs: str):
    clock, told = FakeClock(WRONG[ours]), WRONG[theirs] + timedelta(seconds=1)
    busy = answer(503, Date=date(told), Retry_After=date(told + timedelta(seconds=7)))
    assert ask(clock, busy, OK) == (200, 2)
    assert 7 <= clock.monotonic() < 8


@pytest.mark.battery(62)
@pytest.mark.parametrize("ours", WRONG)
def test_a_date_from_a_server_that_tells_no_time_waits_no_longer_than_the_budget(ours: str):
    clock = FakeClock(WRONG[ours])
    ask(clock, answer(503, Retry_After=date(NOW)), OK)
    assert clock.monotonic() <= Limits().waiting


@pytest.mark.battery(62)
def test_a_clock_that_jumps_changes_no_wait_and_no_deadline():
    clock = Jumping()
    assert ask(clock, answer(503, Retry_After="7"), answer(429, Retry_After="5"), OK) == (200, 3)
    assert 12 <= clock.monotonic() < 13.5
    words, sent = ask(Jumping(), answer(503, Retry_After="7"), OK, limits=Limits(attempts=3, run=6.0))
    assert (sent, "6 s of waiting left" in str(words)) == (1, True)


LEAPS = [
    "Sat, 31 Dec 2016 23:59:60 GMT",
    "Saturday, 31-Dec-16 23:59:60 GMT",
    "Sat Dec 31 23:59:60 2016",
    "Sun, 01 Jan 2017 00:59:60 +0100",
]


@pytest.mark.battery(62)
@pytest.mark.parametrize("leap", LEAPS)
def test_a_leap_second_is_the_first_one_of_the_next_minute(leap: str):
    new_year = datetime(2017, 1, 1, tzinfo=UTC)
    expected = (new_year + timedelta(hours=1) if "00:59:60" in leap else new_year) - timedelta(hours="+0100" in leap)
    assert parse_http_date(leap) == expected.timestamp()
    clock = FakeClock(new_year)
    assert ask(clock, answer(503, Date=date(new_year - timedelta(seconds=4)), Retry_After=leap), OK) == (200, 2)
    assert 4 <= clock.monotonic() < 5


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "<x>-14"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Another zone for this process, daylight saving and all."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.battery(62)
@pytest.mark.parametrize("hours", range(-2, 4))
def test_no_zone_and_no_daylight_saving_moves_a_date(zone: str, hours: int):
    moment = NOW + timedelta(hours=hours)
    assert parse_http_date(date(moment)) == moment.timestamp()
    assert parse_retry_after(date(moment + timedelta(seconds=20)), moment.timestamp()) == 20


# hypothesis wants its bounds without a zone
MOMENTS = st.datetimes(
    WRONG["1970"].replace(tzinfo=None), datetime(9999, 12, 31, tzinfo=UTC).replace(tzinfo=None), timezones=st.just(UTC)
)


@pytest.mark.battery(62)
@given(MOMENTS, MOMENTS)
def test_any_date_is_as_far_away_as_it_is(asked: datetime, now: datetime):
    asked, now = asked.replace(microsecond=0), now.replace(microsecond=0)
    assert parse_retry_after(date(asked), now.timestamp()) == max(0.0, (asked - now).total_seconds())


@pytest.mark.battery(62)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=20), st.floats(0, 500))
def test_a_budget_is_never_overdrawn_by_waits_that_it_allowed(waits: list[tuple[float, float]], seconds: float):
    budget, now, waited_until = WaitBudget(seconds), 0.0, 0.0
    spent = 0.0
    for pause, wish in waits:
        now += pause
        wait = min(wish, max(budget.left(now), 0.0))
        budget.spend(now, wait)
        spent += max(0.0, now + wait - max(now, waited_until))
        waited_until = max(waited_until, now + wait)
    assert spent <= seconds + 1e-6


def wall_clocks(file: Path) -> list[str]:
    """The places of a module that read the time of day."""
    names = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    names |= {"time.localtime", "time.gmtime", "time.ctime", "time.strftime", "time.mktime"}
    calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Attribute)]
    return [f"{file.relative_to(ROOT)}:{node.lineno}" for node in calls if ast.unparse(node) in names]


@pytest.mark.battery(62)
def test_the_time_of_day_is_read_in_one_place():
    modules = [file for folder in ("cli", "plans", "provisioners") for file in (ROOT / folder).rglob("*.py")]
    read = [place for file in modules for place in wall_clocks(file)]
    assert [place.split(":")[0] for place in read] == ["provisioners/clock.py"]


@pytest.mark.battery(62)
@pytest.mark.parametrize("ahead", [15 * 365 * 86400, 90 * 365 * 86400], ids=["after 2038", "after 2106"])
def test_a_server_of_another_age_is_managed_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: float):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", "admin")
    with Sandbox(["keycloak"]) as sandbox, realms(sandbox.at("keycloak"), "admin") as make:
        sandbox.clock.advance(ahead)
        edit(write_plan(tmp_path, make()), refresh_tokens=..., access_tokens=...)
        applied, planned = run("apply", "--auto-approve"), run("plan", "--detailed-exitcode")
        assert_no_accident(applied)
        assert (applied.code, planned.code) == (0, 0), applied.all
        assert emitted()["CODER_OIDC_CLIENT_ID"] == "coder"

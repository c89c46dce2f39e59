"""Killed before and after every request and every file operation: the next plan reports the orphan, the next apply converges.

The matrix is whole in this process, where whoever is killed neither sends nor stores anything more; `test_sigkill` ends real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest
from tests.entra.faults import Sending
from tests.entra.lab import Lab, lab
from tests.entra.runs import Run, planned, run, settled
from tests.laws.worlds.entra import ADOPTED, BY_HAND, FULL_PLAN, LIVE_SECRET, OURS, OURS_SECRET, STORE, THEIRS
from tests.laws.worlds.keycloak import merged
from tests.stranger import MemoryStore, MemoryVault

from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.entra import codes
from oidc_provision.provisioners.entra.credentials import MARK
from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS, GRANTS, PRINCIPALS

FEWEST = 15
"""Any of these applies sends more requests than that."""


class Killed(BaseException):
    """Nothing catches it, as nothing catches a SIGKILL."""


@dataclass
class Fate:
    """Ends a run at a step, before or after it; whatever is still under way then does nothing more.

    The step is number `last`, or the first that `at` ends the name of.
    """

    last: int
    after: bool
    at: str = "-"
    steps: list[str] = field(default_factory=list)
    is_over: bool = False

    def begin(self, name: str) -> None:
        self._end(self.is_over)
        self.steps.append(name)
        self._end(not self.after and len(self.steps) == self.last)

    def end(self, number: int) -> None:
        is_meant = number == self.last or self.steps[number - 1].endswith(self.at)
        self._end(self.is_over or (self.after and is_meant))

    def _end(self, now: bool) -> None:
        if now:
            self.is_over = True
            raise Killed


class MortalVault(MemoryVault):
    """Stores whose reads and writes are steps too."""

    def __init__(self, kept: dict[str, str], log: list[str], fate: Fate) -> None:
        super().__init__(kept, log=log)
        self.fate = fate

    def store(self, reference: object, near: str) -> MortalStore:
        return MortalStore(self, str(reference))


class MortalStore(MemoryStore):
    vault: MortalVault

    async def read(self) -> Sealed | None:
        self.vault.fate.begin("read the store")
        return await super().read()

    async def write(self, value: Sealed) -> None:
        fate = self.vault.fate
        fate.begin("write the store")
        number = len(fate.steps)
        await super().write(value)
        fate.end(number)


def mortal(where: Lab, fate: Fate) -> None:
    """Let everything that a run does at this tenant and store be a step towards its end."""

    async def step(sending: Sending) -> httpx.Response:
        fate.begin(f"{sending.request.method} {sending.request.url.path}")
        number = len(fate.steps)
        answer = await sending.arrive()
        assert_few_secrets(where)
        fate.end(number)
        return answer

    where.always = step
    where.vault = MortalVault(where.vault.kept, where.writes, fate)


def immortal(where: Lab) -> None:
    where.forget()
    where.always = watched(where)
    where.vault = MemoryVault(where.vault.kept, log=where.writes)


def watched(where: Lab) -> Any:
    async def step(sending: Sending) -> httpx.Response:
        answer = await sending.arrive()
        assert_few_secrets(where)
        return answer

    return step


def alive(where: Lab) -> list[str]:
    """The texts of our secrets that are good."""
    ours, now = where.ours(), where.now
    listed = [] if ours is None else ours["passwordCredentials"]
    named = [each for each in listed if each["displayName"].startswith(MARK) and each["endDateTime"] > now]
    return [where.directory.secrets[each["keyId"]] for each in named]


def assert_few_secrets(where: Lab) -> None:
    """One beyond the one in service. Where the store is empty the first may be in service: stores get lost, too."""
    ours, stored = alive(where), where.vault.kept.get(STORE)
    in_service = stored if where.ours() and stored in where.texts else next(iter(ours), None)
    beyond = [text for text in ours if text != in_service]
    assert len(beyond) <= 1, f"{len(beyond)} secrets of ours beyond the one in service"


@dataclass(frozen=True)
class Work:
    """`start` is the tenant before it, `rotate` whether the secret is asked to be replaced."""

    start: Callable[[], Lab]
    rotate: tuple[str, ...] = ()


OURS_LIVE = {"application": {}, "secrets": [OURS], "consent": "openid profile email offline_access"}
THEIRS_LIVE = {"application": THEIRS, "secrets": [BY_HAND], "consent": "User.Read"}
WORKS = {
    "first apply": Work(lambda: lab(FULL_PLAN)),
    "first apply at a tenant that lags": Work(lambda: lab({}, {"switches": {"lag": 20.0, "staleness": 15.0}})),
    "rotation": Work(lambda: lab({}, OURS_LIVE, {STORE: OURS_SECRET}), ("coder",)),
    "adoption": Work(lambda: lab(ADOPTED, THEIRS_LIVE)),
    "adoption with its secret": Work(lambda: lab(merged(FULL_PLAN, ADOPTED), THEIRS_LIVE, {STORE: LIVE_SECRET})),
}


def killed(where: Lab, work: Work, fate: Fate) -> bool:
    """Run until the end, its own or the one that is meant for it; tell whether it was killed."""
    mortal(where, fate)
    try:
        run(where, writing=True, rotate=work.rotate)
    except* Killed:
        # alone or in a group of tasks; what else may be in there goes on
        pass
    return fate.is_over


def unknown(where: Lab) -> list[str]:
    """Secrets of ours that are good and stand in no store, but for the one that was in service before."""
    known = {*where.vault.kept.values(), OURS_SECRET}
    return [text for text in alive(where) if text not in known]


def assert_converges(where: Lab, message: str) -> None:
    """The next plan reports an orphan where there is one, a plain apply leaves nothing to do and nothing twice."""
    immortal(where)
    # nobody comes back within seconds, and a copy that lags behind the write could not tell of an orphan
    where.wait(60.0)
    left, stored = unknown(where), where.vault.kept.get(STORE)
    seen = planned(where)
    assert where.writes == []
    assert (codes.ORPHAN.code in seen.codes) is bool(left), f"{message}: {left} {seen.words}"
    immortal(where)
    settled(where)
    assert where.vault.kept[STORE] == (stored or where.vault.kept[STORE]), message
    assert_whole(where, message)


def assert_whole(where: Lab, message: str) -> None:
    ours = where.application
    assert where.vault.kept[STORE] in where.texts, message
    assert_few_secrets(where)
    named = [each for each in where.directory.all(APPLICATIONS).values() if each["uniqueName"] == "coder"]
    principals = [each for each in where.directory.all(PRINCIPALS).values() if each["appId"] == ours["appId"]]
    grants = [each for each in where.directory.all(GRANTS).values() if each["clientId"] == principals[0]["id"]]
    assert (len(named) <= 1, len(principals), len(grants)) == (True, 1, 1), message
    policies = [where.directory.all(each) for each in ("conditionalAccessPolicies", "tokenLifetimePolicies")]
    assert [len(each) <= 1 for each in policies] == [True, True], message


@pytest.mark.battery(52)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", WORKS)
def test_killed_at_every_step_the_next_run_converges(name: str, after: bool):
    work, steps = WORKS[name], list[str]()
    for number in count(1):
        where, fate = work.start(), Fate(number, after)
        where.validates = number == 1
        was_killed = killed(where, work, fate)
        assert_converges(where, f"{name}, {'after' if after else 'before'} step {number}, {fate.steps[-1]}")
        if not was_killed:
            steps = fate.steps
            break
    assert len(steps) >= FEWEST and any(each.endswith("/addPassword") for each in steps) is adds(name)


def adds(name: str) -> bool:
    """Whether a work makes a secret: who adopts an application with its secret keeps that."""
    return name != "adoption with its secret"


@pytest.mark.battery(52)
def test_orphan_is_reported_where_the_answer_of_the_new_secret_was_never_read():
    work = WORKS["rotation"]
    where = work.start()
    assert killed(where, work, Fate(0, after=True, at="/addPassword"))
    immortal(where)
    seen: Run = planned(where)
    assert codes.ORPHAN.code in seen.codes and len(alive(where)) == 2
    settled(where)
    assert (alive(where), where.vault.kept[STORE]) == ([OURS_SECRET], OURS_SECRET)


@pytest.mark.battery(52)
@pytest.mark.parametrize("name", [each for each in WORKS if adds(each)])
def test_killed_after_every_new_secret_there_are_never_three(name: str):
    work = WORKS[name]
    where = work.start()
    for _ in range(4):
        assert killed(where, work, Fate(0, after=True, at="/addPassword"))
        where.wait(60.0)
        assert_few_secrets(where)
    assert_converges(where, name)


@pytest.mark.battery(52)
@pytest.mark.parametrize("name", WORKS)
def test_killed_again_and_again_it_still_converges(name: str):
    work = WORKS[name]
    where = work.start()
    for number in range(3, 3 + FEWEST):
        killed(where, work, Fate(number, after=bool(number % 2)))
        assert_few_secrets(where)
        where.wait(60.0)
    immortal(where)
    settled(where)
    assert_whole(where, name)

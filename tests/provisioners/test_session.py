"""One run put together: references resolved once, secrets guarded, everything closed at the end."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from tests import stranger
from tests.servers import FakeClock

from oidc_provision.plans.errors import RemoteFailure, SecretFailure
from oidc_provision.plans.redaction import Redactor
from oidc_provision.plans.references import parse_reference
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners import registry
from oidc_provision.provisioners.session import References, SessionSettings, drawn_secret, open_session

CANARY = "k4n4ry-secret-value"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> dict[str, stranger.Tenant]:
    """A stranger's kind, and its tenants."""
    real = registry.load
    monkeypatch.setattr(registry, "load", lambda kind: stranger if kind == "stranger" else real(kind))
    monkeypatch.setattr(stranger, "TENANTS", {"acme": stranger.Tenant(), "zeta": stranger.Tenant()})
    return stranger.TENANTS


def settings(redactor: Redactor | None = None, **more: object) -> SessionSettings:
    return SessionSettings({"SECRET": CANARY}, redactor or Redactor(), clock=FakeClock(), **more)  # type: ignore[arg-type]


def test_a_run_looks_and_applies_through_a_strangers_kind(here, tmp_path: Path):
    plans = [stranger.deployment("a", "acme"), stranger.deployment("b", "zeta")]

    async def whole():
        async with open_session(settings(draw=lambda: "drawn-secret-0001")) as session:
            proposal = await session.engine.look(plans, writing=True)
            return await session.engine.apply(proposal, stop=asyncio.Event())

    report = asyncio.run(whole())
    assert len(report.done) == 2 and report.unsettled == ()
    assert here["acme"].clients["a"]["secret"] == Sealed("drawn-secret-0001")


def run_both(clock: FakeClock, *, writing: bool = False, **more: object) -> Counter[str]:
    """Look at two tenants, apply where `writing`, and return what was counted."""

    async def whole() -> Counter[str]:
        async with open_session(replace(settings(**more), clock=clock)) as session:
            plans = [stranger.deployment("a", "acme"), stranger.deployment("b", "zeta")]
            proposal = await session.engine.look(plans, writing=writing)
            assert not [view.error for view in proposal.failed]
            if writing:
                await session.engine.apply(proposal, stop=asyncio.Event())
            return Counter(session.traffic.counts)

    return asyncio.run(whole())


def test_what_is_asked_without_http_is_counted_too(here):
    assert run_both(FakeClock(), writing=True) == {"READ tenant": 4, "WRITE client": 2}


def test_what_a_provisioner_opened_is_closed_at_the_end_of_the_run(here):
    run_both(FakeClock())
    assert [tenant.closed for tenant in here.values()] == [1, 1]


def test_one_that_fails_to_close_is_told_and_keeps_nothing_else_open(here):
    here["zeta"].bugs = {"close": OSError("the disk is full")}
    said: list[str] = []
    run_both(FakeClock(), complain=said.append)
    assert len(said) == 1 and "closing ended in what nobody foresaw: OSError: the disk is full" in said[0]
    assert [tenant.closed for tenant in here.values()] == [1, 1]


def test_what_ended_the_work_is_told_and_not_what_closing_adds(here):
    here["acme"].bugs = {"close": OSError("the disk is full")}

    async def whole():
        async with open_session(settings()) as session:
            await session.engine.look([stranger.deployment("a", "acme")], writing=False)
            raise RemoteFailure("the first cause")

    with pytest.raises(RemoteFailure, match="the first cause"):
        asyncio.run(whole())
    assert here["acme"].closed == 1


def test_the_deadline_of_the_run_is_known_without_http(here):
    clock = FakeClock()
    here["acme"].before_write = lambda _name: clock.slept.append(11)

    async def whole():
        async with open_session(replace(settings(deadline=10), clock=clock)) as session:
            proposal = await session.engine.look([stranger.deployment("a", "acme")], writing=True)
            return await session.engine.apply(proposal, stop=asyncio.Event())

    report = asyncio.run(whole())
    assert len(report.done) == 1
    assert [error.message for error in report.errors] == ["the run's deadline is over"]


def test_a_reference_asked_twice_is_resolved_once(tmp_path: Path):
    kept = tmp_path / "kept"
    kept.write_text(CANARY)
    kept.chmod(0o600)
    references = References({}, Redactor())

    async def twice():
        first = await references.resolve(parse_reference("file:kept"), str(tmp_path / "plan.yaml"))
        kept.write_text("something-else")
        return first, await references.resolve(parse_reference("file:kept"), str(tmp_path / "plan.yaml"))

    assert asyncio.run(twice()) == (Sealed(CANARY), Sealed(CANARY))


def test_the_same_words_near_another_plan_are_another_file(tmp_path: Path):
    references = References({}, Redactor())
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept").write_text(CANARY + name)
        (tmp_path / name / "kept").chmod(0o600)

    async def both():
        return [
            await references.resolve(parse_reference("file:kept"), str(tmp_path / name / "plan.yaml")) for name in "ab"
        ]

    assert asyncio.run(both()) == [Sealed(CANARY + "a"), Sealed(CANARY + "b")]


def test_what_was_resolved_is_redacted_from_then_on():
    redactor = Redactor()
    asyncio.run(References({"SECRET": CANARY}, redactor).resolve(parse_reference("env:SECRET"), "plan.yaml"))
    assert CANARY not in redactor.clean(f"it is {CANARY}")


def test_a_secret_too_weak_to_hide_is_remembered_by_name_alone():
    references = References({"SECRET": "coder"}, Redactor())
    asyncio.run(references.resolve(parse_reference("env:SECRET"), "plan.yaml"))
    assert list(references.weak) == ["env:SECRET"] and "coder" not in str(references.weak.values())


def test_a_reference_to_nothing_names_the_reference():
    with pytest.raises(SecretFailure, match="MISSING"):
        asyncio.run(References({}, Redactor()).resolve(parse_reference("env:MISSING"), "plan.yaml"))


def test_drawn_secrets_are_long_new_and_safe_in_every_sink():
    drawn = {drawn_secret() for _ in range(50)}
    assert len(drawn) == 50
    assert all(len(each) == 64 and each.replace("-", "").replace("_", "").isalnum() for each in drawn)

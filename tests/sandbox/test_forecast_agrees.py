"""The forecast against the sandbox: Coder's ways played with a real provider whose clock is moved end at the second that the forecast names."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

import httpx
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from tests.sandbox.serving import ANNA, APP, BASE, draw
from tests.servers import FakeClock

from oidc_provision.plans.forecasting import PROLONGED, Reason, Rules, SignOut, bounds, signed_out
from oidc_provision.plans.lifetimes import LifetimeRules
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.plain import PlainEmulation, PlainState
from oidc_provision.provisioners.sandbox.refreshing import RefreshRules, Rotation
from oidc_provision.provisioners.sandbox.signing import Signer

WHO = {"client_id": APP.client_id, "client_secret": APP.secret}
SIGN_IN = {"grant_type": "password", "username": "anna", "password": "pw", "scope": "openid offline_access"}
HOUR, DAY = 3600, 86_400
REASONS = {"unused for too long": Reason.IDLE, "its time is over": Reason.MAXIMUM}


@lru_cache(maxsize=1)
def signer() -> Signer:
    """One key for all examples: making one takes longer than playing one through."""
    return Signer()


@dataclass
class Coder:
    """One person at Coder, as the facts describe it: the session key first, a refresh only when the access token has ended."""

    http: httpx.AsyncClient
    clock: MovableClock
    session: int
    refresh_token: str = ""
    access_ends: int = 0
    prolonged: int = 0

    def now(self) -> int:
        return round(self.clock.ahead)

    async def token(self, **form: str) -> dict[str, object]:
        answer: dict[str, object] = (await self.http.post("/token", data={**WHO, **form})).json()
        if "access_token" in answer:
            self.access_ends = self.now() + int(str(answer["expires_in"]))
            # an answer without a refresh token leaves the old one in place, as Coder's library does
            self.refresh_token = str(answer.get("refresh_token", self.refresh_token))
        return answer

    async def request(self) -> Reason | None:
        """Make a request; return why it was turned away."""
        if self.now() >= self.prolonged + self.session:
            return Reason.SESSION
        if self.now() >= self.access_ends:
            if not self.refresh_token:
                return Reason.NO_REFRESH
            answer = await self.token(grant_type="refresh_token", refresh_token=self.refresh_token)
            if "access_token" not in answer:
                words = str(answer["error_description"]).rpartition(": ")[2]
                return REASONS[words]
        if self.now() >= self.prolonged + PROLONGED:
            self.prolonged = self.now()
        return None


def played(rules: RefreshRules, session: int, moments: list[int]) -> tuple[int, Reason] | None:
    """Return the first moment at which a real provider, or Coder, turns somebody away."""

    async def whole() -> tuple[int, Reason] | None:
        clock = MovableClock(FakeClock())
        emulation = PlainEmulation(PlainState((APP,), (ANNA,), {"anna": "pw"}, rules), clock, draw, signer())
        transport = httpx.ASGITransport(Starlette(routes=emulation.routes))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            coder = Coder(http, clock, session)
            await coder.token(**SIGN_IN)
            for moment in moments:
                clock.advance(moment - coder.now())
                reason = await coder.request()
                if reason is not None:
                    return moment, reason
        return None

    return asyncio.run(whole())


SPANS = st.one_of(st.integers(60, 2 * HOUR), st.integers(HOUR, 3 * DAY), st.integers(DAY, 120 * DAY))
ROTATIONS = st.one_of(
    st.none(),
    st.builds(Rotation, grace=st.sampled_from([0, 60]), max_reuse=st.integers(0, 2), ends_family=st.booleans()),
)
RULES = st.builds(
    RefreshRules,
    issue=st.sampled_from(["always", "offline", "never"]),
    rotation=ROTATIONS,
    idle=st.none() | SPANS,
    maximum=st.none() | SPANS,
    access=st.integers(60, 2 * DAY),
    renewal=st.sampled_from(["always", "same", "never"]),
    interval=st.sampled_from([0, 6 * HOUR]),
    most=st.sampled_from([None, 1, 100]),
)
GAPS = st.lists(st.one_of(st.integers(60, HOUR), st.integers(HOUR, 3 * DAY), st.integers(DAY, 40 * DAY)), min_size=1, max_size=25)  # fmt: skip


def forecast_rules(rules: RefreshRules, session: int) -> Rules:
    rotation = rules.rotation or Rotation()
    tokens = LifetimeRules(
        access=rules.access,
        idle=rules.idle,
        maximum=rules.maximum,
        rotates=rules.rotation is not None,
        reuses=rotation.max_reuse,
        grace=rotation.grace,
        issues=rules.issue != "never",
    )
    return Rules(tokens, session)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, st.integers(2 * HOUR, 60 * DAY), GAPS)
def test_the_forecast_names_the_request_that_is_turned_away(rules: RefreshRules, session: int, gaps: list[int]):
    moments = list(accumulate(gaps))
    expected, seen = signed_out(forecast_rules(rules, session), moments), played(rules, session, moments)
    event("stays signed in" if seen is None else seen[1].value)
    if expected is None or seen is None:
        assert expected is None and seen is None, (expected, seen)
        return
    first = next(moment for moment in moments if moment >= expected.at)
    assert first == seen[0]
    # later than that, another end may have come besides the first one
    assert first > expected.at or expected.reason == seen[1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, st.integers(2 * HOUR, 60 * DAY), GAPS)
def test_the_second_that_the_forecast_names_is_the_first_one_that_is_turned_away_and_for_its_reason(
    rules: RefreshRules, session: int, gaps: list[int]
):
    moments = list(accumulate(gaps))
    out = signed_out(forecast_rules(rules, session), moments)
    if out is None:
        return
    before = [moment for moment in moments if moment < out.at]
    assert played(rules, session, [*before, out.at]) == (out.at, out.reason)
    assert not before or before[-1] == out.at - 1 or played(rules, session, [*before, out.at - 1]) is None


@settings(max_examples=300, deadline=None)
@given(RULES, st.integers(2 * HOUR, 60 * DAY), GAPS, st.integers(60, 80 * DAY))
def test_an_absence_within_the_safe_bound_signs_nobody_out_and_one_beyond_the_sure_bound_everybody(
    rules: RefreshRules, session: int, gaps: list[int], absence: int
):
    told = forecast_rules(replace(rules, maximum=None), session)
    moments = list(accumulate(gaps))
    if signed_out(told, moments) is not None:
        return
    out, limits = signed_out(told, [*moments, moments[-1] + absence]), bounds(told)
    assert out is None or limits.safe is None or absence >= limits.safe
    assert out is not None or limits.sure is None or absence < limits.sure


def test_what_is_turned_away_can_be_told_by_hand():
    rules = Rules(LifetimeRules(access=1800, idle=30 * DAY, maximum=90 * DAY), 30 * DAY)
    assert signed_out(rules, [DAY, 29 * DAY, 60 * DAY]) == SignOut(29 * DAY + 30 * DAY, Reason.SESSION)
    assert signed_out(rules, range(0, 100 * DAY, HOUR)) == SignOut(90 * DAY, Reason.MAXIMUM)

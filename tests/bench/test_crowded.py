"""A crowded run spares requests: what it finds must be what any other run finds. Also the turns that connections take in it."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.cases import running
from tests.cases.keycloak.paper import ACCOUNT, PaperRealm, provisioner
from tests.cases.running import look, merged

from oidc_provision.plans.errors import PlanError
from oidc_provision.provisioners.keycloak import reading
from oidc_provision.provisioners.keycloak.provisioner import KeycloakProvisioner
from oidc_provision.provisioners.turns import Turns

BASE = running.paper("keycloak").base
CASES = list(running.cases("keycloak"))


class CountedPaper(PaperRealm):
    """A realm on paper that counts what it is asked, and has pages of any length."""

    def __init__(self, live: dict[str, Any]) -> None:
        super().__init__(live)
        self.asked: list[str] = []

    async def clients_page(self, first: int, most: int = 51) -> list[dict[str, Any]]:
        self.asked.append("page")
        return self._clients[first : first + most]

    async def clients_beyond(self, count: int) -> bool:
        self.asked.append("beyond")
        return await super().clients_beyond(count)

    async def find_client(self, client_id: str) -> dict[str, Any] | None:
        self.asked.append("name")
        return await super().find_client(client_id)

    async def client_scopes(self) -> list[dict[str, Any]]:
        self.asked.append("scopes")
        return await super().client_scopes()


def crowded(live: dict[str, Any]) -> KeycloakProvisioner:
    return KeycloakProvisioner(CountedPaper(live), provisioner(live)._discovery, ACCOUNT, lambda: True)


def outcome(case: dict[str, Any], opened: Callable[[dict[str, Any]], KeycloakProvisioner]) -> object:
    """Everything that a look says: changes, findings with their words and places, or why there is none."""
    try:
        view = look("keycloak", copy.deepcopy(case), opened).view
    except PlanError as error:
        return error.problems
    error = view.error and (type(view.error), view.error.message, view.error.fix, view.error.notes)
    return view.changes.digest, view.findings, error


IMPOSSIBLE = "scopes: a realm without offline_access cannot give refresh tokens that last"
"""Its client has a scope of another protocol attached, which 26.7.3 leaves out of the client's lists."""


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES if name != IMPOSSIBLE])
def test_a_crowded_look_finds_the_same(case: dict[str, Any]):
    assert outcome(case, crowded) == outcome(case, provisioner)


def paper(others: int, **live: Any) -> CountedPaper:
    foreign = [{"clientId": f"a-{number:04}", "access": {"manage": True}} for number in range(others)]
    return CountedPaper(merged(BASE["live"], {"other_clients": foreign, **live}))


@pytest.mark.parametrize(
    ("others", "asked"), [(6, ["page"]), (22, ["page", "name"]), (5000, ["page", "name"])], ids=["new", "full", "large"]
)
def test_a_first_page_takes_the_place_of_asking_how_large_the_realm_is(others: int, asked: list[str]):
    realm = paper(others)
    found = asyncio.run(reading.read_clients(realm, frozenset({"coder", "a-0001"}), sparing=True))
    assert (sorted(found.wanted), realm.asked) == (["a-0001", "coder"], asked)


@pytest.mark.parametrize(
    ("others", "asked"), [(60, ["page", "beyond", "page"]), (300, ["page", "beyond", "name", "name"])]
)
def test_clients_that_are_not_on_the_first_page_are_paged_or_named(others: int, asked: list[str]):
    realm = paper(others)
    found = asyncio.run(reading.read_clients(realm, frozenset({"coder", "not-there"}), sparing=True))
    assert (sorted(found.wanted), realm.asked) == (["coder"], asked)


def test_connections_take_turns():
    turns = Turns(iter("abc").__next__, 2)
    with turns.taken("one") as first, turns.taken("one") as second:
        assert (first, second) == ("a", "b")
    with turns.taken("one") as last_used, turns.taken("two") as longest_idle:
        assert (last_used, longest_idle) == ("a", "b")
    assert turns.all == ("a", "b")


def test_a_connection_in_use_is_nobody_elses_and_comes_back_after_a_failure():
    turns = Turns(iter("abc").__next__, 1)
    with pytest.raises(ValueError, match="broken"), turns.taken("one"):
        with turns.taken("one") as other:
            assert other == "b"
        raise ValueError("broken")
    with turns.taken("one") as again:
        assert again == "a"

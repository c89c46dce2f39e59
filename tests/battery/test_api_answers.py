"""Answers of the admin API that are not what Keycloak sends: each ends cleanly, names what is wrong, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.battery.clean import assert_failed, assert_no_accident
from tests.faults import asking
from tests.faults.hostile import MIB, changed, says
from tests.faults.proxy import Proxy
from tests.live import running
from tests.live.conftest import Realm
from tests.live.running import edit

APPLY = ("apply", "--auto-approve")
ENDPOINTS = {
    "sign-in": "POST /protocol/openid-connect/token$",
    "clients": asking.LIST,
    "realm": asking.REALM,
    "scopes": "GET /client-scopes$",
    "default scopes": "GET /default-default-client-scopes$",
    "optional scopes": "GET /default-optional-client-scopes$",
    "default roles": asking.ROLES,
}
BODIES: dict[str, object] = {
    "an error": {"error": "unknown_error"},
    "nothing": b"",
    "half a document": b'[{"id": "a", "na',
    "two documents": b"[] []",
    "a number": 5,
    "a text": "x",
    "a truth value": True,
    "a list of nulls": [None],
    "a list of numbers": [5],
    "a list of lists": [[]],
    "an object without members": [{}],
    "members that are null": [{"id": None, "name": None, "clientId": None}],
    "members that are numbers": [{"id": 5, "name": 5, "clientId": 5}],
    "members that are lists": [{"id": [], "name": [], "clientId": []}],
    "a member twice": b'[{"id": "a", "id": "b"}]',
    "no number": b'[{"id": NaN}]',
    "half a character": b'[{"id": "\\ud800"}]',
    "no UTF-8": b'["\xff"]',
    "50 MB": b" " * (50 * MIB),
    "nested deeply": b"[" * 5000 + b"]" * 5000,
}
REFUSED_REALM = {"an error"}
"""A realm without its settings is what an account without rights is shown."""


@pytest.fixture
def whole(plan: Path) -> Path:
    """A plan for which everything is read that ever is."""
    return edit(plan, client__groups_claim="groups", shared={"default_roles": ["offline_access"]})


def assert_no_write(proxy: Proxy) -> None:
    assert [each for each in proxy.asked if not each.startswith("GET ") and not each.endswith("/token")] == []


@pytest.mark.battery(37)
@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_malformed_answer_is_named_and_nothing_is_written(proxy: Proxy, endpoint: str):
    for name, body in BODIES.items():
        proxy.forget()
        proxy.on(ENDPOINTS[endpoint], *([says(body)] * 9))
        ran = running.here(*APPLY)
        assert_failed(ran, 1, "fix: " if isinstance(body, list) and endpoint != "sign-in" else "error: ")
        assert_no_write(proxy)
        assert asking.kinds(proxy), name


MEMBERS: dict[str, dict[str, tuple[object, ...]]] = {
    "clients": {
        "attributes": (5, "x", []),
        "access": (5, [True]),
        "protocolMappers": ({}, [None], [{}], [{"id": "a", "name": "b", "protocolMapper": 5}]),
        "redirectUris": (5, "http://x", {}, [None], [5], [[]]),
        "webOrigins": ("*", [{}]),
        "defaultClientScopes": ("email", [["email"]]),
        "optionalClientScopes": (True, [None]),
        "standardFlowEnabled": ("true", 1, []),
        "publicClient": ("false", {}),
        "secret": (5, [], {"value": "x"}),
        "protocol": (5, ["openid-connect"]),
        "id": (None, 5, {}),
        "clientId": (None, 5, ["coder"]),
    },
    "scopes": {
        "id": (None, 5),
        "name": (None, 5, [], {}),
        "protocol": (5, []),
        "protocolMappers": (
            5,
            {},
            [5],
            [{"id": "a", "name": "b", "protocolMapper": "c", "config": {"claim.name": []}}],
        ),
    },
    "realm": {"realm": (None, 5, []), "defaultRole": (5, [], "x", {"id": 5}, {"id": "a"})},
    "default roles": {"name": (None, 5, [])},
}


def with_member(name: str, value: object) -> Any:
    """Change this member, in each object of a list."""

    def change(answer: Any) -> Any:
        return [change(each) for each in answer] if isinstance(answer, list) else {**answer, name: value}

    return changed(change)


@pytest.mark.battery(37, 43)
@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize(
    ("endpoint", "member"), [(endpoint, member) for endpoint, members in MEMBERS.items() for member in members]
)
def test_member_of_another_type_is_named(proxy: Proxy, emulated: Realm, endpoint: str, member: str):
    emulated.make_client("coder")
    for value in MEMBERS[endpoint][member]:
        proxy.forget()
        proxy.on(ENDPOINTS[endpoint], *([with_member(member, value)] * 9))
        assert_failed(running.here(*APPLY), 1, "the answer is not what Keycloak sends: `answer", f".{member}")
        assert_no_write(proxy)


def without(name: str) -> Any:
    def change(answer: Any) -> Any:
        if isinstance(answer, list):
            return [change(each) for each in answer]
        return {key: value for key, value in answer.items() if key != name}

    return changed(change)


GONE = {"clients": ("id", "clientId"), "scopes": ("id", "name"), "realm": ("realm",), "default roles": ("name",)}


@pytest.mark.battery(43)
@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize(("endpoint", "member"), [(e, member) for e, members in GONE.items() for member in members])
def test_member_that_is_gone_and_needed_is_named(proxy: Proxy, emulated: Realm, endpoint: str, member: str):
    emulated.make_client("coder")
    proxy.on(ENDPOINTS[endpoint], *([without(member)] * 9))
    assert_failed(running.here(*APPLY), 1, f".{member}` is missing", "Keycloak of a supported version")
    assert_no_write(proxy)


OPTIONAL = {
    "clients": ("attributes", "access", "protocolMappers", "webOrigins", "publicClient", "secret", "protocol"),
    "scopes": ("protocol", "protocolMappers"),
    "realm": ("offlineSessionIdleTimeout", "offlineSessionMaxLifespanEnabled", "revokeRefreshToken", "defaultRole"),
}


@pytest.mark.battery(43)
@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize(("endpoint", "member"), [(e, member) for e, members in OPTIONAL.items() for member in members])
def test_member_that_another_version_leaves_out_breaks_no_look(
    proxy: Proxy, emulated: Realm, endpoint: str, member: str
):
    emulated.make_client("coder")
    proxy.on(ENDPOINTS[endpoint], *([without(member)] * 9))
    ran = running.here("plan")
    assert_no_accident(ran)
    assert (ran.code, "client/coder" in ran.out) == (0, True), ran.all


@pytest.mark.battery(37, 43)
@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("endpoint", [name for name in ENDPOINTS if name != "sign-in"])
def test_members_that_nobody_knows_change_nothing(proxy: Proxy, endpoint: str):
    running.settles()
    proxy.on(ENDPOINTS[endpoint], *([with_member("fromAFutureVersion", {"a": [None, 1e9]})] * 20))
    ran = running.planned()
    assert (ran.code, ran.err) == (0, ""), ran.all


@pytest.mark.battery(43)
def test_server_that_is_too_old_for_its_path_is_told_from_a_wrong_name(plan: Path, emulated: Realm):
    edit(plan, identity_provider__url=emulated.url.removesuffix("/keycloak"))
    assert_failed(running.here(*APPLY), 4, f"realm `{emulated.name}` does not exist", "as `/auth`")

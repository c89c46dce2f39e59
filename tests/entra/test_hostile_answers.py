"""Graph that talks nonsense: every answer, and every part of one, as something else. It ends in one clear error, never in a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.entra.faults import ADDED, CONSENT, PRINCIPAL, UPSERT, refuses, says
from tests.entra.lab import Lab, lab
from tests.entra.runs import Run, applied, planned, settled
from tests.laws.worlds.entra import FULL_PLAN, OURS, OURS_SECRET, STORE, THEIRS

from oidc_provision.plans.errors import ProvisionError

HTML = b"<html><title>Sign in to the guest network</title></html>"
DEEP = b'{"value":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
HUGE = b'{"id": ' + b"9" * 5_000 + b', "value": [' + b"9" * 5_000 + b"]}"
BODIES = {
    "HTML": HTML,
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "text": b'"words"',
    "half": b'{"value": [',
    "deep": DEEP,
    "huge": HUGE,
    "empty": b"{}",
    "no list": b'{"value": 7}',
    "list of nothing": b'{"value": [null]}',
    "list of numbers": b'{"value": [7], "id": 7, "appId": 7}',
    "error in a good answer": b'{"error": {"code": "Odd", "message": "no"}}',
    "not a number": b'{"id": NaN, "value": NaN}',
    "twice": b'{"id": "a", "id": "b", "value": [], "value": []}',
    "no text": b'\xff\xfe{"id": 1}',
    "half a character": b'{"id": "\\ud800", "appId": "\\ud800", "value": [{"id": "\\ud800"}]}',
}
READS = {
    "application": "GET /applications",
    "service principal": "GET /servicePrincipals",
    "consent": "GET /oauth2PermissionGrants$",
    "policy about secrets": "GET /defaultAppManagementPolicy$",
    "bin": "GET /deletedItems",
    "frequency": "GET /conditionalAccess/policies$",
    "lifetime": "GET /tokenLifetimePolicies$",
    "discovery": "GET /.well-known/openid-configuration$",
}
WRITES = {
    "upsert": UPSERT,
    "secret": ADDED,
    "service principal": PRINCIPAL,
    "consent": CONSENT,
    "policy": "POST /tokenLifetimePolicies$",
}


def assert_clear(where: Lab, ran: Run) -> None:
    """What went wrong is one error of ours, told in lines without a secret."""
    assert all(isinstance(each, ProvisionError) for each in ran.errors)
    assert len({each.message for each in ran.errors}) <= 1, ran.words
    assert [each for each in where.secrets() if each in ran.words] == []
    assert all(each.isprintable() or each == "\n" for each in ran.words), ascii(ran.words)
    assert where.slept < 1000


@pytest.mark.battery(37)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_read_that_is_answered_with_nonsense_ends_in_one_error(read: str, body: bytes):
    for live in ({}, {"application": THEIRS | {"unique": True}}):
        where = lab(FULL_PLAN, live)
        where.on(read, *[says(200, body)] * 1000)
        ran = planned(where)
        assert_clear(where, ran)
        assert where.writes == []


@pytest.mark.battery(37)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_write_that_is_answered_with_nonsense_ends_in_one_error_and_is_healed(write: str, body: bytes):
    where = lab({"shared": {"token_lifetime": "1h"}})
    where.on(write, *[says(200, body)] * 1000)
    ran = applied(where)
    assert_clear(where, ran)
    where.forget()
    settled(where)
    assert (len(where.texts), where.vault.kept[STORE]) == (1, where.texts[0])


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("status", [400, 404, 503])
def test_refusal_in_words_that_are_not_graphs_is_told(status: int, body: bytes):
    where = lab()
    where.on("GET /applications", *[says(status, body)] * 100)
    ran = planned(where)
    assert_clear(where, ran)
    assert str(status) in ran.error.message or "broken JSON" in ran.error.message


ODD: tuple[object, ...] = (None, True, 10**400, "\x1b[2J\n", [None], {"x": 7}, ...)


def paths(found: object, *before: object) -> Iterator[tuple[object, ...]]:
    """The place of every part of an answer; of a list the first member stands for all."""
    if before:
        yield before
    members = found.items() if isinstance(found, dict) else enumerate(found[:1]) if isinstance(found, list) else ()
    for name, each in members:
        yield from paths(each, *before, name)


def spoiled(answer: Any, path: tuple[Any, ...], value: object) -> Any:
    whole = copy.deepcopy(answer)
    place = whole
    for name in path[:-1]:
        place = place[name]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return whole


def existing() -> Lab:
    """A tenant with all that is read, in which there is nothing to do."""
    where = lab(FULL_PLAN, {"application": THEIRS | {"unique": True}, "secrets": [OURS]}, {STORE: OURS_SECRET})
    settled(where)
    where.forget()
    return where


LOOKED_AT = (
    r"/applications\(uniqueName",
    "/servicePrincipals.*00000003",
    "/servicePrincipals.*0c0ffee0",
    "/oauth2PermissionGrants$",
    "/defaultAppManagementPolicy$",
    "/conditionalAccess/policies$",
    "/tokenLifetimePolicies$",
    "/appliesTo$",
)


@pytest.mark.battery(37)
@pytest.mark.parametrize("place", LOOKED_AT)
def test_every_part_of_an_answer_may_be_something_else(place: str):
    where = existing()
    assert planned(where).proposal.changes == ()
    true = next(each.json() for each in where.exchanges if where.matches(each.request, f"GET {place}"))
    where.validates, tried = False, 0
    for path in paths(true):
        for value in ODD:
            where.forget()
            where.on(f"GET {place}", *[says(200, json.dumps(spoiled(true, path, value)))] * 100)
            ran = planned(where)
            assert_clear(where, ran)
            tried += 1
    assert tried > 20


def test_refusal_without_a_request_id_is_told_without_one():
    where = lab()
    where.on("GET /applications", refuses(400, "Odd", "words", request_id=""))
    ran = planned(where)
    assert (ran.error.where, "Odd: words" in ran.error.message) == ("", True)

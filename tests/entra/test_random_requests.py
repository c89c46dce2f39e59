"""Requests at random, made from the description: none is answered with a server's error, and every exchange is as described."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.entra import describing
from tests.entra.tenant import CALLBACK, EVERYTHING, Tenant, running

LEFT_OUT = ("/$batch", "/applications/delta()")
"""Operations that are described and not emulated."""
KNOWN_TEXT = (
    CALLBACK,
    "coder",
    "AzureADMyOrg",
    "AllPrincipals",
    "P30D",
    "2026-02-01T00:00:00Z",
    "AQID",
    "https",
    "",
    "x" * 130,
)
GUID = "11111111-1111-1111-1111-111111111111"
words = st.one_of(st.sampled_from((*KNOWN_TEXT, GUID)), st.text(max_size=8))
junk = st.sampled_from((None, [], {}, 1, "x", True, {"nonsense": 1}, 2**40, ["x"]))
numbers = st.integers(-(2**33), 2**33)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without references, `allOf` taken together."""
    if "$ref" in schema:
        return resolved(describing.document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "allOf" not in schema:
        return schema
    parts = [resolved(each) for each in schema["allOf"]]
    merged = {name: value for part in parts for name, value in part.items()}
    merged["properties"] = {name: value for part in parts for name, value in part.get("properties", {}).items()}
    return merged


def values(schema: Mapping[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that fit a schema most of the time."""
    schema = resolved(schema)
    if "enum" in schema:
        good: st.SearchStrategy[Any] = st.sampled_from(schema["enum"])
    elif schema.get("type") == "object":
        good = objects(schema, depth)
    elif schema.get("type") == "array":
        good = st.lists(values(schema["items"], depth + 1), max_size=2)
    else:
        good = {"boolean": st.booleans(), "integer": numbers}.get(
            schema.get("type", ""), formed(schema.get("format", ""))
        )
    return st.one_of(good, good, good, good, junk)


def formed(kind: str) -> st.SearchStrategy[str]:
    return {"uuid": st.just(GUID), "date-time": st.just(KNOWN_TEXT[5]), "duration": st.just("P30D")}.get(kind, words)


def objects(schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[dict[str, Any]]:
    if depth > 3:
        return st.just({})
    fields = {name: values(each, depth + 1) for name, each in schema.get("properties", {}).items()}
    needed = {name: fields.pop(name) for name in schema.get("required", ()) if name in fields}
    few = st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True) if fields else st.just([])
    chosen = few.flatmap(lambda names: st.fixed_dictionaries({name: fields[name] for name in names}))
    return st.builds(lambda one, more: {**one, **more}, st.fixed_dictionaries(needed), chosen)


def emulated() -> list[tuple[str, str]]:
    return [each for each in describing.operations() if each[1] not in LEFT_OUT]


def body_of(method: str, path: str) -> st.SearchStrategy[Any]:
    content = describing.document()["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return st.none() if schema is None else values(schema)


queries = st.dictionaries(
    st.sampled_from(("$top", "$filter", "$select", "$skiptoken", "$count", "$expand", "$search")),
    st.sampled_from(
        ("1", "id", "displayName eq 'x'", "clientId eq 'x'", "MQ==", "true", "owners", "-1", "startswith(id,'a')")
    ),
    max_size=2,
)
keys = st.sampled_from(("app", "appId", "principal", "policy", "nope"))


@dataclass(frozen=True)
class Furnished:
    """A tenant with an object or two, their keys, and its state to go back to."""

    tenant: Tenant
    keys: Mapping[str, str]
    state: str

    def anew(self) -> Tenant:
        self.tenant.emulation.load(self.state)
        self.tenant.sign_in(*EVERYTHING)
        return self.tenant


@pytest.fixture(scope="module")
def furnished() -> Iterator[Furnished]:
    describing.openapi()
    with running() as tenant:
        app = tenant.make_app()
        principal = tenant.good("POST", "/servicePrincipals", {"appId": app["appId"]})
        definition = ['{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"02:00:00"}}']
        policy = tenant.good("POST", "/policies/tokenLifetimePolicies", {"displayName": "p", "definition": definition})
        found = {"app": app["id"], "appId": app["appId"], "principal": principal["id"], "policy": policy["id"]}
        yield Furnished(tenant, found | {"nope": "nope"}, tenant.emulation.dump())


def address(path: str, key: str) -> str:
    return re.sub(r"\{[^}]+\}", quote(key), path)


@pytest.mark.timeout(300)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_requests_are_answered_as_described(furnished, data):
    tenant = furnished.anew()
    for _ in range(8):
        tenant.sandbox.clock.advance(1)
        method, path = data.draw(st.sampled_from(emulated()))
        body, query = data.draw(body_of(method, path)), data.draw(queries)
        headers = data.draw(st.sampled_from(({}, {"Prefer": "create-if-missing"}, {"ConsistencyLevel": "eventual"})))
        where = address(path, furnished.keys[data.draw(keys)])
        more = {} if body is None else {"json": body}
        answer = tenant.ask(method, where, params=query if method == "GET" else {}, headers=headers, **more)
        assert answer.status_code < 500, answer.text


def test_every_described_operation_is_there(furnished):
    """Whatever it says, it does not say that it knows neither path nor method."""
    tenant = furnished.anew()
    for method, path in emulated():
        tenant.sandbox.clock.advance(1)
        answer = tenant.ask(method, address(path, "nope"), **({} if method in ("GET", "DELETE") else {"json": {}}))
        assert answer.status_code != 405, path
        assert "for the segment" not in answer.text, path

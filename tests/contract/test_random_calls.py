"""Any sequence of admin calls gives the same answers and leaves the same state at both servers, as far as we read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.conftest import Server, real
from tests.live.conftest import Realm, realms

from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.keycloak.fields import client_fields, realm_fields

NAMES = ("a", "b")
SCOPES = ("email", "phone", "offline_access", "service_account")
ATTRIBUTES = ("client.session.idle.timeout", "client.offline.session.idle.timeout", "use.refresh.tokens", "x")
VALUES = ("", None, "60", 1700, "3600", True, "abc")
MAPPERS = ("oidc-group-membership-mapper", "oidc-usermodel-realm-role-mapper", "nonsense")
GENERATED = re.compile(r"client\.secret\.creation\.time|\.id$")

names, scopes = st.sampled_from(NAMES), st.sampled_from(SCOPES)
kinds = st.sampled_from(("default", "optional"))
attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES), max_size=2)
lists = st.lists(st.sampled_from((*SCOPES, "nonsense")), max_size=3)
uris = st.lists(st.sampled_from(("https://a/1", "https://a/2", "*", "https://a/#b", "javascript:x")), max_size=3)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "attributes": attributes,
        "redirectUris": uris,
        "webOrigins": st.lists(st.sampled_from(("https://a", "+")), max_size=2),
        "defaultClientScopes": lists,
        "optionalClientScopes": lists,
        "publicClient": st.booleans(),
        "serviceAccountsEnabled": st.booleans(),
        "standardFlowEnabled": st.booleans(),
        "secret": st.sampled_from(("s" * 20, "t" * 20)),
        "name": st.sampled_from(("", "n", None)),
        "description": st.sampled_from(("", "d", None)),
        "nonsense": st.just(1),
    },
)
mappers = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("m", "n")),
        "protocol": st.just("openid-connect"),
        "protocolMapper": st.sampled_from(MAPPERS),
        "config": st.dictionaries(
            st.sampled_from(("claim.name", "full.path")), st.sampled_from(("g", "true", "")), max_size=2
        ),
    }
)
calls = st.one_of(
    st.tuples(st.just("make"), names, bodies),
    st.tuples(st.just("change"), names, bodies),
    st.tuples(st.just("delete"), names, st.none()),
    st.tuples(st.just("attach"), names, st.tuples(kinds, scopes)),
    st.tuples(st.just("detach"), names, st.tuples(kinds, scopes)),
    st.tuples(st.just("mapper"), names, mappers),
    st.tuples(
        st.just("realm"),
        names,
        st.fixed_dictionaries({}, optional={"ssoSessionIdleTimeout": st.sampled_from((600, "1800", 3600))}),
    ),
)


def carried_out(realm: Realm, call: tuple[str, str, Any]) -> tuple[int, str]:
    """Make one call; return its status and its words, without what is another at every server."""
    verb, name, more = call
    client = f"{realm.admin}/clients/{realm.client(name).get('id', 'nope')}"
    match verb:
        case "make":
            answer = realm.ask("POST", f"{realm.admin}/clients", json={"clientId": name, **more})
        case "change":
            answer = realm.ask("PUT", client, json=more)
        case "delete":
            answer = realm.ask("DELETE", client)
        case "mapper":
            answer = realm.ask("POST", f"{client}/protocol-mappers/models", json=more)
        case "realm":
            answer = realm.ask("PUT", realm.admin, json=more)
        case _:
            method = "PUT" if verb == "attach" else "DELETE"
            answer = realm.ask(method, f"{client}/{more[0]}-client-scopes/{realm.scope_id(more[1])}")
    return answer.status_code, re.sub(r"column \d+", "column", answer.text)


def state(realm: Realm) -> dict[str, object]:
    """All that is read of a realm and its two clients, generated values left out."""
    clients = {name: client_fields(found) for name in NAMES if (found := realm.client(name))}
    return {"realm": kept(realm_fields(realm.read()))} | {name: kept(fields) for name, fields in clients.items()}


def kept(fields: Any) -> dict[str, object]:
    left_out = ("id", "defaultRoleId", "defaultRoleName")
    found = {name: value for name, value in fields.items() if name not in left_out and not GENERATED.search(name)}
    secret = found.get("secret")
    if isinstance(secret, Sealed) and len(secret.reveal()) == 86:
        found["secret"] = "generated"
    return found


@pytest.fixture(scope="module")
def both(emulation: Server) -> Iterator[tuple[Realm, Realm]]:
    server = real()
    with realms(emulation.url, emulation.password) as ours, realms(server.url, server.password) as theirs:
        yield ours(), theirs()


@pytest.mark.live
@pytest.mark.timeout(300)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(sequence=st.lists(calls, min_size=1, max_size=8))
def test_any_sequence_of_calls_is_answered_alike(both, sequence):
    for realm in both:
        realm.change(ssoSessionIdleTimeout=1800)
        for name in NAMES:
            if realm.client(name):
                realm.delete_client(name)
    for call in sequence:
        ours, theirs = (carried_out(realm, call) for realm in both)
        assert ours == theirs, call
    ours, theirs = (state(realm) for realm in both)
    assert ours == theirs

"""Graph's representations as fields and back: whatever somebody else put there is sent back as it was."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.provisioners.entra.fields import (
    ACCESS_GRANT,
    DELEGATED,
    GRAPH_APP,
    GROUPS,
    ID_CLAIMS,
    ID_GRANT,
    NAME,
    PERMISSIONS,
    PUBLIC,
    PUBLIC_FLOWS,
    SPA,
    WEB,
    application_body,
    application_fields,
    claims,
    moment,
    principal_fields,
    with_claims,
    with_permissions,
)

IDS = dict(DELEGATED)
NAMES = {key: name for name, key in IDS.items()}
GUIDS = st.uuids(version=4).map(str)
ACCESS = st.fixed_dictionaries(
    {
        "id": st.sampled_from([*IDS.values(), *(each.upper() for each in IDS.values())]) | GUIDS,
        "type": st.sampled_from(["Scope", "Role"]),
    }
)
APIS = st.lists(
    st.fixed_dictionaries(
        {
            "resourceAppId": st.sampled_from([GRAPH_APP, GRAPH_APP.upper()]) | GUIDS,
            "resourceAccess": st.lists(ACCESS, max_size=4),
        }
    ),
    max_size=3,
    unique_by=lambda api: api["resourceAppId"].lower(),
)
CLAIM = st.fixed_dictionaries({"name": st.sampled_from(["email", "upn", "acct", "groups"]), "essential": st.booleans()})
OPTIONAL = st.none() | st.fixed_dictionaries(
    {"idToken": st.lists(CLAIM, max_size=3), "accessToken": st.lists(CLAIM, max_size=2)},
    optional={"@odata.type": st.just("#microsoft.graph.optionalClaims"), "saml2Token": st.just([])},
)
URIS = st.lists(
    st.sampled_from(["https://a.example.com", "https://b.example.com", "https://c.example.com"]), max_size=4
)
SETS = st.frozensets(st.sampled_from(["https://a.example.com", "https://b.example.com", "https://new.example.com"]))
GAINED = st.frozensets(st.sampled_from(sorted(IDS)))


@given(APIS, GAINED)
def test_more_permissions_keep_those_that_are_there(apis, gained):
    found = {"requiredResourceAccess": apis}
    before = copy.deepcopy(found)
    made = {api["resourceAppId"]: api["resourceAccess"] for api in with_permissions(found, gained, IDS)}
    for api in apis:
        assert made[api["resourceAppId"]][: len(api["resourceAccess"])] == api["resourceAccess"]
    after = application_fields({"requiredResourceAccess": with_permissions(found, gained, IDS)}, NAMES)[PERMISSIONS]
    assert after == application_fields(found, NAMES)[PERMISSIONS] | gained
    assert found == before


@given(APIS)
def test_permissions_that_are_there_are_added_no_second_time(apis):
    once = with_permissions({"requiredResourceAccess": apis}, IDS, IDS)
    assert with_permissions({"requiredResourceAccess": once}, IDS, IDS) == once


def test_an_api_without_a_list_gets_one():
    made = with_permissions({"requiredResourceAccess": [{"resourceAppId": GRAPH_APP}]}, ["openid"], IDS)
    assert made == [{"resourceAppId": GRAPH_APP, "resourceAccess": [{"id": IDS["openid"], "type": "Scope"}]}]


@given(OPTIONAL, st.frozensets(st.sampled_from(["email", "upn", "groups"])))
def test_more_claims_keep_those_that_are_there(optional, gained):
    found = {"optionalClaims": optional}
    made = with_claims(found, gained)
    there = claims(found)
    assert made["idToken"][: len(there)] == there
    assert [each["name"] for each in made["idToken"][len(there) :]] == sorted(gained - {each["name"] for each in there})
    others = {name: value for name, value in (optional or {}).items() if name not in ("idToken", "@odata.type")}
    assert {name: value for name, value in made.items() if name != "idToken"} == others


@given(URIS, SETS, SETS, st.sampled_from([WEB, SPA, PUBLIC]))
def test_redirect_uris_that_were_added_since_the_look_stay(now, before, after, field):
    part = field.partition(".")[0]
    sent = application_body({field: (before, after)}, {part: {"redirectUris": now, "homePageUrl": "x"}}, IDS)
    uris = sent[part]["redirectUris"]
    assert set(uris) == (set(now) - (before - after)) | (after - before)
    assert len(set(uris)) == len(uris)


def test_a_body_holds_what_is_edited_and_nothing_else():
    edits = {
        NAME: ("a", "b"),
        PUBLIC_FLOWS: (True, False),
        GROUPS: (None, "All"),
        ID_GRANT: (True, False),
        ACCESS_GRANT: (True, False),
    }
    assert application_body(edits, {"notes": "mine", "web": {"homePageUrl": "x"}}, IDS) == {
        NAME: "b",
        PUBLIC_FLOWS: False,
        GROUPS: "All",
        "web": {"implicitGrantSettings": {"enableIdTokenIssuance": False, "enableAccessTokenIssuance": False}},
    }
    assert application_body({}, {"notes": "mine"}, IDS) == {}


def test_a_body_has_whole_lists():
    found = {
        "requiredResourceAccess": [{"resourceAppId": "other", "resourceAccess": []}],
        "optionalClaims": {"idToken": [{"name": "acct"}]},
    }
    edits = {PERMISSIONS: (frozenset(), frozenset({"openid"})), ID_CLAIMS: (frozenset(), frozenset({"email"}))}
    body = application_body(edits, found, IDS)
    assert [api["resourceAppId"] for api in body["requiredResourceAccess"]] == ["other", GRAPH_APP]
    assert [each["name"] for each in body["optionalClaims"]["idToken"]] == ["acct", "email"]


@pytest.mark.parametrize(
    "found",
    [{}, {"web": None, "spa": None, "publicClient": None, "optionalClaims": None, "requiredResourceAccess": None}],
)
def test_an_application_that_says_nothing_has_nothing(found):
    fields = application_fields(found, NAMES)
    assert {name for name, value in fields.items() if value} == set()


def test_what_is_no_text_is_no_redirect_uri():
    fields = application_fields(
        {"web": {"redirectUris": ["https://a", None, 7]}, "spa": {"redirectUris": "https://a"}}, NAMES
    )
    assert (fields[WEB], fields[SPA]) == ({"https://a"}, frozenset())


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        (None, None),
        ("", None),
        ("None", None),
        ("All", "All"),
        ("SecurityGroup, DirectoryRole", "DirectoryRole,SecurityGroup"),
        (7, None),
    ],
)
def test_kinds_of_groups_are_a_set_however_they_are_spelled(told, kinds):
    assert application_fields({GROUPS: told}, NAMES).get(GROUPS) == kinds


@pytest.mark.parametrize(("told", "enabled"), [(None, True), (True, True), (False, False)])
def test_a_service_principal_is_on_unless_somebody_switched_it_off(told, enabled):
    assert principal_fields({"id": "p", "accountEnabled": told})["accountEnabled"] is enabled


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-01T00:00:00Z", 1_767_225_600),
        ("2026-01-01T00:00:00.1234567Z", 1_767_225_600),
        ("2026-01-01T01:00:00+01:00", 1_767_225_600),
        ("2026-01-01T00:00:00", 1_767_225_600),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
        ("rubbish", 0),
        ("", 0),
        (None, 0),
        (7, 0),
    ],
)
def test_a_date_is_seconds_wherever_the_tool_runs(text, seconds, monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert moment(text) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()

"""Entra as an OpenID provider: whose refresh tokens come, how long they last, and what is said when they do not."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.entra.tenant import CALLBACK
from tests.live.signing_in import claims

from oidc_provision.provisioners.entra.sandbox.building import PERSON, TOOL_APP, TOOL_SECRET

DAY = 86400
SPA = {"web": {"redirectUris": []}, "spa": {"redirectUris": [CALLBACK]}}
SCOPE = "https://graph.microsoft.com/.default"


def test_discovery_has_entras_addresses_and_the_guid_whatever_the_name(tenant):
    domain = tenant.emulation.box.value.domain
    by_name = tenant.http.get(f"{tenant.url}/{domain}/v2.0/.well-known/openid-configuration").json()
    by_guid = tenant.http.get(f"{tenant.issuer}/.well-known/openid-configuration").json()
    assert by_name == by_guid
    assert by_guid["issuer"] == tenant.issuer
    assert by_guid["token_endpoint"] == tenant.issuer.removesuffix("/v2.0") + "/oauth2/v2.0/token"
    assert "revocation_endpoint" not in by_guid
    common = tenant.http.get(f"{tenant.url}/common/v2.0/.well-known/openid-configuration").json()
    assert "{tenantid}" in common["issuer"]


def test_other_tenant_is_not_found(tenant):
    answer = tenant.http.get(f"{tenant.url}/fabrikam.com/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_id_token_has_entras_claims_and_no_hash_of_another_token(tenant):
    settings = tenant.consented_app()
    app = tenant.application(settings)
    tokens = app.sign_in(PERSON.username, PERSON.password)
    keys = KeySet.import_key_set(tenant.http.get(app.discovered["jwks_uri"]).json())
    found = jwt.decode(tokens["id_token"], keys, ["RS256"]).claims
    assert (found["iss"], found["aud"]) == (tenant.issuer, settings["CODER_OIDC_CLIENT_ID"])
    assert (found["oid"], found["preferred_username"], found["email"]) == (PERSON.id, PERSON.username, PERSON.mail)
    assert found["exp"] - found["iat"] == 3600
    assert not {"at_hash", "c_hash", "rt_hash", "upn", "groups", "email_verified"} & set(found)
    assert 3600 <= tokens["expires_in"] <= 5400
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    asked = tenant.http.get(app.discovered["userinfo_endpoint"], headers=header).json()
    assert (asked["sub"], asked["email"]) == (found["sub"], PERSON.mail)


def test_subject_is_another_one_at_every_application(tenant):
    first, second = (claims(tenant.tokens(tenant.consented_app(displayName=name))["id_token"]) for name in "ab")
    assert (first["sub"] != second["sub"], first["oid"]) == (True, second["oid"])


OPTIONAL = {
    "address by claim": (
        {"optionalClaims": {"idToken": [{"name": "email"}]}},
        {"mail": "a@b.example"},
        {"email": "a@b.example"},
    ),
    "no mailbox": ({"optionalClaims": {"idToken": [{"name": "email"}]}}, {"mail": ""}, {"email": None}),
    "principal name": ({"optionalClaims": {"idToken": [{"name": "upn"}]}}, {}, {"upn": PERSON.username}),
    "groups": ({"groupMembershipClaims": "SecurityGroup"}, {"groups": ("g",)}, {"groups": ["g"]}),
    "no groups asked for": ({}, {"groups": ("g",)}, {"groups": None}),
    "too many groups": (
        {"groupMembershipClaims": "All"},
        {"groups": tuple(map(str, range(201)))},
        {"groups": None, "_claim_names": {"groups": "src1"}},
    ),
}


@pytest.mark.parametrize(("settings", "person", "expected"), OPTIONAL.values(), ids=OPTIONAL)
def test_claims_follow_the_application(tenant, settings, person, expected):
    box = tenant.emulation.box
    box.put(box.value.with_member(replace(PERSON, **person)))
    found = claims(tenant.tokens(tenant.consented_app("openid,profile", **settings))["id_token"])
    assert {name: found.get(name) for name in expected} == expected


def test_lifetime_policy_changes_the_id_token_alone(tenant):
    settings = tenant.consented_app()
    before = tenant.tokens(settings)
    definition = ['{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"02:00:00"}}']
    made = tenant.good("POST", "/policies/tokenLifetimePolicies", {"displayName": "p", "definition": definition})
    path = f"/applications(appId='{settings['CODER_OIDC_CLIENT_ID']}')"
    app = tenant.good("GET", path)
    link = {"@odata.id": f"{tenant.url}/graph/v1.0/policies/tokenLifetimePolicies/{made['id']}"}
    tenant.good("POST", f"/applications/{app['id']}/tokenLifetimePolicies/$ref", link)
    after = tenant.tokens(settings)
    found = claims(after["id_token"])
    assert (found["exp"] - found["iat"], after["expires_in"]) == (7200, before["expires_in"])


def test_refresh_token_comes_only_with_offline_access(tenant):
    answer = tenant.tokens(tenant.consented_app("openid,profile,email"))
    assert ("refresh_token" in answer, "id_token" in answer) == (False, True)


def test_refresh_brings_another_token_and_the_old_one_stays_good(tenant):
    app = tenant.application(tenant.consented_app())
    first = app.sign_in(PERSON.username, PERSON.password)["refresh_token"]
    answers = [app.refresh(first) for _ in range(3)]
    tokens = {first, *(answer["refresh_token"] for answer in answers)}
    assert len(tokens) == 4
    assert all("access_token" in app.refresh(token) for token in tokens)


def test_refresh_token_lives_for_ever_while_it_is_used_within_ninety_days(tenant):
    app = tenant.application(tenant.consented_app())
    token = app.sign_in(PERSON.username, PERSON.password)["refresh_token"]
    # not for longer than the secret is good
    for _ in range(7):
        tenant.sandbox.clock.advance(90 * DAY - 1)
        token = app.refresh(token)["refresh_token"]
    tenant.sandbox.clock.advance(90 * DAY)
    answer = app.refresh(token)
    assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [700082])


def test_single_page_application_has_a_day_and_no_more(tenant):
    app = tenant.application(tenant.consented_app(**SPA))
    token = app.sign_in(PERSON.username, PERSON.password)["refresh_token"]
    tenant.sandbox.clock.advance(DAY - 60)
    token = app.refresh(token)["refresh_token"]
    tenant.sandbox.clock.advance(60)
    assert app.refresh(token)["error_codes"] == [700084]


def test_ended_sessions_are_over(tenant):
    app = tenant.application(tenant.consented_app())
    token = app.sign_in(PERSON.username, PERSON.password)["refresh_token"]
    tenant.good("POST", f"/users/{PERSON.id}/revokeSignInSessions")
    assert app.refresh(token)["error_codes"] == [50173]
    assert "refresh_token" in app.sign_in(PERSON.username, PERSON.password)


def grant_of(tenant) -> str:
    (found,) = tenant.good("GET", "/oauth2PermissionGrants")["value"]
    return f"/oauth2PermissionGrants/{found['id']}"


def test_consent_that_is_taken_back_ends_the_refreshing(tenant):
    app = tenant.application(tenant.consented_app())
    token = app.sign_in(PERSON.username, PERSON.password)["refresh_token"]
    tenant.good("DELETE", grant_of(tenant))
    answer = app.refresh(token)
    assert (answer["error"], answer["error_codes"], answer["suberror"]) == (
        "invalid_grant",
        [65001],
        "consent_required",
    )


def test_person_who_consents_leaves_a_grant_of_their_own(tenant):
    settings = tenant.consented_app()
    tenant.good("DELETE", grant_of(tenant))
    app = tenant.application(settings)
    asked = re.search('action="([^"]+)"', _authorize(app).text)[1].replace("&amp;", "&")
    page = app._browse("POST", asked, data={"username": PERSON.username, "password": PERSON.password})
    assert "offline_access" in page.text
    again = re.search('action="([^"]+)"', page.text)[1].replace("&amp;", "&")
    assert "code=" in app._browse("POST", again, data={"accept": "Yes"}).headers["location"]
    (grant,) = tenant.good("GET", "/oauth2PermissionGrants")["value"]
    assert (grant["consentType"], grant["principalId"]) == ("Principal", PERSON.id)
    assert set(grant["scope"].split()) == {"openid", "profile", "email", "offline_access"}
    assert "code=" in _authorize(app).headers["location"]


def _authorize(app, **more: str) -> httpx.Response:
    query = {
        "response_type": "code",
        "client_id": app.settings["CODER_OIDC_CLIENT_ID"],
        "redirect_uri": CALLBACK,
        "scope": app.settings["CODER_OIDC_SCOPES"].replace(",", " "),
        **more,
    }
    return app._browse("GET", app.discovered["authorization_endpoint"], params=query)


def test_people_who_may_not_consent_are_told_to_ask(tenant):
    settings = tenant.consented_app()
    tenant.good("PATCH", grant_of(tenant), {"scope": "openid"})
    tenant.switch(people_may_consent=False)
    app = tenant.application(settings)
    asked = _authorize(app)
    action = html.unescape(re.search('action="([^"]+)"', asked.text)[1])
    page = app._browse("POST", action, data={"username": PERSON.username, "password": PERSON.password})
    assert (asked.status_code, page.status_code, "AADSTS90094" in page.text) == (200, 400, True)


PAGES = {
    "other address": ({"redirect_uri": "https://coder.example.com/other"}, 50011),
    "unknown application": ({"client_id": "99999999-9999-9999-9999-999999999999"}, 700016),
}


@pytest.mark.parametrize(("more", "number"), PAGES.values(), ids=PAGES)
def test_wrong_question_is_a_page(tenant, more, number):
    page = _authorize(tenant.application(tenant.consented_app()), **more)
    assert (page.status_code, f"AADSTS{number}:" in page.text) == (400, True)


BACK = {
    "unknown scope": ({"scope": "openid nonsense"}, "invalid_scope", 70011),
    "no scope": ({"scope": ""}, "invalid_scope", 28003),
    "no code flow": ({"response_type": "token"}, "unsupported_response_type", 700051),
}


@pytest.mark.parametrize(("more", "error", "number"), BACK.values(), ids=BACK)
def test_wrong_question_is_answered_to_the_application(tenant, more, error, number):
    where = _authorize(tenant.application(tenant.consented_app()), **more).headers["location"]
    query = httpx.QueryParams(where.partition("?")[2])
    assert (query["error"], f"AADSTS{number}:" in query["error_description"]) == (error, True)


def test_assignment_can_be_required(tenant):
    settings = tenant.consented_app()
    path = f"/servicePrincipals(appId='{settings['CODER_OIDC_CLIENT_ID']}')"
    tenant.good("PATCH", path, {"appRoleAssignmentRequired": True})
    assert tenant.tokens(settings)["error_codes"] == [50105]
    box = tenant.emulation.box
    client = tenant.good("GET", path)["id"]
    box.put(replace(box.value, assigned=frozenset({(PERSON.id, client)})))
    assert "refresh_token" in tenant.tokens(settings)


def test_code_is_good_once_and_with_its_verifier(tenant):
    app = tenant.application(tenant.consented_app())
    where = app._code("v" * 64, CALLBACK, PERSON.username, PERSON.password)
    form = {"grant_type": "authorization_code", "code": where["code"], "redirect_uri": CALLBACK}
    assert app.token(**form, code_verifier="w" * 64)["error_codes"] == [501481]
    assert "access_token" in app.token(**form, code_verifier="v" * 64)
    assert app.token(**form, code_verifier="v" * 64)["error_codes"] == [54005]
    assert app.token(**{**form, "code": "x"})["error_codes"] == [70000]


TOOL = {"grant_type": "client_credentials", "client_id": TOOL_APP, "client_secret": TOOL_SECRET, "scope": SCOPE}
REFUSED = {
    "wrong secret": ({"client_secret": "x"}, 401, "invalid_client", 7000215),
    "empty secret": ({"client_secret": ""}, 401, "invalid_client", 7000215),
    "no secret": ({"client_secret": None}, 401, "invalid_client", 7000218),
    "unknown application": ({"client_id": "x"}, 400, "unauthorized_client", 700016),
    "single scope": ({"scope": "openid"}, 400, "invalid_scope", 1002012),
    "broken assertion": ({"client_secret": None, "client_assertion": "x"}, 401, "invalid_client", 700027),
    "unknown grant": ({"grant_type": "x"}, 400, "unsupported_grant_type", 70003),
    "password": ({"grant_type": "password"}, 400, "invalid_grant", 50126),
    "no refresh token": ({"grant_type": "refresh_token"}, 400, "invalid_request", 900144),
}


@pytest.mark.parametrize(("more", "status", "error", "number"), REFUSED.values(), ids=REFUSED)
def test_refusal_is_in_microsofts_form(tenant, more, status, error, number):
    form = {name: value for name, value in {**TOOL, **more}.items() if value is not None}
    answer = tenant.http.post(tenant.token_address, data=form)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert body["timestamp"] == "2026-01-01 00:00:00Z"
    assert {"trace_id", "correlation_id", "error_uri"} <= set(body)
    assert TOOL_SECRET not in answer.text


def test_tools_own_token_names_its_rights(tenant):
    tenant.sign_in("Application.Read.All")
    answer = tenant.http.post(tenant.token_address, data=TOOL).json()
    found = claims(answer["access_token"])
    assert (found["roles"], found["oid"], found["idtyp"]) == (["Application.Read.All"], tenant.principal, "app")
    assert not {"refresh_token", "id_token", "scope"} & set(answer)


def test_secret_is_refused_once_it_is_expired(tenant):
    settings = tenant.consented_app()
    app = tenant.application(settings)
    token = app.sign_in(PERSON.username, PERSON.password)["refresh_token"]
    tenant.sandbox.clock.advance(730 * DAY)
    assert app.refresh(token)["error_codes"] == [7000222]


OFF = {
    "application": ("/applications", "isDisabled", True),
    "principal": ("/servicePrincipals", "accountEnabled", False),
}


@pytest.mark.parametrize(("path", "name", "value"), OFF.values(), ids=OFF)
def test_disabled_application_is_refused(tenant, path, name, value):
    settings = tenant.consented_app()
    app = tenant.application(settings)
    token = app.sign_in(PERSON.username, PERSON.password)["refresh_token"]
    tenant.good("PATCH", f"{path}(appId='{settings['CODER_OIDC_CLIENT_ID']}')", {name: value})
    assert app.refresh(token)["error_codes"] == [7000112]


def test_secret_beside_a_public_address_is_refused(tenant):
    settings = tenant.consented_app(web={"redirectUris": []}, publicClient={"redirectUris": [CALLBACK]})
    assert tenant.tokens(settings)["error_codes"] == [700025]


def test_application_of_one_tenant_is_not_everybodys(tenant):
    answer = tenant.http.post(f"{tenant.url}/common/oauth2/v2.0/token", data=TOOL)
    assert answer.json()["error_codes"] == [50194]

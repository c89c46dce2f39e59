"""Signing in through the form, what tokens say, refreshes, rotation, lifetimes, and what refuses them."""

from __future__ import annotations

import html
import math
import re
import time

import httpx
import pytest
from tests.contract.conftest import CALLBACK, PASSWORD, application
from tests.live.signing_in import claims

OFFLINE = "openid profile email offline_access"
IDLE, MAXIMUM = "client.offline.session.idle.timeout", "client.offline.session.max.lifespan"


def signed_in(app, scopes=OFFLINE):
    app.settings["CODER_OIDC_SCOPES"] = scopes.replace(" ", ",")
    app.cookies.clear()
    return app.sign_in("anna", PASSWORD)


def signed_in_within(app, scopes=OFFLINE):
    """The tokens, and the whole seconds that may have ticked since the session began."""
    began = time.monotonic()
    tokens = signed_in(app, scopes)
    return tokens, math.ceil(time.monotonic() - began)


def remains(said, whole, took):
    # a session begins at the form, and the server counts in whole seconds: the next may begin before the token is issued
    return whole - took <= said <= whole


def refusal(answer):
    return answer.get("error"), answer.get("error_description")


KINDS = {
    "plain": ("openid profile email", {}, "Refresh", 1800, True),
    "offline": (OFFLINE, {}, "Offline", 0, False),
    "offline, client limits": (OFFLINE, {IDLE: "600", MAXIMUM: "900"}, "Offline", 0, False),
    "plain, idle": ("openid", {"client.session.idle.timeout": "60"}, "Refresh", 60, True),
    "plain, maximum": ("openid", {"client.session.max.lifespan": "50"}, "Refresh", 50, True),
}


@pytest.mark.parametrize("case", KINDS)
def test_kind_of_refresh_token(app, client, case):
    scopes, attributes, kind, expires, has_end = KINDS[case]
    client.change_client("c", attributes=attributes)
    tokens, took = signed_in_within(app, scopes)
    token = claims(tokens["refresh_token"])
    assert (token["typ"], "exp" in token) == (kind, has_end)
    assert remains(tokens["refresh_expires_in"], expires, took if has_end else 0)
    assert set(tokens["scope"].split()) == set(scopes.split()) | {"profile", "email"}
    assert tokens["token_type"] == "Bearer"


ACCESS = {
    "the realm's": ({}, 300),
    "the client's": ({"access.token.lifespan": "600"}, 600),
    "not beyond the offline maximum": ({MAXIMUM: "200"}, 200),
    "not limited by the plain maximum": ({"access.token.lifespan": "99999"}, 99999),
}


@pytest.mark.parametrize("case", ACCESS)
def test_access_token_lives_for(app, client, case):
    attributes, expected = ACCESS[case]
    client.change_client("c", attributes=attributes)
    tokens, took = signed_in_within(app)
    token = claims(tokens["access_token"])
    assert remains(tokens["expires_in"], expected, took)
    assert remains(token["exp"] - token["iat"], expected, took)


def test_plain_access_token_ends_with_the_longest_session(app, client):
    client.change_client("c", attributes={"access.token.lifespan": "99999"})
    tokens, took = signed_in_within(app, "openid")
    assert remains(tokens["expires_in"], 36000, took)


def test_realm_maximum_is_advertised_with_the_clients_idle_uncapped(app, client):
    client.change(offlineSessionMaxLifespanEnabled=True)
    client.change_client("c", attributes={IDLE: "3000000"})
    tokens, took = signed_in_within(app)
    client.change(offlineSessionMaxLifespanEnabled=False)
    assert remains(tokens["refresh_expires_in"], 3000000, took)
    assert "exp" in claims(tokens["refresh_token"])


def test_tokens_say_the_same(app, client):
    tokens = signed_in(app)
    identity, access = claims(tokens["id_token"]), claims(tokens["access_token"])
    assert (identity["aud"], identity["iss"], identity["azp"], identity["typ"]) == ("c", client.issuer, "c", "ID")
    told = {name: identity[name] for name in ("email", "email_verified", "name", "preferred_username", "family_name")}
    assert told == {
        "email": "anna@example.com",
        "email_verified": True,
        "name": "A B",
        "preferred_username": "anna",
        "family_name": "B",
    }
    assert ("at_hash" in identity, "rt_hash" in identity, "auth_time" in identity) == (True, False, True)
    assert (access["aud"], access["azp"], access["sub"] == identity["sub"]) == ("account", "c", True)
    assert set(access["scope"].split()) == set(OFFLINE.split())


def test_userinfo_knows_the_person(app, client):
    tokens = signed_in(app)
    url = app.discovered["userinfo_endpoint"]
    answers = [app.http.get(url, headers={"Authorization": f"Bearer {each}"}) for each in (tokens["access_token"], "x")]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[0].json()["email"] == "anna@example.com"


def test_switch_takes_refresh_tokens_away_and_refreshes_go_on_without(app, client):
    token = signed_in(app)["refresh_token"]
    client.change_client("c", attributes={"use.refresh.tokens": "false"})
    again, fresh = app.refresh(token), signed_in(app)
    assert ("access_token" in again, "refresh_token" in again, "refresh_token" in fresh) == (True, False, False)


def test_refresh_brings_another_token_and_the_old_one_goes_on(app):
    first = signed_in(app)["refresh_token"]
    second = app.refresh(first)["refresh_token"]
    assert claims(first)["jti"] != claims(second)["jti"]
    assert all("access_token" in app.refresh(each) for each in (first, second, first))


def test_rotation_refuses_the_second_use_and_the_newest_dies_too(app, client):
    client.change(revokeRefreshToken=True)
    first = signed_in(app)["refresh_token"]
    second = app.refresh(first)["refresh_token"]
    said = [refusal(app.refresh(first)), refusal(app.refresh(second))]
    client.change(revokeRefreshToken=False)
    assert said == [
        ("invalid_grant", "Maximum allowed refresh token reuse exceeded"),
        ("invalid_grant", "Session doesn't have required client"),
    ]


def test_rotation_with_one_reuse_lets_two_pass(app, client):
    client.change(revokeRefreshToken=True, refreshTokenMaxReuse=1)
    token = signed_in(app)["refresh_token"]
    passed = ["access_token" in app.refresh(token) for _ in range(3)]
    client.change(revokeRefreshToken=False, refreshTokenMaxReuse=0)
    assert passed == [True, True, False]


def test_rotation_switched_on_hits_tokens_already_issued(app, client):
    token = signed_in(app)["refresh_token"]
    client.change(revokeRefreshToken=True)
    passed = ["access_token" in app.refresh(token) for _ in range(2)]
    client.change(revokeRefreshToken=False)
    assert passed == [True, False]


LIMITS = {
    "idle of the client": ({IDLE: "2"}, {}, "Session doesn't have required client"),
    "idle of the realm below the client's": (
        {IDLE: "1000"},
        {"offlineSessionIdleTimeout": 2},
        "Offline user session not found",
    ),
    "maximum of the client": ({MAXIMUM: "2"}, {}, "Session doesn't have required client"),
    "plain idle, told by the token": ({"client.session.idle.timeout": "2"}, {}, "Token is not active"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_session_ends_by(app, client, server, case):
    attributes, settings, words = LIMITS[case]
    usual = {name: client.read()[name] for name in settings}
    client.change_client("c", attributes=attributes)
    client.change(**settings)
    tokens = signed_in(app, "openid" if case.startswith("plain") else OFFLINE)
    server.wait(4)
    answer = app.refresh(tokens["refresh_token"])
    client.change(**usual)
    assert refusal(answer) == ("invalid_grant", words)


def test_refreshing_in_time_keeps_an_idle_session(app, client, server):
    client.change_client("c", attributes={IDLE: "4"})
    token = signed_in(app)["refresh_token"]
    for _ in range(3):
        server.wait(2)
        token = app.refresh(token)["refresh_token"]


def test_scope_taken_away_stops_refreshes_until_it_is_back(app, client):
    token = signed_in(app)["refresh_token"]
    client.detach("c", "offline_access")
    without, login = app.refresh(token), signed_in(app)
    client.attach("c", "offline_access")
    assert refusal(without) == (
        "invalid_grant",
        "Offline session invalid because offline access not granted anymore",
    )
    assert refusal(login) == ("invalid_scope", f"Invalid scopes: {OFFLINE}")
    assert "access_token" in app.refresh(token)


def test_person_without_the_role_gets_no_offline_token(realm):
    realm.make_user("anna", PASSWORD)
    realm.make_client("c", secret="s" * 32, redirectUris=[CALLBACK])
    for app in application(realm):
        token = signed_in(app)["refresh_token"]
        realm.drop_default_role("offline_access")
        assert refusal(signed_in(app)) == ("not_allowed", "Offline tokens not allowed for the user or client")
        assert refusal(app.refresh(token))[1] == "Offline session invalid because offline access not granted anymore"


def test_client_made_again_knows_none_of_its_tokens(app, client):
    token = signed_in(app)["refresh_token"]
    client.delete_client("c")
    client.make_client("c", secret="s" * 32)
    assert refusal(app.refresh(token)) == ("invalid_grant", "Session doesn't have required client")


def test_secret_replaced_keeps_sessions_and_refuses_the_old_secret(app, client):
    token = signed_in(app)["refresh_token"]
    client.change_client("c", secret="t" * 32)
    assert refusal(app.refresh(token))[0] == "unauthorized_client"
    app.settings["CODER_OIDC_CLIENT_SECRET"] = "t" * 32
    assert "access_token" in app.refresh(token)


def test_person_switched_off_refreshes_no_more(app, client):
    path = f"{client.admin}/users/{client.request('GET', f'{client.admin}/users?username=anna').json()[0]['id']}"
    token = signed_in(app)["refresh_token"]
    client.request("PUT", path, json={"enabled": False})
    answer = app.refresh(token)
    client.request("PUT", path, json={"enabled": True})
    assert refusal(answer) == ("invalid_grant", "User disabled")


def counted(client):
    """Offline and plain sessions of the client."""
    kinds = ("offline-session-count", "session-count")
    return tuple(client.request("GET", f"{client.client_path('c')}/{each}").json()["count"] for each in kinds)


def told(app, *tokens):
    """Why each is refused; None where it is not."""
    return [refusal(app.refresh(each["refresh_token"]))[1] for each in tokens]


def userinfo(app, tokens):
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return app.http.get(app.discovered["userinfo_endpoint"], headers=headers).status_code


# the server counts in whole seconds: a token of the second of the sign-out itself is not older than it
TICK = 1.1


def test_offline_sessions_are_counted_until_they_are_taken_back(app, client):
    tokens = signed_in(app)
    consents = f"{client.admin}/users/{claims(tokens['id_token'])['sub']}/consents/c"
    assert (counted(client), told(app, tokens)) == ((1, 0), [None])
    assert [client.ask("DELETE", consents).status_code for _ in range(2)] == [204, 404]
    assert (counted(client), told(app, tokens)) == ((0, 0), ["Offline user session not found"])


def test_sign_out_by_an_administrator_makes_the_persons_earlier_tokens_stale(app, client, server):
    offline, plain = signed_in(app), signed_in(app, "openid")
    person = f"{client.admin}/users/{claims(offline['id_token'])['sub']}"
    server.wait(TICK)
    client.request("POST", f"{person}/logout")
    assert told(app, offline, plain) == ["Stale token", "Session not active"]
    assert [userinfo(app, each) for each in (offline, plain)] == [401, 401]
    client.request("PUT", person, json={"notBefore": 0})
    again = signed_in(app)
    since = client.request("GET", person).json()["notBefore"]
    assert (again["not-before-policy"], since > claims(offline["access_token"])["iat"]) == (since, True)
    assert (told(app, offline, again), counted(client), userinfo(app, again)) == (["Stale token", None], (2, 0), 200)


def test_stale_token_of_somebody_switched_off_is_refused_for_being_off(app, client, server):
    tokens = signed_in(app)
    person = f"{client.admin}/users/{claims(tokens['id_token'])['sub']}"
    server.wait(TICK)
    client.request("POST", f"{person}/logout")
    client.request("PUT", person, json={"enabled": False})
    said = told(app, tokens)
    client.request("PUT", person, json={"enabled": True})
    assert said == ["User disabled"]


def test_sign_out_of_everybody_ends_offline_sessions_and_makes_the_realms_earlier_tokens_stale(app, client, server):
    offline, plain = signed_in(app), signed_in(app, "openid")
    server.wait(TICK)
    answer = client.request("POST", f"{client.admin}/logout-all")
    since = client.request("GET", client.admin).json()["notBefore"]
    assert (answer.json(), since > claims(offline["access_token"])["iat"], counted(client)) == ({}, True, (0, 0))
    assert told(app, offline, plain) == ["Stale token", "Stale token"]
    again = signed_in(app)
    assert (told(app, again), again["not-before-policy"]) == ([None], since)
    client.change(notBefore=0)
    assert told(app, offline, again) == ["Offline user session not found", None]


def test_clients_own_not_before_makes_its_earlier_tokens_stale(app, client):
    tokens = signed_in(app)
    since = claims(tokens["refresh_token"])["iat"] + 1
    client.change_client("c", notBefore=since)
    assert told(app, tokens) == ["Stale token"]
    client.change_client("c", notBefore=0)
    assert told(app, tokens) == [None]


REFRESHES = {
    "nonsense": ({"refresh_token": "nonsense"}, 400, "invalid_grant", "Invalid refresh token"),
    "none": ({}, 400, "invalid_request", "No refresh token"),
    "wrong secret": (
        {"client_secret": "x"},
        401,
        "unauthorized_client",
        "Invalid client or Invalid client credentials",
    ),
    "unknown client": ({"client_id": "x"}, 401, "invalid_client", "Invalid client or Invalid client credentials"),
    "password grant off": (
        {"grant_type": "password", "username": "anna", "password": "x"},
        400,
        "unauthorized_client",
        "Client not allowed for direct access grants",
    ),
    "no grant": ({"grant_type": ""}, 400, "unsupported_grant_type", "Unsupported grant_type"),
    "unknown grant": ({"grant_type": "x"}, 400, "unsupported_grant_type", "Unsupported grant_type"),
    "bogus code": ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant", "Code not valid"),
    "service account off": (
        {"grant_type": "client_credentials"},
        401,
        "unauthorized_client",
        "Client not enabled to retrieve service account",
    ),
}


@pytest.mark.parametrize("case", REFRESHES)
def test_token_endpoint_refuses(app, case):
    form, status, error, words = REFRESHES[case]
    whole = {"grant_type": "refresh_token", "client_id": "c", "client_secret": "s" * 32, **form}
    answer = app.http.post(app.discovered["token_endpoint"], data=whole)
    assert (answer.status_code, *refusal(answer.json())) == (status, error, words)


CODES = {
    "used twice": ({}, 2, "Code not valid"),
    "wrong redirect": ({"redirect_uri": "https://a.example.com/x"}, 1, "Incorrect redirect_uri"),
    "no verifier": ({"code_verifier": None}, 1, "PKCE code verifier not specified"),
    "short verifier": ({"code_verifier": "w"}, 1, "PKCE verification failed: Invalid code verifier"),
    "wrong verifier": ({"code_verifier": "w" * 64}, 1, "PKCE verification failed: Code mismatch"),
}


@pytest.mark.parametrize("case", CODES)
def test_code_is_refused(app, case):
    change, times, words = CODES[case]
    verifier = "v" * 64
    app.cookies.clear()
    found = app._code(verifier, CALLBACK, "anna", PASSWORD)
    form = {
        "grant_type": "authorization_code",
        "code": found["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
    }
    answers = [
        app.token(**{name: each for name, each in {**form, **change}.items() if each is not None}) for _ in range(times)
    ]
    assert refusal(answers[-1]) == ("invalid_grant", words)


def test_password_grant_tells_a_wrong_password(client, app):
    client.change_client("c", directAccessGrantsEnabled=True)
    form = {
        "grant_type": "password",
        "client_id": "c",
        "client_secret": "s" * 32,
        "username": "anna",
        "scope": "openid",
    }
    url = app.discovered["token_endpoint"]
    right, wrong = (app.http.post(url, data={**form, "password": each}) for each in (PASSWORD, "wrong"))
    assert {"access_token", "refresh_token", "id_token"} <= set(right.json())
    assert (wrong.status_code, *refusal(wrong.json())) == (400, "invalid_grant", "Invalid user credentials")


def test_consent_is_asked_once(client, app):
    client.change_client("c", consentRequired=True)
    app.settings["CODER_OIDC_SCOPES"] = "openid"
    app.cookies.clear()
    query = {"response_type": "code", "client_id": "c", "redirect_uri": CALLBACK, "scope": "openid"}
    page = app._browse("GET", app.discovered["authorization_endpoint"], params=query)
    action = html.unescape(re.search(r'action="([^"]+)"', page.text)[1])
    page = app._browse("POST", action, data={"username": "anna", "password": PASSWORD})
    if page.status_code == 302:
        page = app._browse("GET", page.headers["Location"])
    assert page.status_code == 200 and "accept" in page.text


def test_unknown_realm_and_disabled_realm_are_told(realm):
    form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
    token = "/realms/{}/protocol/openid-connect/token"
    unknown = realm.http.post(token.format("nope"), data=form)
    realm.change(enabled=False)
    disabled = realm.http.post(token.format(realm.name), data=form)
    discovery = realm.http.get(f"/realms/{realm.name}/.well-known/openid-configuration")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "Realm does not exist")
    assert (disabled.status_code, *refusal(disabled.json())) == (403, "access_denied", "Realm not enabled")
    assert discovery.status_code == 200


PROBES = {
    "fine": ({}, {}, "login_required"),
    "scope": ({"scope": "openid nope"}, {}, "invalid_scope"),
    "flow off": ({}, {"standardFlowEnabled": False}, "unauthorized_client"),
    "no pkce": ({}, {"attributes": {"pkce.code.challenge.method": "S256"}}, "invalid_request"),
    "redirect": ({"redirect_uri": "https://evil.example.com"}, {}, 400),
    "redirect below a star": ({"redirect_uri": "https://a.example.com/x"}, {}, "login_required"),
    "unknown client": ({"client_id": "nope"}, {}, 400),
    "disabled client": ({}, {"enabled": False}, 400),
    "bearer only": ({}, {"bearerOnly": True}, 403),
}


@pytest.mark.parametrize("case", PROBES)
def test_authorization_probe_tells(app, client, case):
    query, change, expected = PROBES[case]
    client.change_client("c", **change)
    usual = {
        "response_type": "code",
        "client_id": "c",
        "redirect_uri": client.client("c")["redirectUris"][0],
        "prompt": "none",
    }
    usual["redirect_uri"] = "https://coder.example.com/api/v2/users/oidc/callback"
    answer = app.http.get(app.discovered["authorization_endpoint"], params={"scope": "openid", **usual, **query})
    location = httpx.URL(answer.headers.get("Location", "http://none"))
    assert location.params.get("error", answer.status_code) == expected
    assert answer.status_code == (302 if isinstance(expected, str) else expected)


def test_signed_in_browser_is_not_asked_again(app):
    signed_in(app, "openid")
    again = app.sign_in("anna", "not asked for")
    assert "access_token" in again


def test_discovery_states_the_same_addresses(app, client):
    base = f"{client.issuer}/protocol/openid-connect"
    names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint")
    names += ("introspection_endpoint", "end_session_endpoint")
    assert [app.discovered[name] for name in names] == [
        f"{base}/{each}" for each in ("auth", "token", "userinfo", "certs", "revoke", "token/introspect", "logout")
    ]
    assert "S256" in app.discovered["code_challenge_methods_supported"]
    assert "offline_access" in app.discovered["scopes_supported"]

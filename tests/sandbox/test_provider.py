"""The OpenID provider by the standards: what every emulation builds on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.sandbox.serving import ALL_FLOWS, ANNA, APP, BASE, CALLBACK, issuer

from oidc_provision.provisioners.sandbox.refreshing import RefreshRules, Rotation
from oidc_provision.provisioners.sandbox.signing import challenge_of, left_half_hash

VERIFIER = "v" * 64
SECRET = {"client_id": "app", "client_secret": APP.secret}


@dataclass
class Browser:
    """Requests in this process, with a jar that keeps `Secure` cookies on plain http."""

    app: object
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, url: str, **more) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            headers = {
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                **more.pop("headers", {}),
            }
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.request(method, url, headers=headers, **more)

        answer = anyio.run(send)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def authorize(self, **query) -> httpx.Response:
        usual = {
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": CALLBACK,
            "scope": "openid offline_access",
        }
        pkce = {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256", "state": "the state"}
        return self.ask("GET", "/authorize", params={**usual, **pkce, **query})

    def typed(self, page: httpx.Response, **fields) -> httpx.Response:
        action = unescape(re.search(r'action="([^"]+)"', page.text)[1])
        return self.ask("POST", action, data=fields)

    def code(self, **query) -> str:
        return back(self.typed(self.authorize(**query), username="anna", password="pw"))["code"]

    def token(self, **form) -> httpx.Response:
        return self.ask("POST", "/token", data={**SECRET, **form})

    def exchange(self, code: str, **form) -> httpx.Response:
        usual = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.token(code=code, **{**usual, **form})

    def refresh(self, token: str, **form) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **form)


def back(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


@pytest.fixture
def browser():
    with issuer() as (app, _, _clock):
        yield Browser(app)


def test_discovery_leads_to_keys_that_check_the_tokens(browser):
    document = browser.ask("GET", "/.well-known/openid-configuration").json()
    keys = KeySet.import_key_set(browser.ask("GET", urlsplit(document["jwks_uri"]).path).json())
    tokens = browser.exchange(browser.code(nonce="n")).json()
    identity = jwt.decode(tokens["id_token"], keys, ["RS256"]).claims
    assert (identity["iss"], identity["aud"], identity["sub"], identity["nonce"]) == (
        document["issuer"],
        "app",
        ANNA.id,
        "n",
    )
    assert identity["at_hash"] == left_half_hash(tokens["access_token"])
    assert "d" not in browser.ask("GET", "/jwks").json()["keys"][0]


def test_way_back_carries_state_and_issuer(browser):
    answer = back(browser.typed(browser.authorize(), username="anna", password="pw"))
    assert (answer["state"], answer["iss"]) == ("the state", BASE)


def test_wrong_password_shows_the_form_again(browser):
    again = browser.typed(browser.authorize(), username="anna", password="wrong")
    assert (again.status_code, "Invalid username or password." in again.text) == (200, True)
    assert "code" in back(browser.typed(again, username="anna", password="pw"))


def test_form_of_another_browser_is_not_taken(browser):
    page = browser.authorize()
    browser.cookies.clear()
    assert browser.typed(page, username="anna", password="pw").status_code == 400


def test_signed_in_person_is_asked_again_only_on_request(browser):
    browser.code()
    assert "code" in back(browser.authorize())
    assert browser.authorize(prompt="login").status_code == 200


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"scope": "openid nonsense"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_browser_is_sent_back_with(browser, query, error):
    answer = back(browser.authorize(**query))
    assert (answer["error"], answer["state"], "code" in answer) == (error, "the state", False)


@pytest.mark.parametrize("query", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example.com"}])
def test_browser_is_not_sent_to_strangers(browser, query):
    answer = browser.authorize(**query)
    assert (answer.status_code, "location" in answer.headers) == (400, False)


def test_what_comes_in_is_escaped_on_pages():
    with issuer(app=replace(APP, name="<script>alert(1)</script>", needs_consent=True)) as (app, _, _clock):
        browser = Browser(app)
        page = browser.typed(browser.authorize(), username="anna", password="pw")
    assert "<script>" not in page.text and "&lt;script&gt;" in page.text


CODES = {
    "used before": ({}, True),
    "wrong verifier": ({"code_verifier": "w" * 64}, False),
    "no verifier": ({"code_verifier": ""}, False),
    "another redirect": ({"redirect_uri": "https://app.example.com/other"}, False),
    "another client": ({"client_id": "other", "client_secret": "another secret"}, False),
}


@pytest.mark.parametrize("case", CODES)
def test_code_is_refused(browser, case):
    form, spent = CODES[case]
    code = browser.code()
    if spent:
        assert browser.exchange(code).status_code == 200
    answer = browser.exchange(code, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_code_shown_twice_ends_what_it_was_exchanged_for(browser):
    code = browser.code()
    token = browser.exchange(code).json()["refresh_token"]
    browser.exchange(code)
    assert browser.refresh(token).json()["error"] == "invalid_grant"


def test_code_is_over_after_a_minute():
    with issuer() as (app, _, clock):
        browser = Browser(app)
        code = browser.code()
        clock.advance(61)
        assert browser.exchange(code).status_code == 400


ISSUED = {
    ("always", "openid"): True,
    ("always", "openid offline_access"): True,
    ("offline", "openid"): False,
    ("offline", "openid offline_access"): True,
    ("never", "openid offline_access"): False,
}


@pytest.mark.parametrize(("issue", "scope"), ISSUED)
def test_refresh_token_comes_when_the_rules_say_so(issue, scope):
    with issuer(RefreshRules(issue=issue)) as (app, _, _clock):
        browser = Browser(app)
        assert ("refresh_token" in browser.exchange(browser.code(scope=scope)).json()) == ISSUED[issue, scope]


def test_rotated_token_is_good_in_its_grace_and_ends_all_after_it():
    with issuer(RefreshRules(rotation=Rotation(grace=30))) as (app, _, clock):
        browser = Browser(app)
        first = browser.exchange(browser.code()).json()["refresh_token"]
        second = browser.refresh(first).json()["refresh_token"]
        clock.advance(29)
        assert browser.refresh(first).status_code == 200
        clock.advance(2)
        assert [browser.refresh(each).status_code for each in (first, second)] == [400, 400]


def test_idle_and_maximum_are_kept_to():
    with issuer(RefreshRules(idle=100, maximum=250)) as (app, _, clock):
        browser = Browser(app)
        token = browser.exchange(browser.code()).json()["refresh_token"]
        clock.advance(99)
        assert browser.refresh(token).status_code == 200
        clock.advance(100)
        assert "unused for too long" in browser.refresh(token).json()["error_description"]


def test_refresh_token_of_another_client_is_refused(browser):
    token = browser.exchange(browser.code()).json()["refresh_token"]
    assert browser.refresh(token, client_id="other", client_secret="another secret").status_code == 400
    assert browser.refresh(token[:-2] + "xx").status_code == 400


def test_consent_is_asked_once_and_may_be_refused():
    with issuer(app=replace(APP, needs_consent=True)) as (app, _, _clock):
        browser = Browser(app)
        page = browser.typed(browser.authorize(), username="anna", password="pw")
        assert "offline_access" in page.text
        assert back(browser.typed(page, cancel="No"))["error"] == "access_denied"
        assert "code" in back(browser.typed(browser.authorize(), accept="Yes"))
        assert "code" in back(browser.authorize())
        assert "offline_access" in browser.authorize(prompt="consent").text


def test_secret_may_come_in_the_header(browser):
    answer = browser.ask(
        "POST", "/token", data={"grant_type": "client_credentials"}, auth=("app", APP.secret.replace(" ", "%20"))
    )
    assert (answer.status_code, "refresh_token" in answer.json()) == (200, False)


@pytest.mark.parametrize("form", [{"client_secret": "wrong"}, {"client_id": "nobody"}])
def test_wrong_credentials_are_401(browser, form):
    assert browser.token(grant_type="client_credentials", **form).status_code == 401


@pytest.mark.parametrize("grant", ["password", "client_credentials"])
def test_grant_that_is_off_is_refused(grant):
    with issuer(app=replace(APP, flows=ALL_FLOWS - {grant})) as (app, _, _clock):
        answer = Browser(app).token(grant_type=grant, username="anna", password="pw")
    assert answer.json()["error"] == "unauthorized_client"


def test_password_grant_signs_in(browser):
    answer = browser.token(grant_type="password", username="anna", password="pw", scope="openid")
    assert {"access_token", "id_token", "refresh_token"} <= set(answer.json())
    assert answer.headers["cache-control"] == "no-store"


def test_revoked_token_is_inactive_and_refreshes_no_more(browser):
    token = browser.exchange(browser.code()).json()["refresh_token"]
    active = [browser.ask("POST", "/introspect", data={**SECRET, "token": token}).json()["active"]]
    assert browser.ask("POST", "/revoke", data={**SECRET, "token": token}).status_code == 200
    active.append(browser.ask("POST", "/introspect", data={**SECRET, "token": token}).json()["active"])
    assert (active, browser.refresh(token).status_code) == ([True, False], 400)


def test_userinfo_wants_a_token_that_is_not_over():
    with issuer() as (app, _, clock):
        browser = Browser(app)
        header = {"Authorization": "Bearer " + browser.exchange(browser.code()).json()["access_token"]}
        assert browser.ask("GET", "/userinfo", headers=header).json() == {"sub": ANNA.id, "email": "anna@example.com"}
        clock.advance(300)
        assert browser.ask("GET", "/userinfo", headers=header).status_code == 401


def test_sign_out_ends_the_plain_session_and_not_the_offline_one(browser):
    plain = browser.exchange(browser.code(scope="openid")).json()["refresh_token"]
    offline = browser.exchange(back(browser.authorize())["code"]).json()["refresh_token"]
    assert browser.ask("GET", "/logout").status_code == 204
    assert [browser.refresh(each).status_code for each in (plain, offline)] == [400, 200]
    assert browser.authorize().status_code == 200

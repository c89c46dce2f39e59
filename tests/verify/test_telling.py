"""Lies are told in place of good answers, so many times and to nobody else; in process and from outside."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest
from tests.command import ROOT
from tests.live.conftest import Realm
from tests.sandbox.serving import APP, BASE, CALLBACK, issuer
from tests.verify.verifying import at, by_form, verified

from oidc_provision.provisioners.sandbox.lying import NAMES, Lie, Lies, Lying
from oidc_provision.provisioners.sandbox.serving import Sandbox

ADMIN = {
    "grant_type": "password",
    "client_id": "admin-cli",
    "username": "admin",
    "password": "admin",
    "scope": "openid",
}
TOKEN = "/realms/master/protocol/openid-connect/token"
KEYS = "/realms/master/protocol/openid-connect/certs"


@pytest.fixture
def http(sandbox: Sandbox):
    with httpx.Client(base_url=sandbox.url, timeout=10) as client:
        yield client


def test_lies_can_be_told_from_outside(http: httpx.Client, sandbox: Sandbox):
    told = [{"what": "iss", "grant": "refresh_token", "times": 2}, {"what": "jwks-no-keys", "path": "/master/"}]
    shown = [told[0], {"what": "jwks-no-keys", "times": 1, "path": "/master/"}]
    assert http.get("/sandbox/lies").json() == []
    assert http.post("/sandbox/lies", json=told).json() == shown
    assert http.get("/sandbox/lies").json() == shown
    assert sandbox.lies.waiting == (Lie("iss", "refresh_token", 2), Lie("jwks-no-keys", path="/master/"))
    assert http.delete("/sandbox/lies").json() == []


@pytest.mark.parametrize(
    "told",
    [
        [{"what": "nonsense"}], [{}], [{"what": "iss", "grant": "password"}], [{"what": "iss", "path": "("}],
        [{"what": "iss", "more": 1}], [1], 1, [{"what": ["iss"]}],
    ],
)  # fmt: skip
def test_lie_that_is_none_is_refused_with_a_reason(told: Any, http: httpx.Client, sandbox: Sandbox):
    answer = http.post("/sandbox/lies", json=told)
    assert (answer.status_code, sandbox.lies.waiting) == (400, ())
    assert "send a list of lies" in answer.json()["error"]


def test_unknown_lie_names_those_that_there_are():
    with pytest.raises(ValueError, match="jwks-one-unparseable") as refused:
        Lie("nonsense")
    assert [name for name in NAMES if name not in str(refused.value)] == []


def test_page_of_the_sandbox_names_every_lie():
    page = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in page] == []


def test_lie_is_told_so_many_times_and_then_the_truth(http: httpx.Client, sandbox: Sandbox):
    sandbox.lies.tell(Lie("jwks-no-keys", times=2))
    answers = ["keys" in http.get(f"/keycloak{KEYS}").json() for _ in range(3)]
    assert (answers, sandbox.lies.waiting) == ([False, False, True], ())


def test_lie_is_for_its_path_and_for_no_answer_without_tokens(http: httpx.Client, sandbox: Sandbox):
    lies = (Lie("jwks-no-keys", path="/other/"), Lie("html"), Lie("iss"))
    sandbox.lies.tell(*lies)
    assert "keys" in http.get(f"/keycloak{KEYS}").json()
    assert http.post(f"/keycloak{TOKEN}", data={**ADMIN, "password": "wrong"}).is_client_error
    assert "issuer" in http.get("/keycloak/realms/master/.well-known/openid-configuration").json()
    assert http.get("/nowhere").status_code == 404
    # an administrator's sign-in is not what is lied about
    assert "access_token" in http.post(f"/keycloak{TOKEN}", data=ADMIN).json()
    assert sandbox.lies.waiting == lies


def test_probes_meet_no_lie_and_leave_it_for_the_sign_in(sandbox: Sandbox, coder_realm: Realm):
    sandbox.lies.tell(Lie("html"))
    assert verified(*at(coder_realm.issuer)).code == 0
    assert len(sandbox.lies.waiting) == 1
    assert verified(*at(coder_realm.issuer), *by_form()).named("failed") == {"sign-in"}


def test_faults_are_done_to_lies_too(http: httpx.Client, sandbox: Sandbox):
    http.post("/sandbox/faults", json=[{"path": "certs$", "drip": 0.001}])
    sandbox.lies.tell(Lie("jwks-unparseable"))
    assert len(http.get(f"/keycloak{KEYS}").json()["keys"]) == 3


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


async def signed_in(client: httpx.AsyncClient) -> dict[str, Any]:
    """Sign in at the plain issuer, as an application would."""
    asked = {"response_type": "code", "client_id": APP.client_id, "redirect_uri": CALLBACK, "scope": "openid"}
    page = await client.get("/authorize", params=asked)
    form = page.text.partition('action="')[2].partition('"')[0]
    cookies = {"cookie": page.headers["set-cookie"].partition(";")[0]}
    back = await client.post(form, data={"username": "anna", "password": "pw"}, headers=cookies)
    code = httpx.URL(back.headers["location"]).params["code"]
    who = {"client_id": APP.client_id, "client_secret": APP.secret, "redirect_uri": CALLBACK}
    answer = await client.post("/token", data={"grant_type": "authorization_code", "code": code, **who})
    found: dict[str, Any] = answer.json()
    return found


def test_any_application_can_be_made_to_lie_with_its_own_signature():
    lies = Lies([Lie("sub"), Lie("hs256")])
    with issuer() as (app, emulation, _):

        async def whole() -> list[str]:
            transport = httpx.ASGITransport(Lying(app, lies, lambda _path: emulation.signer))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return [(await signed_in(client))["id_token"] for _ in range(3)]

        lied, forged, honest = asyncio.run(whole())
    assert emulation.signer.read(lied) == claims_of(lied)
    assert [claims_of(each)["sub"] for each in (lied, forged, honest)] == ["nobody", "id-of-anna", "id-of-anna"]
    assert emulation.signer.read(forged) is None
    assert lies.waiting == ()

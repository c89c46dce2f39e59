"""An authority that is busy, broken or hostile: our transport alone repeats, and every end is a clear failure."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.entra.tool import BY_SECRET, Authority, once, signed_in, words
from tests.servers import always, answer, gzip_bomb, in_turn, serving

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.plans.meanings import STANDARD
from oidc_provision.provisioners.entra.meanings import MEANINGS
from oidc_provision.provisioners.entra.sandbox.building import TENANT, TOOL_SECRET
from oidc_provision.provisioners.entra.sign_in_refusals import FIXES
from oidc_provision.provisioners.entra.signing_in import EntraSignIn

MIB = 2**20
TOKEN = answer(200, {"access_token": "late", "expires_in": 3600})


@pytest.mark.parametrize("busy", [answer(503, b"", "", Retry_After="7"), answer(429, b"", "", Retry_After="7"), b""])
def test_busy_authority_is_asked_again_by_our_transport(busy):
    authority = Authority(answers=in_turn(busy, TOKEN))

    async def job(lab: Any) -> Any:
        return await once(lab), sum(lab.clock.slept)

    token, slept = authority.work(job)
    assert (token, len(authority.seen)) == ("late", 2)
    assert slept == (7 if busy else 0)


def test_azure_core_adds_no_attempt_of_its_own():
    authority = Authority(answers=always(answer(503, b"", "")))
    with pytest.raises(RemoteFailure, match=r"answered 503 \(not available\), 2 times") as caught:
        authority.work()
    assert (len(authority.seen), caught.value.status) == (2, 503)
    # whoever was about to write something has not written it
    assert (caught.value.arrived, caught.value.ambiguous) == (False, False)


def test_authority_is_told_nothing_of_this_machine():
    authority = Authority()
    authority.work()
    (seen,) = authority.seen
    assert seen.headers["user-agent"] == "oidc-provision"
    assert not [value for value in seen.headers.values() if "python" in value.lower() or "azsdk" in value.lower()]


async def silent(_seen: Any, _write: Any) -> None:
    await asyncio.sleep(60)


def token(**answered: object) -> Any:
    return always(answer(200, answered))


PAGE = b"<html>error access_token expires_in</html>"
NESTED = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HOSTILE = {
    "page": always(answer(200, PAGE, "text/html")),
    "page of an error": always(answer(500, PAGE, "text/html")),
    "page of a refusal": always(answer(401, PAGE, "text/html")),
    "list": always(answer(400, ["error"])),
    "number": always(answer(200, 5)),
    "nothing": always(answer(200, b"")),
    "empty object": token(),
    "token without an end": token(access_token="t"),
    "end without a token": token(expires_in=3600),
    "token that is a number": token(access_token=5, expires_in=3600),
    "token of two lines": token(access_token="one\r\nX-Other: 1", expires_in=3600),
    "end that is a word": token(access_token="t", expires_in="soon"),
    "end that is a list": token(access_token="t", expires_in=[1]),
    "endless lifetime": always(answer(200, b'{"access_token":"t","expires_in":1e999}')),
    "lifetime of 4000 digits": always(answer(200, b'{"access_token":"t","expires_in":' + b"9" * 4000 + b"}")),
    "error that is an object": always(answer(400, {"error": {"a": 1}, "error_description": ["x"]})),
    "id token that is none": token(access_token="t", expires_in=3600, id_token="a.b.c", client_info="!"),
    "nested": always(answer(400, NESTED)),
    "50 MB": always(answer(200, bytes(50 * MIB))),
    "bomb": always(gzip_bomb(50 * MIB)),
    "silence": silent,
    "no HTTP": always(b"\x00\x01\x02 hello\r\n\r\n"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_answer_that_makes_no_sense_is_a_clear_failure(kind):
    with pytest.raises(RemoteFailure) as caught:
        Authority(answers=HOSTILE[kind]).work(request=1.0)
    shown = words(caught.value)
    assert len(shown) < 900
    assert "Traceback" not in shown
    assert TOOL_SECRET not in shown
    assert caught.value.message.startswith(("`127.0.0.1:", "cannot sign in to tenant"))


TOLD = {
    "AADSTS700024: not within its time.": ("the assertion is not valid at this time (AADSTS700024)", "clock"),
    "AADSTS500011: no principal.": ("the API that a token is asked for is not in this tenant (AADSTS500011)", "graph"),
    "AADSTS9999999: new.\x1b[31m": ("the client id or its secret is not accepted (AADSTS9999999)", "admin.client_id"),
}


@pytest.mark.parametrize("said", TOLD)
def test_number_tells_more_and_an_unknown_one_does_no_harm(said):
    refusal = (401, {"error": "invalid_client", "error_description": said})
    with pytest.raises(RemoteFailure) as caught:
        Authority(lambda _form: refusal).work()
    reason, fix = TOLD[said]
    assert caught.value.message.endswith(f": {reason}")
    assert fix in caught.value.fix


def test_error_that_nobody_knows_is_shown_in_its_own_words_on_one_line():
    refusal = (418, {"error": "teapot", "error_description": "short\x1b[31m and stout.\nTrace"})
    with pytest.raises(RemoteFailure, match=r": answered 418, teapot: short \[31m and stout$"):
        Authority(lambda _form: refusal).work()


def test_every_fix_belongs_to_a_meaning():
    assert set(FIXES) <= {each.code for each in (*MEANINGS, *STANDARD)}


def test_challenge_of_azure_arc_is_let_through():
    from azure.core.rest import HttpRequest

    from oidc_provision.provisioners.entra.azure_transport import AzureTransport

    challenge = answer(401, b"", "", WWW_Authenticate="Basic realm=/var/opt/azcmagent/tokens/1.key")

    async def job(lab: Any) -> Any:
        carried = AzureTransport(lab.client, lab.signed_in.sign_in.authority)
        given = await carried.send(HttpRequest("GET", f"{lab.signed_in.sign_in.authority}/token"))
        return given.status_code, given.headers["WWW-Authenticate"][:12]

    assert Authority(answers=always(challenge)).work(job) == (401, "Basic realm=")


def test_redirect_is_not_followed_with_the_secret():
    elsewhere = Authority()

    async def run() -> None:
        async with serving(elsewhere) as other:
            away = Authority(answers=always(answer(307, b"", "", Location=f"{other.url}/x")))
            async with serving(away) as server:
                await signed_in(EntraSignIn(server.url, TENANT, **BY_SECRET))

    with pytest.raises(RemoteFailure, match="redirects are not followed"):
        asyncio.run(run())
    assert elsewhere.seen == []

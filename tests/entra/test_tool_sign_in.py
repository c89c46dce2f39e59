"""The tool's own sign-in, by azure-identity on our transport: one request for all, errors in plain words, nothing said aloud."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from tests.command import ROOT
from tests.entra.tenant import EVERYTHING, Tenant
from tests.entra.test_credentials import certificate, credential, pem
from tests.entra.tool import BY_SECRET, Authority, at, once, signed_in, twenty_times, words
from tests.servers import answer, serving

from oidc_provision.plans.errors import Refused, RemoteFailure, UsageError
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.clock import SystemClock
from oidc_provision.provisioners.entra.sandbox import emulate
from oidc_provision.provisioners.entra.sandbox.building import TENANT, TOOL_APP, TOOL_SECRET
from oidc_provision.provisioners.entra.sandbox.emulation import EntraEmulation
from oidc_provision.provisioners.entra.signing_in import EntraSignIn, claims_of
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.serving import Sandbox, random_id
from oidc_provision.provisioners.tls import TlsSettings
from oidc_provision.provisioners.transport import TransportSettings, open_client

OTHER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def certified(key: Any) -> Sealed:
    """The tool's certificate with its key, as a plan's reference gives it."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    public = x509.load_der_x509_certificate(certificate(key, 3650)).public_bytes(Encoding.PEM)
    return Sealed((pem(key) + public).decode())


def in_the_machines_time(folder: Path, *, secure: bool) -> tuple[Sandbox, EntraEmulation, str]:
    """A sandbox on http or https; azure-identity dates its assertions by the machine's clock."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    clock = MovableClock(SystemClock())
    sandbox = Sandbox(["entra"], clock=clock, certificate=folder / "server.pem" if secure else None)
    emulation = emulate(clock, random_id)
    sandbox.emulations = {"entra": emulation}
    return sandbox, emulation, str(folder / "ca.pem")


@pytest.fixture(params=["http", "https"])
def today(request: Any, tmp_path: Path) -> Iterator[Tenant]:
    """A tenant in the machine's time."""
    sandbox, emulation, ca = in_the_machines_time(tmp_path, secure=request.param == "https")
    context = ssl.create_default_context(cafile=ca)
    with sandbox, httpx.Client(verify=context, timeout=30) as http:
        tenant = Tenant(sandbox, emulation, http)
        tenant.sign_in(*EVERYTHING)
        yield tenant


def trust(folder: Path) -> TlsSettings:
    return TlsSettings(ca_file=str(folder / "ca.pem"))


def test_twenty_callers_make_one_request_and_graph_takes_the_token(tenant):
    async def job(lab: Any) -> Any:
        return await twenty_times(lab), dict(lab.settings.traffic.counts)

    tokens, counts = at(tenant.url, job)
    assert list(counts.values()) == [1]
    (tenant.token,) = set(tokens)
    assert tenant.good("GET", "/applications")["value"]
    assert claims_of(tenant.token)["tid"] == TENANT


def test_secret_and_certificate_sign_in_on_http_and_on_https(today, tmp_path, key, certified):
    end = (datetime.now(UTC) + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    tool = f"/applications(appId='{TOOL_APP}')"
    today.good("PATCH", tool, {"keyCredentials": [credential(certificate(key, 3650), endDateTime=end)]})
    for stated in (BY_SECRET, {"client_id": TOOL_APP, "certificate": certified}):
        today.token = at(today.url, tls=trust(tmp_path), **stated)
        assert today.good("GET", "/applications")["value"]


def test_certificate_that_is_not_the_applications_is_named(today, tmp_path, certified):
    with pytest.raises(RemoteFailure) as caught:
        at(today.url, tls=trust(tmp_path), client_id=TOOL_APP, certificate=certified)
    assert "AADSTS700027" in caught.value.message
    assert caught.value.fix == "upload the certificate of `admin.certificate` to the tool's application"


def test_authority_that_is_not_trusted_is_our_transports_word(tmp_path):
    sandbox, _, _ = in_the_machines_time(tmp_path, secure=True)
    with sandbox, pytest.raises(RemoteFailure) as caught:
        at(sandbox.at("entra"))
    assert caught.value.message.startswith("`127.0.0.1:")
    assert "`--ca-file`" in caught.value.fix


def expired(tenant: Tenant) -> dict[str, Any]:
    settings = tenant.consented_app()
    tenant.sandbox.clock.advance(3 * 366 * 86400)
    return {
        "client_id": settings["CODER_OIDC_CLIENT_ID"],
        "client_secret": Sealed(settings["CODER_OIDC_CLIENT_SECRET"]),
    }


def without_principal(tenant: Tenant) -> dict[str, Any]:
    made = tenant.make_app()
    secret = tenant.good("POST", f"/applications/{made['id']}/addPassword", {})["secretText"]
    return {"client_id": made["appId"], "client_secret": Sealed(secret)}


def disabled(tenant: Tenant) -> dict[str, Any]:
    tenant.good("PATCH", f"/servicePrincipals/{tenant.principal}", {"accountEnabled": False})
    return BY_SECRET


WRONG = {
    "the client secret is wrong": lambda _: BY_SECRET | {"client_secret": Sealed("hushhush-wrong")},
    "the client secret is over (AADSTS7000222)": expired,
    "the app is not in this tenant, or disabled (AADSTS700016)": lambda _: BY_SECRET | {"client_id": OTHER},
    "the app is not in this tenant, or disabled (AADSTS7000112)": disabled,
    "the tenant is not found": lambda _: BY_SECRET | {"tenant": OTHER},
    "the app has no service principal in this tenant (AADSTS7000229)": without_principal,
    "a scope that ends with /.default (AADSTS1002012)": lambda _: BY_SECRET | {"scope": "https://graph.example.com/x"},
}


@pytest.mark.parametrize("reason", WRONG)
def test_refusal_is_explained_with_tenant_application_and_fix(tenant, reason):
    stated = WRONG[reason](tenant)
    with pytest.raises(RemoteFailure) as caught:
        at(tenant.url, **stated)
    error = caught.value
    start = f"cannot sign in to tenant `{stated.get('tenant', TENANT)}` as application `{stated['client_id']}`: "
    assert error.message.startswith(start)
    assert reason in error.message
    assert (error.arrived, error.status in (400, 401)) == (False, True)
    assert error.where.startswith(f"POST {tenant.url}/")
    assert "admin." in error.fix or "`" in error.fix
    assert "CODER" not in error.fix
    assert stated["client_secret"].reveal() not in words(error)


def test_failure_is_shared_by_those_who_wait_and_not_remembered():
    refusal = (401, {"error": "invalid_client", "error_description": "AADSTS7000215: no."})
    authority = Authority(lambda _form: refusal if len(authority.forms) == 1 else None)

    async def job(lab: Any) -> Any:
        many = await asyncio.gather(*(once(lab) for _ in range(20)), return_exceptions=True)
        return many, await once(lab)

    many, later = authority.work(job)
    assert {type(each) for each in many} == {RemoteFailure}
    assert (later, len(authority.forms)) == ("t2", 2)


def test_token_is_renewed_once_for_all_five_minutes_before_its_end():
    authority = Authority(lifetime=3600)

    async def job(lab: Any) -> Any:
        await once(lab)
        await lab.clock.sleep(3280)
        before = set(await twenty_times(lab))
        await lab.clock.sleep(40)
        return before, set(await twenty_times(lab))

    assert authority.work(job) == ({"t1"}, {"t2"})
    assert len(authority.forms) == 2


@pytest.mark.parametrize("lifetime", [200, "200"])
def test_token_that_ends_soon_is_used_for_half_of_its_time(lifetime):
    authority = Authority(lifetime=lifetime)

    async def job(lab: Any) -> Any:
        found = [await once(lab)]
        for seconds in (80, 40):
            await lab.clock.sleep(seconds)
            found.append(await once(lab))
        return found

    assert authority.work(job) == ["t1", "t1", "t2"]


def test_refused_token_is_renewed_by_the_first_to_say_so_alone():
    authority = Authority()

    async def job(lab: Any) -> Any:
        first = await once(lab)
        renewed = await asyncio.gather(*(lab.signed_in.token(refused=first) for _ in range(20)))
        late = await lab.signed_in.token(refused=first)
        return first, {*renewed, late}, await lab.signed_in.token(fresh=True)

    assert authority.work(job) == ("t1", {"t2"}, "t3")
    assert len(authority.forms) == 3


def test_caller_that_gives_up_does_not_end_it_for_the_others():
    authority = Authority()

    async def job(lab: Any) -> Any:
        tasks = [asyncio.ensure_future(once(lab)) for _ in range(5)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await asyncio.gather(*tasks[1:])

    assert authority.work(job) == ["t1"] * 4
    assert len(authority.forms) == 1


def test_secrets_and_tokens_are_hidden_from_then_on():
    async def job(lab: Any) -> Any:
        return lab.settings.redactor.clean(f"{await once(lab)} of {lab.signed_in.sign_in}")

    authority = Authority()
    authority.token = lambda: answer(200, {"access_token": "opaque-access", "expires_in": 60})
    shown = authority.work(job)
    assert shown.startswith("(redacted) of EntraSignIn(")
    assert TOOL_SECRET not in shown


def test_token_of_another_tenant_is_refused(tenant):
    # whatever the reason: a multi-tenant authority, an account of somewhere else
    domain = tenant.emulation.box.value.domain
    assert at(tenant.url, tenant=domain, **BY_SECRET)
    authority = Authority()
    authority.token = lambda: answer(200, {"access_token": tenant.token, "expires_in": 60})
    assert authority.work() == tenant.token

    async def elsewhere() -> None:
        async with serving(authority) as server:
            await signed_in(EntraSignIn(server.url, OTHER, **BY_SECRET))

    with pytest.raises(Refused, match=f"is to tenant `{TENANT}`, and the plan is about tenant `{OTHER}`"):
        asyncio.run(elsewhere())


def test_plain_http_is_for_this_machine_alone():
    with pytest.raises(UsageError, match="does not sign in over plain http"):
        at("http://login.example.com")


AUTHORITY = "http://127.0.0.1:80/entra"
SENT = {
    "https://127.0.0.1:80/entra/t/oauth2/v2.0/token": "http://127.0.0.1/entra/t/oauth2/v2.0/token",
    "https://127.0.0.1:80/entrance": "https://127.0.0.1:80/entrance",
    "https://127.0.0.1:8080/entra/t": "https://127.0.0.1:8080/entra/t",
    "https://login.microsoftonline.com/t": "https://login.microsoftonline.com/t",
    "http://127.0.0.1:80/metadata?a=b": "http://127.0.0.1/metadata?a=b",
}


@pytest.mark.parametrize("asked", SENT)
def test_nothing_but_an_authority_on_loopback_is_sent_as_plain_http(asked):
    from azure.core.rest import HttpRequest

    from oidc_provision.provisioners.entra.azure_transport import AzureTransport

    seen = []

    def wire(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, headers={"Content-Type": "application/json"}, stream=httpx.ByteStream(b"{}"))

    async def send() -> None:
        settings = TransportSettings(wire=httpx.MockTransport(wire), proxies={})
        async with open_client(settings) as client, AzureTransport(client, AUTHORITY) as carried:
            assert (await carried.send(HttpRequest("GET", asked))).status_code == 200

    asyncio.run(send())
    assert seen == [SENT[asked]]


def test_closing_a_credential_leaves_the_client_open():
    authority = Authority()

    async def job(lab: Any) -> Any:
        way = lab.signed_in._ways.made("client-secret")
        async with way.credential as credential:
            await credential.get_token_info("https://graph.microsoft.com/.default")
        assert not lab.client.is_closed
        return await once(lab)

    assert authority.work(job) == "t2"


@pytest.mark.parametrize("absent", ["azure.identity.aio", "azure.core.pipeline.transport"])
def test_missing_library_is_named_with_the_extra(monkeypatch, absent):
    monkeypatch.setitem(sys.modules, absent, None)
    monkeypatch.delitem(sys.modules, "oidc_provision.provisioners.entra.azure_transport", raising=False)
    with pytest.raises(UsageError, match="needs `azure") as caught:
        at("https://127.0.0.1:9")
    assert caught.value.fix == "pip install 'oidc-provision[entra]'"


def test_certificate_of_no_use_is_told_before_anything_is_sent(certified):
    for useless in ("nonsense", certified.reveal().split("-----END PRIVATE KEY-----")[1]):
        with pytest.raises(UsageError, match=r"`admin\.certificate` holds no certificate and key of use") as caught:
            at("https://127.0.0.1:9", client_id=TOOL_APP, certificate=Sealed(useless))
        assert "RSA private key" in caught.value.fix


@pytest.mark.parametrize("unreadable", ["", "opaque", "a.b", "a.%%%.c", "a.bm90IGpzb24.c", "a.WyJhIl0.c", "a./w.c"])
def test_token_that_cannot_be_read_claims_nothing(unreadable):
    assert claims_of(unreadable) == {}


QUIETLY = """
import sys
sys.path[:0] = sys.argv[2:]
from oidc_provision.provisioners.entra import rights, signing_in
print(sorted({name.partition(".")[0] for name in sys.modules} & {"azure", "msal", "httpx", "requests"}))
from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.plans.sealed import Sealed
from tests.entra.tool import at
try:
    at(sys.argv[1], client_id="x", client_secret=Sealed("wrong"))
except RemoteFailure as error:
    print(error.message[-23:])
"""


def test_importing_it_imports_no_library_and_a_failure_is_not_logged_aloud(tenant):
    command = [sys.executable, "-c", QUIETLY, tenant.url, str(ROOT / ".src"), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (["[]", "disabled (AADSTS700016)"], "")

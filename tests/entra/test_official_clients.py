"""Microsoft's own clients against the emulation: msgraph-sdk reads and writes it, azure-identity signs in to it over https."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import trustme
from tests.entra.tenant import CALLBACK, EVERYTHING, Tenant
from tests.entra.test_credentials import certificate, credential, pem

from oidc_provision.provisioners.clock import SystemClock
from oidc_provision.provisioners.entra.sandbox import emulate
from oidc_provision.provisioners.entra.sandbox.building import TOOL_APP, TOOL_SECRET
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.serving import Sandbox, random_id

# the SDK warns about its own use of its own library (kiota 1.16)
pytestmark = [
    pytest.mark.filterwarnings("ignore:GetQueryParameters:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning"),
]
SCOPE = "https://graph.microsoft.com/.default"


@pytest.fixture
def models() -> Any:
    from msgraph.generated import models

    return models


@asynccontextmanager
async def client(tenant: Tenant) -> AsyncIterator[Any]:
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph_core import GraphClientFactory

    async def token(*_scopes: str, **_more: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken(tenant.token, int(datetime.now(UTC).timestamp()) + 3600)

    async def close() -> None: ...

    signing_in = AzureIdentityAuthenticationProvider(SimpleNamespace(get_token=token, close=close), scopes=["x"])
    http = httpx.AsyncClient(trust_env=False)
    # the SDK wraps the transport and forgets to close it (msgraph-core 1.5)
    inner = http._transport
    adapter = GraphRequestAdapter(signing_in, client=GraphClientFactory.create_with_default_middleware(client=http))
    adapter.base_url = f"{tenant.url}/graph/v1.0"
    try:
        yield GraphServiceClient(request_adapter=adapter)
    finally:
        await inner.aclose()
        await http.aclose()


def test_sdk_makes_an_application_gives_it_a_secret_and_reads_it_back(tenant, models):
    from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
        AddPasswordPostRequestBody,
    )
    from msgraph.generated.models.application import Application
    from msgraph.generated.models.web_application import WebApplication

    async def calls() -> tuple[Any, Any, Any]:
        async with client(tenant) as graph:
            app = await graph.applications.post(
                Application(display_name="Coder", web=WebApplication(redirect_uris=[CALLBACK]))
            )
            item = graph.applications.by_application_id(app.id)
            secret = await item.add_password.post(AddPasswordPostRequestBody())
            await item.patch(Application(notes="n"))
            return app, secret, await item.get()

    made, secret, found = asyncio.run(calls())
    assert (found.app_id, found.notes, found.web.redirect_uris) == (made.app_id, "n", [CALLBACK])
    assert secret.secret_text.startswith(secret.hint)
    assert found.password_credentials[0].secret_text is None
    assert found.password_credentials[0].end_date_time - found.created_date_time == timedelta(days=730)


def test_sdk_upserts_by_unique_name_and_reads_refusals(tenant, models):
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.models.application import Application
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError

    async def calls() -> tuple[Any, Any]:
        async with client(tenant) as graph:
            one = graph.applications_with_unique_name("coder")
            with pytest.raises(ODataError) as refused:
                await one.patch(Application(display_name="Coder"))
            configuration = RequestConfiguration()
            configuration.headers.add("Prefer", "create-if-missing")
            made = await one.patch(Application(display_name="Coder"), request_configuration=configuration)
            return refused.value, made

    refused, made = asyncio.run(calls())
    assert (refused.response_status_code, refused.error.code) == (404, "Request_ResourceNotFound")
    assert refused.error.inner_error.request_id
    assert made.unique_name == "coder"


def test_sdk_follows_pages_of_grants_and_principals(tenant, models):
    async def calls() -> tuple[Any, Any]:
        async with client(tenant) as graph:
            principals = await graph.service_principals.get()
            return principals, await graph.oauth2_permission_grants.get()

    tenant.consented_app()
    principals, grants = asyncio.run(calls())
    assert {each.display_name for each in principals.value} == {"Microsoft Graph", "oidc-provision", "Coder"}
    assert set(grants.value[0].scope.split()) == {"openid", "profile", "email", "offline_access"}


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(tmp_path: Path, authority: trustme.CA) -> Iterator[Tenant]:
    """A tenant on https, in the machine's own time: the clients look at their own clock."""
    chain = tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(chain))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    clock = MovableClock(SystemClock())
    sandbox = Sandbox(["entra"], clock=clock, certificate=chain)
    emulation = emulate(clock, random_id)
    sandbox.emulations = {"entra": emulation}
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with sandbox, httpx.Client(verify=context, timeout=30) as http:
        tenant = Tenant(sandbox, emulation, http)
        tenant.sign_in(*EVERYTHING)
        yield tenant


def test_sandbox_on_https_is_trusted_by_its_authority_alone(secure):
    assert secure.url.startswith("https://127.0.0.1:")
    assert secure.good("GET", "/organization")["value"]
    assert httpx.URL(secure.application(_settings(secure)).discovered["issuer"]).scheme == "https"
    with pytest.raises(httpx.ConnectError, match="certificate"):
        httpx.get(secure.url)


def _settings(tenant: Tenant) -> dict[str, str]:
    return {"CODER_OIDC_ISSUER_URL": tenant.issuer}


def azure(secure: Tenant, tmp_path: Path, kind: str, **more: Any) -> Any:
    from azure import identity

    return getattr(identity, kind)(
        secure.emulation.box.value.tenant,
        TOOL_APP,
        **more,
        authority=secure.url,
        disable_instance_discovery=True,
        connection_verify=str(tmp_path / "ca.pem"),
    )


def test_azure_identity_signs_in_with_the_secret(secure, tmp_path):
    with azure(secure, tmp_path, "ClientSecretCredential", client_secret=TOOL_SECRET) as signing_in:
        secure.token = signing_in.get_token(SCOPE).token
    assert secure.good("GET", "/applications")["value"]


def test_azure_identity_reads_the_refusal(secure, tmp_path):
    with azure(secure, tmp_path, "ClientSecretCredential", client_secret="wrong") as signing_in:
        with pytest.raises(Exception, match="AADSTS7000215"):
            signing_in.get_token(SCOPE)


def test_azure_identity_signs_in_with_a_certificate(secure, tmp_path):
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding

    key = rsa.generate_private_key(65537, 2048)
    der = certificate(key, 3650)
    end = (datetime.now(UTC) + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    tool = f"/applications(appId='{TOOL_APP}')"
    secure.good("PATCH", tool, {"keyCredentials": [credential(der, endDateTime=end)]})
    data = pem(key) + x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    with azure(secure, tmp_path, "CertificateCredential", certificate_data=data) as signing_in:
        secure.token = signing_in.get_token(SCOPE).token
    assert secure.good("GET", "/applications")["value"]
    secure.good("PATCH", tool, {"keyCredentials": []})
    with azure(secure, tmp_path, "CertificateCredential", certificate_data=data) as signing_in:
        with pytest.raises(Exception, match="AADSTS700027"):
            signing_in.get_token(SCOPE)

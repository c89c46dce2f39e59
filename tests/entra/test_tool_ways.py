"""What the tool tries where a plan states neither secret nor certificate: environment, workload identity, managed identity, Azure CLI."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.entra.tenant import Tenant
from tests.entra.test_credentials import certificate, pem
from tests.entra.tool import Authority, at, once
from tests.servers import Seen, Write, answer, free_port, in_turn, serving

from oidc_provision.plans.errors import Refused, RemoteFailure, UsageError
from oidc_provision.provisioners.entra import ways
from oidc_provision.provisioners.entra.sandbox.building import TENANT, TOOL_APP, TOOL_SECRET

OTHER = "11111111-2222-4333-8444-555555555555"
LATER = 4102444800
IN_ENVIRONMENT = {"AZURE_CLIENT_ID": TOOL_APP, "AZURE_CLIENT_SECRET": TOOL_SECRET}
NOBODY = "http://127.0.0.1:9"
MANAGED = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET")


class Machine:
    """The machine that the tool runs on: its environment, and an `az` that says what it is told and notes what it was asked."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = patch
        # az is looked for where there is none, and the endpoint of managed identities is a port where nobody listens
        patch.setenv("PATH", str(folder))
        self.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=f"http://127.0.0.1:{asyncio.run(free_port())}")
        for name in MANAGED:
            patch.delenv(name, raising=False)

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self._patch.setenv(name, value)

    def az(self, *lines: str) -> None:
        """Make an `az` of these lines of shell."""
        program = self._folder / "az"
        program.write_text("\n".join(["#!/bin/sh", f'echo "$@" >> {self._folder}/asked', *lines, ""]))
        program.chmod(0o700)

    def az_prints(self, **answered: object) -> None:
        self.az(f"echo '{json.dumps(answered)}'")

    @property
    def asked(self) -> list[str]:
        noted = self._folder / "asked"
        return noted.read_text().splitlines() if noted.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_application_of_the_environment_signs_in(tenant, machine):
    tenant.token = at(tenant.url, chain=("environment",), environment=IN_ENVIRONMENT)
    assert tenant.good("GET", "/applications")["value"]
    # the plan's tenant, whatever the environment names
    assert at(tenant.url, chain=("environment",), environment=IN_ENVIRONMENT | {"AZURE_TENANT_ID": OTHER})


def certificate_file(folder: Path) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding

    key = rsa.generate_private_key(65537, 2048)
    public = x509.load_der_x509_certificate(certificate(key)).public_bytes(Encoding.PEM)
    (folder / "tool.pem").write_bytes(pem(key) + public)
    return str(folder / "tool.pem")


def test_certificate_of_the_environment_signs_in(tmp_path):
    environment = {"AZURE_CLIENT_ID": TOOL_APP, "AZURE_CLIENT_CERTIFICATE_PATH": certificate_file(tmp_path)}
    authority = Authority()
    assert authority.work(chain=("environment",), environment=environment) == "t1"
    assert authority.forms[0]["client_assertion_type"].endswith(":jwt-bearer")
    with pytest.raises(UsageError, match="`AZURE_CLIENT_CERTIFICATE_PATH` names: no such file"):
        environment["AZURE_CLIENT_CERTIFICATE_PATH"] += ".old"
        authority.work(chain=("environment",), environment=environment)


FEDERATED = {"AZURE_CLIENT_ID": TOOL_APP, "AZURE_FEDERATED_TOKEN_FILE": "set by the test"}


def test_workload_identity_sends_the_token_of_its_file_each_time(tmp_path):
    (tmp_path / "token").write_text("first-assertion\n")
    authority = Authority(lifetime=600)

    async def job(lab: Any) -> Any:
        await once(lab)
        (tmp_path / "token").write_text("second-assertion")
        await lab.clock.sleep(500)
        await once(lab)
        return lab.settings.redactor.clean("first-assertion second-assertion")

    environment = FEDERATED | {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")}
    hidden = authority.work(job, chain=("workload-identity",), environment=environment)
    assert [form["client_assertion"] for form in authority.forms] == ["first-assertion", "second-assertion"]
    assert {form["client_id"] for form in authority.forms} == {TOOL_APP}
    assert hidden == "(redacted) (redacted)"


def test_plan_names_another_application_for_workload_identity(tmp_path):
    (tmp_path / "token").write_text("assertion")
    environment = FEDERATED | {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")}
    refusal = (400, {"error": "invalid_request", "error_description": "AADSTS700213: No matching record for subject."})
    authority = Authority(lambda _form: refusal)
    with pytest.raises(RemoteFailure, match=f"as application `{OTHER}` by workload identity: no federated") as caught:
        authority.work(chain=("workload-identity",), client_id=OTHER, environment=environment)
    assert "(AADSTS700213)" in caught.value.message
    assert caught.value.fix == "add a federated credential with them to the tool's application"


class Endpoint:
    """Where a machine in Azure asks for its managed identity's token."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    async def __call__(self, seen: Seen, write: Write) -> None:
        self.seen.append(seen)
        made = {"access_token": "managed", "expires_on": str(LATER), "resource": "https://graph.microsoft.com"}
        await write(answer(200, made | {"token_type": "Bearer"}))


def managed(machine: Machine, endpoint: Any, variable: str, **more: Any) -> str:
    from tests.entra.tool import EntraSignIn, signed_in

    async def run() -> str:
        async with serving(endpoint) as server:
            machine.set(**{variable: server.url})
            return await signed_in(EntraSignIn(NOBODY, TENANT, chain=("managed-identity",), **more))

    return asyncio.run(run())


def test_managed_identity_of_a_virtual_machine_signs_in(machine):
    endpoint = Endpoint()
    assert managed(machine, endpoint, "AZURE_POD_IDENTITY_AUTHORITY_HOST", client_id=OTHER) == "managed"
    (seen,) = endpoint.seen
    path, _, query = seen.path.partition("?")
    assert path == "/metadata/identity/oauth2/token"
    assert {"resource=https://graph.microsoft.com", f"client_id={OTHER}"} <= set(query.split("&"))
    assert seen.headers["metadata"] == "true"


def test_managed_identity_of_an_app_service_signs_in(machine):
    endpoint = Endpoint()
    machine.set(IDENTITY_HEADER="header-of-the-app")
    assert managed(machine, endpoint, "IDENTITY_ENDPOINT") == "managed"
    assert endpoint.seen[0].headers["x-identity-header"] == "header-of-the-app"


def test_identity_that_the_machine_does_not_have_is_told(machine):
    refusal = answer(400, {"error": "invalid_request", "error_description": "Identity not found"})
    with pytest.raises(RemoteFailure, match="managed-identity: .*No identity has been|identity has not been assigned"):
        managed(machine, in_turn(refusal), "AZURE_POD_IDENTITY_AUTHORITY_HOST")


def test_endpoint_in_trouble_is_named_and_not_hidden_by_azure_identity(machine):
    endpoint = in_turn(answer(503, b"", ""))
    with pytest.raises(RemoteFailure, match=r"managed-identity: `127\.0\.0\.1:\d+` answered 503 \(not available\)"):
        managed(machine, endpoint, "AZURE_POD_IDENTITY_AUTHORITY_HOST")


def test_machine_outside_azure_finds_out_soon(machine, monkeypatch):
    from azure.identity._credentials import imds

    async def silent(_seen: Seen, _write: Write) -> None:
        await asyncio.sleep(60)

    monkeypatch.delenv("AZURE_POD_IDENTITY_AUTHORITY_HOST")
    machine.az_prints(accessToken="from-az", expires_on=LATER)

    async def run() -> str:
        from tests.entra.tool import EntraSignIn, signed_in

        async with serving(silent) as server:
            monkeypatch.setattr(imds, "IMDS_AUTHORITY", server.url)
            chain = ("managed-identity", "azure-cli")
            return await asyncio.wait_for(signed_in(EntraSignIn(NOBODY, TENANT, chain=chain), request=60), 20)

    assert asyncio.run(run()) == "from-az"


def test_azure_cli_is_asked_for_the_plans_tenant_and_for_graph(machine):
    machine.az_prints(accessToken="from-az", expires_on=LATER, tokenType="Bearer")
    assert at(NOBODY, chain=("azure-cli",)) == "from-az"
    assert machine.asked == [
        f"account get-access-token --output json --resource https://graph.microsoft.com --tenant {TENANT}"
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['echo "Please run az login to set up" >&2', "exit 1"], "azure-cli: Please run 'az login'"),
        (["exec sleep 60"], "azure-cli: Timed out waiting for Azure CLI"),
        (['echo "ERROR: AADSTS50078: MFA has expired." >&2', "exit 1"], r"multi-factor .* \(AADSTS50078\)"),
        (['echo "ERROR: something else" >&2', "exit 3"], "of the Azure CLI: ERROR: something else"),
        (["echo nonsense"], "of the Azure CLI: Unexpected output from Azure CLI"),
        (['echo \'{"accessToken": 5, "expires_on": 1}\''], "of the Azure CLI: the answer holds no token of use"),
    ],
)
def test_azure_cli_that_gives_no_token_says_why(machine, monkeypatch, lines, words):
    monkeypatch.setattr(ways, "_AZ_SECONDS", 1)
    machine.set(PATH=f"{machine._folder}:/usr/bin:/bin")
    machine.az(*lines)

    async def job(lab: Any) -> Any:
        try:
            return await once(lab)
        finally:
            # azure-identity kills an az that hangs, and does not wait for its end
            await asyncio.sleep(0.2)

    with pytest.raises(RemoteFailure, match=words) as caught:
        at(NOBODY, job, chain=("azure-cli",))
    assert "az login" in caught.value.fix or not caught.value.fix or "authority" in caught.value.fix


def test_account_of_another_tenant_is_refused(tenant, machine):
    machine.az_prints(accessToken=tenant.token, expires_on=LATER)
    assert at(NOBODY, chain=("azure-cli",)) == tenant.token
    with pytest.raises(Refused, match=f"of the Azure CLI is to tenant `{TENANT}`") as caught:
        at(NOBODY, tenant=OTHER, chain=("azure-cli",))
    assert f"az login --tenant {OTHER}" in caught.value.fix


def test_machine_that_offers_nothing_is_told_each_way_and_why(machine):
    with pytest.raises(RemoteFailure) as caught:
        at(NOBODY, client_id="")
    message = caught.value.message
    assert message.startswith(f"cannot sign in to tenant `{TENANT}`: no way is available (environment: ")
    assert "environment: `AZURE_CLIENT_ID` is not set; workload-identity: `AZURE_FEDERATED_TOKEN_FILE` is" in message
    assert "; managed-identity: `127.0.0.1:" in message
    assert message.endswith("; azure-cli: Azure CLI not found on path)")
    assert "az login --tenant" in caught.value.fix
    assert not caught.value.arrived


LACKING = {
    "`AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH` is not set": {"AZURE_CLIENT_ID": TOOL_APP},
    "`AZURE_CLIENT_ID` is another application than `admin.client_id`": IN_ENVIRONMENT | {"AZURE_CLIENT_ID": OTHER},
}


@pytest.mark.parametrize("why", LACKING)
def test_environment_that_does_not_do_says_what_is_wrong(machine, why):
    with pytest.raises(RemoteFailure) as caught:
        at(NOBODY, chain=("environment",), client_id=TOOL_APP, environment=LACKING[why])
    assert why in caught.value.message


def test_first_way_that_is_there_is_taken(tenant: Tenant, machine):
    machine.az_prints(accessToken="from-az", expires_on=LATER)
    assert at(tenant.url, client_id=TOOL_APP, environment=IN_ENVIRONMENT) != "from-az"
    assert machine.asked == []
    assert at(tenant.url, chain=("azure-cli", "environment"), environment=IN_ENVIRONMENT) == "from-az"


def test_way_that_is_there_and_fails_ends_the_search(tenant: Tenant, machine):
    machine.az_prints(accessToken="from-az", expires_on=LATER)
    with pytest.raises(RemoteFailure, match="AADSTS7000215") as caught:
        at(tenant.url, client_id=TOOL_APP, environment=IN_ENVIRONMENT | {"AZURE_CLIENT_SECRET": "hushhush-wrong"})
    assert machine.asked == []
    assert "hushhush" not in caught.value.message


def test_unknown_way_is_a_mistake():
    with pytest.raises(UsageError, match="no way `magic`") as caught:
        at(NOBODY, chain=("magic",))
    assert caught.value.fix == "use one of environment, workload-identity, managed-identity, azure-cli"

"""Microsoft's own JavaScript client against the emulation over https: it reads what we wrote, and we read what it wrote."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import httpx
import pytest
import trustme
from tests.entra import describing
from tests.entra.javascript.client import JavaScript, connected, provisioned, upsert
from tests.entra.javascript.installing import UnavailableError, installed, node
from tests.entra.javascript.ours import Found, Ours, delegated, settings
from tests.entra.javascript.recording import RecordedSandbox, Watched
from tests.entra.tenant import CALLBACK, EVERYTHING, SCOPES, fresh
from tests.laws.worlds.entra import ADMIN

from oidc_provision.provisioners.clock import SystemClock
from oidc_provision.provisioners.entra.sandbox import emulate
from oidc_provision.provisioners.entra.sandbox.building import GRAPH_APP, TOOL_SECRET
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.serving import random_id

# the first test waits for npm
pytestmark = pytest.mark.timeout(300)
SECOND = "https://coder.example.org/api/v2/users/oidc/callback"
FOREIGN = {
    "resourceAppId": "00000002-0000-0000-c000-000000000000",
    "resourceAccess": [{"id": "311a71cc-e848-46a1-bdf8-97ff7156d8e6", "type": "Scope"}],
}


@pytest.fixture(scope="session")
def package() -> Path:
    try:
        node()
        return installed()
    except UnavailableError as error:
        reason = f"Microsoft's JavaScript client is not here: {error}"
        if os.environ.get("OIDC_PROVISION_REQUIRE_LIVE"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A private authority, and beside it the key and chain of a server that it vouches for."""
    made = trustme.CA()
    made.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


@pytest.fixture
def tenant(authority: Path) -> Iterator[Watched]:
    """A tenant on https. At the end all that it was asked and answered is held to Graph's description."""
    clock = MovableClock(SystemClock())
    sandbox = RecordedSandbox(["keycloak"], clock=clock, certificate=authority.with_name("server.pem"))
    emulation = emulate(clock, random_id)
    emulation.load(fresh())
    sandbox.emulations = {"entra": emulation}
    context = ssl.create_default_context(cafile=str(authority))
    with sandbox, httpx.Client(verify=context, timeout=30) as http:
        tenant = Watched(sandbox, emulation, http)
        tenant.sign_in(*EVERYTHING)
        yield tenant
    for exchange in tenant.exchanges:
        describing.check(exchange)


@pytest.fixture
def we(tenant: Watched, authority: Path, monkeypatch: pytest.MonkeyPatch) -> Ours:
    """The product, with the tool's secret in the environment and plans beside the authority."""
    monkeypatch.setenv(ADMIN.removeprefix("env:"), TOOL_SECRET)
    return Ours(tenant, authority.parent)


Connect = Callable[[], AbstractContextManager[JavaScript]]


@pytest.fixture
def connect(package: Path, tenant: Watched, authority: Path) -> Connect:
    """The client with the token that the tenant's caller holds by then."""
    return lambda: connected(package, f"{tenant.url}/graph/", tenant.token, authority)


@pytest.fixture
def graph(connect: Connect) -> Iterator[JavaScript]:
    with connect() as client:
        yield client


def test_client_reads_the_application_that_we_wrote(graph, we):
    wrote = we.write("coder")
    query = {"filter": "uniqueName eq 'coder'", "select": ["id", "appId", "web", "passwordCredentials"], "top": 1}
    (app,) = graph.good("get", "/applications", query=query)["value"]
    assert app["appId"] == wrote["CODER_OIDC_CLIENT_ID"]
    assert app["web"]["redirectUris"] == [CALLBACK]
    (secret,) = app["passwordCredentials"]
    assert (secret["secretText"], secret["hint"]) == (None, wrote["CODER_OIDC_CLIENT_SECRET"][:3])
    whole = graph.good("get", f"/applications/{app['id']}")
    (api,) = whole["requiredResourceAccess"]
    asked = sorted(each["id"] for each in delegated()["resourceAccess"])
    assert (api["resourceAppId"], sorted(each["id"] for each in api["resourceAccess"])) == (GRAPH_APP, asked)
    assert (whole["uniqueName"], whole["signInAudience"]) == ("coder", "AzureADMyOrg")


def test_client_reads_the_consent_that_we_gave(graph, we):
    wrote = we.write("coder")
    query = {"filter": f"appId eq '{wrote['CODER_OIDC_CLIENT_ID']}'"}
    (principal,) = graph.good("get", "/servicePrincipals", query=query)["value"]
    query = {"filter": f"clientId eq '{principal['id']}'"}
    (grant,) = graph.good("get", "/oauth2PermissionGrants", query=query)["value"]
    assert (grant["consentType"], set(grant["scope"].split())) == ("AllPrincipals", set(SCOPES.split(",")))
    resource = graph.good("get", f"/servicePrincipals/{grant['resourceId']}", query={"select": ["appId"]})
    assert resource["appId"] == GRAPH_APP


def test_we_read_the_application_that_the_client_wrote(graph, we):
    app = provisioned(graph, "coder")
    found = we.read("coder")
    scopes = frozenset(SCOPES.split(","))
    assert found == Found(app["appId"], frozenset({CALLBACK}), scopes, scopes, (app["secret"]["keyId"],))


def test_plan_that_we_import_of_what_the_client_wrote_finds_nothing_to_change(tenant, graph, we):
    app = provisioned(graph, "coder")
    told = we.finds(we.imported(app["appId"]))
    assert (told.code, "No changes. The live state matches the plan." in told.out) == (0, True), told.all
    graph.good("patch", f"/applications/{app['id']}", {"isFallbackPublicClient": True})
    told = we.finds(we.folder / "imported.yaml")
    assert (told.code, "isFallbackPublicClient  true -> false" in told.out) == (2, True), told.all


def test_person_signs_in_and_refreshes_with_what_we_wrote(tenant, we):
    assert {"access_token", "id_token", "refresh_token"} <= set(tenant.tokens(we.write("coder")))


def test_person_signs_in_and_refreshes_with_what_the_client_wrote(tenant, graph):
    app = provisioned(graph, "coder")
    tokens = tenant.tokens(settings(tenant, app["appId"], app["secret"]["secretText"]))
    assert {"access_token", "id_token", "refresh_token"} <= set(tokens)


def test_upsert_makes_an_application_once_and_then_changes_it(tenant, graph):
    made = upsert(graph, "coder")
    assert upsert(graph, "coder", web={"redirectUris": [CALLBACK, SECOND]}) is None
    again = graph.good("get", "/applications", query={"filter": "displayName eq 'coder'"})["value"]
    assert [(each["id"], set(each["web"]["redirectUris"])) for each in again] == [(made["id"], {CALLBACK, SECOND})]


def test_we_bring_up_to_date_what_the_client_made_and_leave_the_rest(graph, we):
    theirs = {"notes": "theirs", "tags": ["team-a"], "requiredResourceAccess": [FOREIGN]}
    made = upsert(graph, "coder", **theirs)
    assert we.write("coder")["CODER_OIDC_CLIENT_ID"] == made["appId"]
    found = graph.good("get", f"/applications/{made['id']}")
    assert (found["notes"], found["tags"], found["web"]["redirectUris"]) == ("theirs", ["team-a"], [CALLBACK])
    assert FOREIGN in found["requiredResourceAccess"]
    assert we.read("coder").asked == set(SCOPES.split(","))


def test_secret_that_the_client_removes_is_gone_and_the_other_one_stays(tenant, graph, we):
    wrote = we.write("coder")
    address = f"/applications(appId='{wrote['CODER_OIDC_CLIENT_ID']}')"
    second = graph.good("post", f"{address}/addPassword", {"passwordCredential": {"displayName": "second"}})
    (first,) = set(we.read("coder").secrets) - {second["keyId"]}
    assert graph.good("post", f"{address}/removePassword", {"keyId": first}) is None
    assert we.read("coder").secrets == (second["keyId"],)
    assert tenant.tokens(wrote)["error"] == "invalid_client"
    assert "refresh_token" in tenant.tokens({**wrote, "CODER_OIDC_CLIENT_SECRET": second["secretText"]})


def test_consent_that_the_client_narrows_is_read_by_us(graph, we):
    we.write("coder")
    (grant,) = graph.good("get", "/oauth2PermissionGrants")["value"]
    address = f"/oauth2PermissionGrants/{grant['id']}"
    assert graph.good("patch", address, {"scope": "openid profile"}) is None
    assert we.read("coder").consented == {"openid", "profile"}
    graph.good("delete", address)
    assert we.read("coder").consented == frozenset()


def test_deleted_application_is_found_in_the_bin_and_taken_out_again(tenant, graph, we):
    wrote = we.write("coder")
    app = graph.good("get", f"/applications(appId='{wrote['CODER_OIDC_CLIENT_ID']}')")
    graph.good("delete", f"/applications/{app['id']}")
    assert graph.refused("get", f"/applications/{app['id']}")["statusCode"] == 404
    restored = graph.good("post", f"/directory/deletedItems/{app['id']}/restore", {})
    assert restored["appId"] == wrote["CODER_OIDC_CLIENT_ID"]
    assert tenant.good("GET", f"/applications/{app['id']}")["web"]["redirectUris"] == [CALLBACK]


@pytest.mark.parametrize("pause", [None, 1, 3, 5])
def test_iterator_follows_the_pages_of_applications_to_the_end(tenant, graph, pause):
    names = {f"coder-{number}" for number in range(7)} | {"oidc-provision"}
    for name in names - {"oidc-provision"}:
        tenant.make_app(displayName=name)
    asked = len(tenant.exchanges)
    query = {"top": 3, "select": ["id", "displayName"]}
    told = graph.good("pages", "/applications", query=query, pause=pause)
    assert (told["complete"], told["before"]) == (True, pause or 8)
    assert sorted(each["displayName"] for each in told["items"]) == sorted(names)
    pages = [str(each.request.url) for each in tenant.exchanges[asked:]]
    assert ["skiptoken" in page for page in pages] == [False, True, True]


def test_client_counts_what_the_other_index_finds(tenant, graph):
    tenant.make_app()
    query = {"filter": "displayName ne 'Coder'", "count": True, "top": 1}
    eventual = {"ConsistencyLevel": "eventual"}
    told = graph.good("get", "/applications", query=query, headers=eventual)
    assert (told["@odata.count"], [each["displayName"] for each in told["value"]]) == (1, ["oidc-provision"])
    error = graph.refused("get", "/applications", query=query)
    assert (error["statusCode"], error["code"]) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize(
    ("do", "path"),
    [
        ("get", "/applications/00000000-0000-0000-0000-000000000001"),
        ("patch", "/applications(uniqueName='nobody')"),
        ("get", "/servicePrincipals(appId='00000000-0000-0000-0000-000000000001')"),
    ],
)
def test_client_reads_who_is_not_there(graph, tenant, do, path):
    error = graph.refused(do, path, {"displayName": "nobody"})
    assert (error["kind"], error["statusCode"], error["code"]) == ("GraphError", 404, "Request_ResourceNotFound")
    refusal = tenant.exchanges[-1]
    assert error["message"] == refusal.json()["error"]["message"]
    assert error["requestId"] == refusal.headers["request-id"]
    assert refusal.request.headers["client-request-id"] == refusal.headers["client-request-id"]


@pytest.mark.parametrize(
    ("do", "path", "body"),
    [
        ("patch", "/applications(uniqueName='coder')", {"displayName": "theirs"}),
        ("post", "/applications(appId='{app}')/addPassword", {}),
        ("delete", "/applications(appId='{app}')", None),
        ("get", "/oauth2PermissionGrants", None),
    ],
)
def test_client_reads_what_it_may_not_do(tenant, connect, do, path, body, we):
    app = we.write("coder")["CODER_OIDC_CLIENT_ID"]
    before = we.read("coder")
    tenant.sign_in("Application.Read.All")
    with connect() as graph:
        assert graph.good("get", "/applications", query={"filter": f"appId eq '{app}'"})["value"]
        error = graph.refused(do, path.format(app=app), body)
    assert (error["statusCode"], error["code"]) == (403, "Authorization_RequestDenied")
    tenant.sign_in(*EVERYTHING)
    assert we.read("coder") == before


def test_client_reads_that_its_token_is_none(package, tenant, authority):
    with connected(package, f"{tenant.url}/graph/", "nonsense", authority) as graph:
        error = graph.refused("get", "/applications")
    assert (error["statusCode"], error["code"]) == (401, "InvalidAuthenticationToken")


def test_client_without_our_authority_sends_nothing(package, tenant):
    with connected(package, f"{tenant.url}/graph/", tenant.token, None) as graph:
        error = graph.refused("get", "/applications")
    assert (error["statusCode"], error["code"]) == (-1, "TypeError")
    assert tenant.exchanges == []


@pytest.mark.parametrize(
    ("more_sent", "more_got", "refused"),
    [
        ({}, {}, None),
        ({"displayname": "Coder"}, {}, "Request body validation error"),
        ({}, {"id": 1}, "1 is not of type 'string'"),
        ({}, {"made_up": "x"}, "'made_up' was unexpected"),
    ],
)
def test_exchange_of_the_client_is_held_to_the_description(tenant, graph, more_sent, more_got, refused):
    graph.good("post", "/applications", {"displayName": "Coder"})
    (exchange,) = tenant.exchanges
    sent = {**json.loads(exchange.request.content), **more_sent}
    address, fields = exchange.request.url, {"authorization": exchange.request.headers["authorization"]}
    request = httpx.Request("POST", address, headers=fields, json=sent)
    answer = httpx.Response(exchange.status_code, json={**exchange.json(), **more_got}, request=request)
    with pytest.raises(Exception, match=refused) if refused else nullcontext():
        describing.check(answer)

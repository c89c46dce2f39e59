"""Secrets and certificates: shown once, good for a while, and what policies forbid of them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FORBIDDEN = "CredentialTypeNotAllowedAsPerAppPolicy"
TOO_LONG = "CredentialInvalidLifetimeAsPerAppPolicy"
PROOF = "00000002-0000-0000-c000-000000000000"


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


def certificate(key: rsa.RSAPrivateKey, days: int = 300) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "coder")])
    start = datetime(2025, 12, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=days))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def credential(der: bytes, **more: object) -> dict[str, object]:
    usual = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode()}
    return {**usual, "endDateTime": "2026-09-01T00:00:00Z", **more}


def signed(key: rsa.RSAPrivateKey, **claims: object) -> str:
    at = int(NOW.timestamp())
    return jwt.encode({"alg": "RS256"}, {"nbf": at, "exp": at + 600, **claims}, RSAKey.import_key(pem(key)))


def pem(key: rsa.RSAPrivateKey) -> bytes:
    shape = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, shape, serialization.NoEncryption())


def test_text_of_a_secret_is_answered_once(tenant):
    app = tenant.make_app()
    address = f"/applications/{app['id']}"
    made = tenant.good("POST", f"{address}/addPassword", {"passwordCredential": {"displayName": "run 1"}})
    (kept,) = tenant.good("GET", address)["passwordCredentials"]
    assert (made["hint"], kept["hint"], kept["secretText"]) == (made["secretText"][:3], made["hint"], None)
    assert 16 <= len(made["secretText"]) <= 64
    assert (kept["keyId"], kept["displayName"]) == (made["keyId"], "run 1")
    years = datetime.fromisoformat(kept["endDateTime"]) - datetime.fromisoformat(kept["startDateTime"])
    assert years == timedelta(days=730)
    listed = tenant.good("GET", "/applications")["value"]
    assert made["secretText"] not in json.dumps(listed)


def test_retried_addition_leaves_two_and_one_can_be_removed(tenant):
    app = tenant.make_app()
    address = f"/applications(appId='{app['appId']}')"
    first, second = (tenant.good("POST", f"{address}/addPassword", {}) for _ in range(2))
    assert first["secretText"] != second["secretText"]
    tenant.good("POST", f"{address}/removePassword", {"keyId": first["keyId"]})
    assert tenant.code("POST", f"{address}/removePassword", {"keyId": first["keyId"]})[0] == 400
    assert [each["keyId"] for each in tenant.good("GET", address)["passwordCredentials"]] == [second["keyId"]]


def test_personal_audience_has_room_for_two_secrets(tenant):
    audience = {"signInAudience": "AzureADandPersonalMicrosoftAccount", "api": {"requestedAccessTokenVersion": 2}}
    path = f"/applications/{tenant.make_app(**audience)['id']}/addPassword"
    for _ in range(2):
        tenant.good("POST", path, {})
    assert tenant.code("POST", path, {}) == (400, "Directory_QuotaExceeded")


RESTRICTIONS = {
    "secrets forbidden": ({"restrictionType": "passwordAddition"}, {}, FORBIDDEN),
    "usual life too long": ({"restrictionType": "passwordLifetime", "maxLifetime": "P90D"}, {}, TOO_LONG),
    "asked life too long": (
        {"restrictionType": "passwordLifetime", "maxLifetime": "P30D"},
        {"endDateTime": "2026-02-10T00:00:00Z"},
        TOO_LONG,
    ),
    "life within": (
        {"restrictionType": "passwordLifetime", "maxLifetime": "P30D"},
        {"endDateTime": "2026-01-20T00:00:00Z"},
        "",
    ),
    "switched off": ({"restrictionType": "passwordAddition", "state": "disabled"}, {}, ""),
    "for later applications": (
        {"restrictionType": "passwordAddition", "restrictForAppsCreatedAfterDateTime": "2026-06-01T00:00:00Z"},
        {},
        "",
    ),
    "custom secrets only": ({"restrictionType": "customPasswordAddition"}, {}, ""),
}


@pytest.mark.parametrize("own", [False, True], ids=["tenant's policy", "application's policy"])
@pytest.mark.parametrize(("restriction", "wanted", "code"), RESTRICTIONS.values(), ids=RESTRICTIONS)
def test_policy_says_which_secrets_there_may_be(tenant, restriction, wanted, code, own):
    app = tenant.make_app()
    found = {"passwordCredentials": [{"state": "enabled", **restriction}]}
    if own:
        made = tenant.good("POST", "/policies/appManagementPolicies", {"displayName": "p", "restrictions": found})
        link = {"@odata.id": f"{tenant.url}/graph/v1.0/policies/appManagementPolicies/{made['id']}"}
        tenant.good("POST", f"/applications/{app['id']}/appManagementPolicies/$ref", link)
    else:
        body = {"isEnabled": True, "applicationRestrictions": found}
        tenant.good("PATCH", "/policies/defaultAppManagementPolicy", body)
    answer = tenant.ask("POST", f"/applications/{app['id']}/addPassword", json={"passwordCredential": wanted})
    assert answer.json().get("error", {}).get("code", "") == code


def test_policy_of_the_application_stands_in_place_of_the_tenants(tenant):
    app = tenant.make_app()
    forbidden = {"passwordCredentials": [{"restrictionType": "passwordAddition", "state": "enabled"}]}
    tenant.good(
        "PATCH", "/policies/defaultAppManagementPolicy", {"isEnabled": True, "applicationRestrictions": forbidden}
    )
    made = tenant.good("POST", "/policies/appManagementPolicies", {"displayName": "p", "restrictions": {}})
    path = f"/applications/{app['id']}/appManagementPolicies"
    tenant.good("POST", f"{path}/$ref", {"@odata.id": f"{tenant.url}/graph/v1.0/policies/x/{made['id']}"})
    assert tenant.good("POST", f"/applications/{app['id']}/addPassword", {})["secretText"]
    tenant.good("DELETE", f"{path}/{made['id']}/$ref")
    assert tenant.code("POST", f"/applications/{app['id']}/addPassword", {}) == (400, FORBIDDEN)


def test_certificate_is_shown_only_to_who_asks_for_it(tenant, key):
    app = tenant.make_app()
    address = f"/applications/{app['id']}"
    tenant.good("PATCH", address, {"keyCredentials": [credential(certificate(key), displayName="one")]})
    (plain,) = tenant.good("GET", address)["keyCredentials"]
    (asked,) = tenant.good("GET", f"{address}?$select=keyCredentials")["keyCredentials"]
    assert (plain["key"], base64.b64decode(asked["key"])) == (None, certificate(key))
    # the whole list is replaced, and one that is there may be named by its keyId alone
    tenant.good("PATCH", address, {"keyCredentials": [{**plain, "displayName": "two"}]})
    (again,) = tenant.good("GET", f"{address}?$select=keyCredentials")["keyCredentials"]
    assert again == {**asked, "displayName": "two"}


def test_second_certificate_needs_the_proof_of_the_first(tenant, key):
    app = tenant.make_app()
    address = f"/applications/{app['id']}"
    good = signed(key, aud=PROOF, iss=app["id"])
    body = {"keyCredential": credential(certificate(key, 200)), "passwordCredential": None, "proof": good}
    assert tenant.code("POST", f"{address}/addKey", body)[0] == 401
    tenant.good("PATCH", address, {"keyCredentials": [credential(certificate(key))]})
    added = tenant.good("POST", f"{address}/addKey", body)
    assert tenant.code("POST", f"{address}/addKey", {**body, "proof": signed(key, aud=PROOF, iss="x")})[0] == 401
    tenant.good("POST", f"{address}/removeKey", {"keyId": added["keyId"], "proof": good})
    assert len(tenant.good("GET", address)["keyCredentials"]) == 1

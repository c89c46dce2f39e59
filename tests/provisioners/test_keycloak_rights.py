"""What an access token tells of the rights of its account."""

import base64
import json

import pytest

from oidc_provision.provisioners.keycloak.rights import ALL_ROLES, Account, held_roles, missing

HERE = Account(name="oidc-provision", service=True, realm="engineering", managed="engineering")
MASTER = Account(name="admin", service=False, realm="master", managed="engineering")


def token(claims):
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.e30"


@pytest.mark.parametrize("unreadable", ["", "opaque", "a.b", "a.%%%.c", "a.bm90IGpzb24.c", token(["no", "object"])])
def test_a_token_that_cannot_be_read_tells_nothing(unreadable):
    assert held_roles(unreadable, HERE) is None


@pytest.mark.battery(45)
@pytest.mark.parametrize(
    ("claims", "account", "roles"),
    [
        ({"sub": "x"}, HERE, None),
        ({"resource_access": {}}, HERE, set()),
        ({"resource_access": {"realm-management": {"roles": ["view-clients"]}}}, HERE, {"view-clients"}),
        ({"resource_access": {"engineering-realm": {"roles": ["view-clients"]}}}, HERE, set()),
        ({"resource_access": {"engineering-realm": {"roles": ["view-clients"]}}}, MASTER, {"view-clients"}),
        ({"realm_access": {"roles": ["admin"]}}, MASTER, ALL_ROLES),
        ({"realm_access": {"roles": ["admin"]}}, HERE, set()),
        ({"realm_access": "odd", "resource_access": {"realm-management": {"roles": "odd"}}}, HERE, set()),
    ],
)
def test_roles_are_those_of_the_client_that_manages_the_realm(claims, account, roles):
    assert held_roles(token(claims), account) == roles


def test_who_may_manage_may_also_view():
    assert missing(frozenset({"manage-clients"}), ["view-clients", "manage-clients", "view-realm"]) == ("view-realm",)


def test_the_grant_names_the_user_whom_keycloak_makes_for_a_client():
    account = Account(name="OIDC-Provision", service=True, realm="engineering", managed="engineering")
    assert "--uusername service-account-oidc-provision --cclientid realm-management" in account.grant("view-realm")
    assert "--uusername admin --cclientid engineering-realm" in MASTER.grant("view-realm")

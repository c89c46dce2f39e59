"""What a plan wants of Keycloak where no look at a realm tells two answers apart."""

from pathlib import Path

import pytest
import yaml
from tests.cases.running import merged
from tests.stranger import deployment

from oidc_provision.plans.load import load
from oidc_provision.plans.resources import Exactly
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.keycloak import KIND
from oidc_provision.provisioners.keycloak.fields import MAPPER_NAMES, client_address, mapper_field, realm_address
from oidc_provision.provisioners.keycloak.wants import client_part, desired, keycloak, requested_scopes

BASE = yaml.safe_load((Path(__file__).parents[1] / "cases/keycloak/base.yaml").read_text())["plan"]
CODER, REALM = client_address("coder"), realm_address("engineering")


def plan(**parts):
    return load([("plan.yaml", yaml.safe_dump(merged(BASE, parts)).encode())], {"keycloak": KIND})[0].plan


def named(taken):
    live = {CODER: {MAPPER_NAMES: frozenset(taken)}}
    return desired(plan(client={"groups_claim": "groups"}), live)[CODER][mapper_field("groups", "name")]


@pytest.mark.parametrize(
    ("taken", "name"),
    [([], "groups"), (["other"], "groups"), (["groups"], "groups 2"), (["groups", "groups 2"], "groups 3")],
)
def test_a_new_mapper_takes_the_first_free_name(taken, name):
    assert named(taken) == Exactly(name)


def test_a_plan_without_shared_settings_wants_nothing_of_the_realm():
    assert set(desired(plan(), {})) == {CODER}
    assert set(desired(plan(shared={"revoke_refresh_token": True}), {})) == {CODER, REALM}


def test_a_realm_that_was_not_read_has_no_scopes_and_no_claims():
    wanted = desired(plan(client={"groups_claim": "groups"}), {})[CODER]
    assert wanted["optionalClientScopes"].settle(None) == {"profile", "email", "offline_access"}
    assert wanted["defaultClientScopes"].settle(None) == frozenset()
    assert wanted[mapper_field("groups", "name")] == Exactly("groups")


def test_a_secret_is_replaced_only_where_rotation_is_asked_for():
    live = {CODER: {"secret": Sealed("kept")}}
    assert desired(plan(), live)[CODER]["secret"].settle(Sealed("kept")) == Sealed("kept")
    assert desired(plan(), live, rotate=True)[CODER]["secret"].settle(Sealed("kept")) != Sealed("kept")


@pytest.mark.parametrize("stated", ["offline_access", {"name": "offline_access", "kind": "default"}])
def test_offline_access_is_asked_for_once(stated):
    names = [scope.name for scope in requested_scopes(plan(client={"scopes": ["openid", stated]}))]
    assert names == ["offline_access"]


def test_offline_access_that_is_fixed_as_default_is_not_optional_too():
    wanted = desired(plan(client={"scopes": [{"name": "offline_access", "kind": "default"}]}), {})[CODER]
    assert wanted["defaultClientScopes"].settle(None) == {"offline_access"}
    assert wanted["optionalClientScopes"].settle(frozenset({"offline_access"})) == frozenset()


def test_a_plan_of_another_kind_is_a_bug_and_says_so():
    with pytest.raises(TypeError, match="^not a Keycloak plan: stranger$"):
        keycloak(deployment().plan)
    with pytest.raises(TypeError, match="^not a Keycloak plan: its client has no Keycloak keys$"):
        client_part(deployment().plan)

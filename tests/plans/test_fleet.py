import pytest

from oidc_provision.plans.errors import PlanError

from .plan_files import EXAMPLE, edited, load_text

OTHER = edited("id: coder", "id: other").replace("secrets/coder.env", "secrets/other.env")


def problems(*texts):
    with pytest.raises(PlanError) as caught:
        load_text(*texts)
    return [(problem.message, str(problem.position)) for problem in caught.value.problems]


def test_fleet_of_different_clients_is_loaded_in_order():
    assert [deployment.client_id for deployment in load_text(EXAMPLE, OTHER)] == ["coder", "other"]


def test_same_client_in_two_plans_names_both_places():
    target = "realm https://sso.example.com/realms/engineering"
    message = f"client `coder` at {target} is in two plans: also in plan.yaml:14:7"
    assert problems(EXAMPLE, EXAMPLE) == [(message, "plan1.yaml:14:7")]


def test_same_client_of_two_realms_is_two_clients():
    assert len(load_text(EXAMPLE, edited("realm: engineering", "realm: sales").replace("coder.env", "sales.env"))) == 2


def test_two_clients_that_keep_their_secrets_in_one_place_are_refused():
    elsewhere = edited("id: coder", "id: other").replace("file:secrets", "file:./x/../secrets")
    message = "`other` keeps its secret where `coder` keeps its own: plan.yaml:16:19"
    assert problems(EXAMPLE, elsewhere) == [(message, "plan1.yaml:16:19")]


CONTRADICTIONS = [
    ("revoke_refresh_token: false", "revoke_refresh_token: true", "shared.revoke_refresh_token", "26:3"),
    ("env:KEYCLOAK_ADMIN_SECRET", "env:ANOTHER", "identity_provider.admin", "12:3"),
]


@pytest.mark.parametrize(("old", "new", "name", "place"), CONTRADICTIONS)
def test_plans_of_one_realm_that_contradict_each_other_name_both_places(old, new, name, place):
    message = f"`{name}` differs between two plans of realm https://sso.example.com/realms/engineering: see also plan.yaml:{place}"
    assert problems(EXAMPLE, OTHER.replace(old, new)) == [(message, f"plan1.yaml:{place}")]


@pytest.mark.parametrize("new", ["sso_session_idle_timeout: 1h", "default_roles: [a]"])
def test_different_settings_of_one_realm_are_no_contradiction(new):
    assert len(load_text(EXAMPLE, OTHER.replace("revoke_refresh_token: false", new))) == 2


def test_default_roles_of_several_plans_add_up():
    texts = [
        text.replace("revoke_refresh_token: false", roles)
        for text, roles in ((EXAMPLE, "default_roles: [a]"), (OTHER, "default_roles: [b]"))
    ]
    assert len(load_text(*texts)) == 2

"""Kinds of identity providers: our own folders, and strangers' packages by their entry points."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest
from tests import stranger

from oidc_provision.plans.errors import PlanError, UsageError
from oidc_provision.plans.load import load
from oidc_provision.provisioners import registry
from oidc_provision.provisioners.base import HttpRules
from oidc_provision.provisioners.habits import Habits
from oidc_provision.provisioners.oidc.asking import Request
from oidc_provision.provisioners.oidc.of_plan import stated
from oidc_provision.provisioners.oidc.tokens import Credentials

GUIDE = "see docs/adding-an-identity-provider.md"
POINT = EntryPoint("stranger", "tests.stranger", registry.GROUP)


@pytest.fixture
def stranger_installed(monkeypatch: pytest.MonkeyPatch):
    """As if a distribution with this entry point were installed."""

    def found(**selected: str) -> EntryPoints:
        return EntryPoints([POINT, EntryPoint("stranger", "os", "other.group")]).select(**selected)

    monkeypatch.setattr(registry, "entry_points", found)


def test_our_own_kinds_are_the_folders_with_settings():
    assert "keycloak" in registry.kinds()
    assert all((registry.HERE / kind / "settings.py").is_file() for kind in registry.kinds())


@pytest.mark.parametrize("kind", registry.kinds())
def test_a_kind_brings_all_that_it_must(kind):
    package = registry.load(kind)
    missing = [name for name in registry.Kind.__annotations__ if not hasattr(package, name)]
    assert not missing, f"provisioners/{kind}/__init__.py lacks {', '.join(missing)}: {GUIDE}"
    assert isinstance(package.HTTP, HttpRules) and isinstance(package.HABITS, Habits)
    assert callable(package.open_provisioner)
    assert package.EXAMPLE.is_file() and package.ASKS and package.RULES
    (example,) = load([(str(package.EXAMPLE), package.EXAMPLE.read_bytes())], registry.PlanKinds())
    assert example.plan.identity_provider.type == kind


@pytest.mark.usefixtures("stranger_installed")
def test_a_strangers_kind_is_found_and_loaded_when_named():
    assert registry.kinds()[-1] == "stranger"
    assert registry.load("stranger").KIND == stranger.KIND
    assert registry.PlanKinds()["stranger"] == stranger.KIND


@pytest.mark.usefixtures("stranger_installed")
def test_a_strangers_plan_loads_beside_ours():
    text = stranger.PLAN.format(client="coder", tenant="acme", lifetime="1h", secret="")
    (deployment,) = load([("plan.yaml", text.encode())], registry.PlanKinds())
    assert str(deployment.target) == "tenant acme"


def test_a_kind_that_nobody_has_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="no identity provider type `stranger`") as refused:
        registry.load("stranger")
    assert "keycloak" in refused.value.fix


@pytest.mark.parametrize("kind", ["../keycloak", "", ".", "secrets", "keycloak/../keycloak"])
def test_a_path_is_no_kind(kind):
    with pytest.raises(UsageError):
        registry.load(kind)
    assert kind not in registry.PlanKinds()


def test_a_plan_of_an_unknown_kind_says_what_was_meant():
    text = stranger.PLAN.format(client="coder", tenant="acme", lifetime="1h", secret="").replace(
        "stranger", "keycloack"
    )
    with pytest.raises(PlanError) as refused:
        load([("plan.yaml", text.encode())], registry.PlanKinds())
    assert "keycloak" in refused.value.problems[0].fix


def test_the_ways_of_a_vendor_are_known_by_its_host_without_a_plan():
    found = registry.habits_at("login.microsoftonline.com")
    assert found is not None and found is registry.load("entra").HABITS
    who, request = Credentials("id", None), Request("id", "https://coder.example.com/callback", ("openid",), {})
    subject = stated("https://login.microsoftonline.com/x/v2.0", who, request, found)
    assert (subject.hosts, subject.tables, subject.silent) == (found.hosts, found.meanings, found.silent)
    # nothing is mended in a plan that there is not
    assert subject.fixes == {} and found.fixes
    assert registry.habits_at("sso.example.com") is None
    assert stated("https://sso.example.com", who, request, None).tables == ()

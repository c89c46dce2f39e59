"""Numbers and switches among the settings of a kind, as `--set` of `init` and `import` gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import stranger
from tests.command import Ran
from tests.live.running import here
from tests.verify import newcomer

from oidc_provision.cli.first_plan import typed
from oidc_provision.plans.model import Frozen
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners import registry

WHO = ("--type", "newcomer", "--access-url", "https://coder.example.com")
NEEDED = ("tenant=acme", "issuer_url=https://sso.example.com")


@pytest.fixture(autouse=True)
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "entry_points", newcomer.POINTS.select)
    monkeypatch.setattr(stranger, "TENANTS", {"acme": stranger.Tenant()})


def with_settings(*pairs: str) -> list[str]:
    return [word for pair in (*NEEDED, *pairs) for word in ("--set", pair)]


def started(*pairs: str) -> Ran:
    return here("init", *WHO, *with_settings(*pairs), "--output", "-")


SETTINGS: dict[str, Any] = {
    "port=5432": 5432,
    "strict=true": True,
    "strict=false": False,
    "label=5432": "5432",
    "label=true": "true",
    "limit=30": 30,
    "limit=unlimited": "unlimited",
}


@pytest.mark.parametrize("pair", SETTINGS)
def test_a_setting_is_what_its_field_wants(pair: str):
    ran = started(pair)
    assert ran.code == 0, ran.all
    assert yaml.safe_load(ran.out)["identity_provider"][pair.partition("=")[0]] == SETTINGS[pair]


@pytest.mark.parametrize("pair", ["port=many", "port=5432.5", "port=true", "strict=yes", "strict=1", "port=0_1"])
def test_what_is_no_number_or_switch_is_refused_by_its_name(pair: str):
    ran = started(pair)
    assert (ran.code, ran.out) == (64, "")
    assert f"`identity_provider.{pair.partition('=')[0]}` must be" in ran.err


def test_import_takes_the_same_settings():
    stranger.TENANTS["acme"].clients["coder"] = {"refresh": True, "secret": Sealed("a-secret-0123456789")}
    ran = here("import", "coder", *WHO, *with_settings("port=5432", "strict=true", "label=7"))
    assert ran.code == 0, ran.all
    provider = yaml.safe_load(ran.out)["identity_provider"]
    assert (provider["port"], provider["strict"], provider["label"]) == (5432, True, "7")


class Database(Frozen):
    port: int
    share: float


class File(Frozen):
    path: str


class Home(Frozen):
    place: Database | File


def test_settings_below_others_are_read_too():
    given = {"place": {"port": "1", "share": "0.5"}}
    assert typed(given, Home) == {"place": {"port": 1, "share": 0.5}}
    assert given == {"place": {"port": "1", "share": "0.5"}}

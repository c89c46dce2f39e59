"""Where a deployment's resources live, shown on a kind whose target is a file beside the plan."""

from __future__ import annotations

import posixpath
from typing import Literal

import pytest
from pydantic import Field
from tests import stranger

from oidc_provision.plans.errors import PlanError
from oidc_provision.plans.load import Deployment, load
from oidc_provision.plans.model import PlanKind, ProviderSettings
from oidc_provision.plans.resources import Target
from oidc_provision.provisioners.engine import by_target


class FileSettings(ProviderSettings):
    type: Literal["file"] = Field(description="Which kind of identity provider this is.")
    path: str = Field(description="The database.")
    one_per_target = ()

    def target(self, near: str) -> Target:
        return Target("database", posixpath.normpath(posixpath.join(near, self.path)))

    def issuer(self) -> str:
        return "https://id.example.com"


PLAN = """\
version: 1
coder: {access_url: "https://coder.example.com"}
identity_provider: {type: file, path: PATH}
client: {id: coder}
"""


def loaded(**paths: str) -> tuple[Deployment, ...]:
    """A plan in each folder, with the path of its database."""
    sources = [(f"{folder}/plan.yaml", PLAN.replace("PATH", path).encode()) for folder, path in paths.items()]
    return load(sources, {"file": PlanKind(FileSettings)})


def test_one_relative_path_near_two_plans_is_two_targets():
    found = by_target(loaded(one="IdentityServer.db", two="IdentityServer.db"))
    assert [target.name for target in found] == ["one/IdentityServer.db", "two/IdentityServer.db"]


def test_one_place_named_from_two_folders_is_one_target():
    with pytest.raises(PlanError, match="client `coder` at database common.db is in two plans"):
        loaded(one="../common.db", two="../common.db")


def test_a_plan_in_the_working_folder_is_near_nothing_else():
    (found,) = load([("plan.yaml", PLAN.replace("PATH", "x.db").encode())], {"file": PlanKind(FileSettings)})
    assert (found.folder, found.target.name) == ("", "x.db")


def test_a_target_that_has_an_address_of_its_own_is_the_same_from_everywhere():
    text = stranger.PLAN.format(client="coder", tenant="acme", lifetime="1h", secret="").encode()
    (one,), (two,) = (load([(f"{folder}/plan.yaml", text)], {"stranger": stranger.KIND}) for folder in ("a", "b"))
    assert one.target == two.target

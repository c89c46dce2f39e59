"""What plans' references hold: a file that somebody has still to make is absent, where a kind says so; anything else fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests import stranger

from oidc_provision.plans.client_secret import given_address
from oidc_provision.plans.deployment import Deployment
from oidc_provision.plans.errors import SecretFailure
from oidc_provision.plans.model import Client
from oidc_provision.plans.redaction import Redactor
from oidc_provision.plans.references import SecretReference
from oidc_provision.plans.resources import Live
from oidc_provision.provisioners.given import given
from oidc_provision.provisioners.session import References

FILES = {"download": SecretReference("file", "download.json"), "key": SecretReference("file", "key.pem")}


class Awaiting(Client):
    """A client of which a person downloads one file, and has the other from the start."""

    def references(self) -> Mapping[str, SecretReference]:
        return FILES

    def awaited(self) -> frozenset[str]:
        return frozenset({"download"})


def deployment(folder: Path) -> Deployment:
    found = stranger.deployment("a", "acme")
    client = Awaiting.model_construct(**{**dict(found.plan.client), "secret": None})
    plan = found.plan.model_copy(update={"client": client})
    return replace(found, plan=plan, document=replace(found.document, file=str(folder / "plan.yaml")))


def held(folder: Path) -> Live:
    return asyncio.run(given(References({}, Redactor()), [deployment(folder)]))


def write(folder: Path, name: str) -> None:
    (folder / name).write_text(f"of {name}")
    (folder / name).chmod(0o600)


def test_file_that_somebody_has_still_to_make_is_absent_until_it_is_there(tmp_path: Path):
    write(tmp_path, "key.pem")
    assert set(held(tmp_path)[given_address("a")]) == {"key"}
    write(tmp_path, "download.json")
    assert set(held(tmp_path)[given_address("a")]) == {"download", "key"}


def test_file_that_must_be_there_fails_where_it_is_not(tmp_path: Path):
    write(tmp_path, "download.json")
    with pytest.raises(SecretFailure, match=r"key\.pem"):
        held(tmp_path)


def test_awaited_file_that_others_may_read_fails_all_the_same(tmp_path: Path):
    write(tmp_path, "key.pem")
    write(tmp_path, "download.json")
    (tmp_path / "download.json").chmod(0o644)
    with pytest.raises(SecretFailure, match=r"download\.json"):
        held(tmp_path)

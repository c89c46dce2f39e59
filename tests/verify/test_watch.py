"""`verify --watch`: refreshes go on as Coder makes them, and the first one that fails is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.live.conftest import Realm, realms
from tests.live.running import here
from tests.verify.verifying import CALLBACK, PASSWORD, SECRET, at, by_form, verified

from oidc_provision.provisioners.sandbox.serving import Sandbox


@pytest.fixture
def short_lived(standing_sandbox: Sandbox) -> Iterator[Realm]:
    """A realm whose client gets access tokens of two seconds."""
    with realms(standing_sandbox.at("keycloak"), "admin") as make:
        realm = make()
        attributes = {"access.token.lifespan": "2"}
        realm.make_client("coder", secret=SECRET, redirectUris=[CALLBACK], attributes=attributes)
        realm.make_user("anna", PASSWORD)
        yield realm


def test_refreshes_go_on_for_as_long_as_was_said(short_lived: Realm):
    found = verified(*at(short_lived.issuer), *by_form(), "--watch", "5s")
    assert (found.code, found.steps["watched"]["verdict"]) == (0, "ok"), found.steps
    assert "2 refreshes in 5s" in found.words("watched")
    assert found.steps["revoked"]["verdict"] == "ok"


def test_the_first_failure_is_told_with_its_cause(short_lived: Realm):
    short_lived.change_client("coder", attributes={"client.offline.session.max.lifespan": "3"})
    found = verified(*at(short_lived.issuer), *by_form(), "--watch", "20s")
    assert found.code == 1 and found.named("failed") == {"watched"}
    assert "went well" in found.words("watched") and "invalid_grant" in found.words("watched")
    assert found.steps["watched"]["fix"]


@pytest.mark.parametrize("words", ["5", "soon", "-3s"])
def test_a_time_without_a_unit_is_an_error(words: str, short_lived: Realm):

    ran = here("verify", *at(short_lived.issuer), *by_form(), "--watch", words)
    assert (ran.code, ran.out) == (64, "") and "--watch" in ran.err


def test_a_watch_without_a_sign_in_is_an_error(short_lived: Realm):

    ran = here("verify", *at(short_lived.issuer), "--watch", "5s")
    assert ran.code == 64 and "--login" in ran.err

"""What others change between look and apply survives, and the rights of an owner are enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.entra.faults import ADDED, UPSERT
from tests.entra.lab import Lab, lab
from tests.entra.runs import applied, settled
from tests.entra.states import DAY, OWNED_BY, existing
from tests.laws.worlds.entra import (
    ADOPTED,
    BY_HAND,
    FULL_PLAN,
    OTHER_API,
    OURS,
    OURS_SECRET,
    OWNER,
    STORE,
    THEIRS,
    guid,
)

from oidc_provision.provisioners.entra.sandbox.state import APPLICATIONS, GRANTS, OWNERS


def redirect_added(where: Lab) -> None:
    web = where.application["web"]
    where.change_ours(web={**web, "redirectUris": [*web["redirectUris"], "https://new.example.com/cb"]})


def permission_added(where: Lab) -> None:
    where.change_ours(requiredResourceAccess=[OTHER_API, *where.application["requiredResourceAccess"]])


def claim_added(where: Lab) -> None:
    claim = {"name": "auth_time", "source": None, "essential": True, "additionalProperties": []}
    old = where.application["optionalClaims"] or {"idToken": [], "accessToken": [], "saml2Token": []}
    where.change_ours(optionalClaims={**old, "idToken": [*old["idToken"], claim]})


def certificate_added(where: Lab) -> None:
    times = {"startDateTime": "2025-01-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"}
    told = {"keyId": guid(0xE1), "displayName": "by hand", "customKeyIdentifier": "AB" * 20, "key": "QUJD"}
    where.change_ours(keyCredentials=[{**told, **times, "type": "AsymmetricX509Cert", "usage": "Verify"}])


def owner_added(where: Lab) -> None:
    key = str(where.application["id"])
    where.change(lambda found: found.with_links(key, OWNERS, (*found.linked(key, OWNERS), OWNER)))


def secret_added(where: Lab) -> None:
    each, text = BY_HAND
    where.change_ours(passwordCredentials=[*where.application["passwordCredentials"], each])
    where.change(lambda found: found.with_secret(each["keyId"], text))


def notes_added(where: Lab) -> None:
    where.change_ours(notes="somebody's words", tags=["HideApp"], appRoles=[])


BY_OTHERS = (
    redirect_added,
    permission_added,
    claim_added,
    certificate_added,
    owner_added,
    secret_added,
    notes_added,
)


@pytest.mark.battery(50)
@pytest.mark.parametrize("change", BY_OTHERS, ids=[each.__name__ for each in BY_OTHERS])
@pytest.mark.parametrize("start", ["ours", "theirs"])
def test_what_others_change_between_look_and_apply_survives(start: str, change: Callable[[Lab], None]):
    where = lab(FULL_PLAN, {"application": {}}) if start == "ours" else lab(ADOPTED, {"application": THEIRS}, {})
    kept: list[Any] = []

    def meanwhile() -> None:
        change(where)
        kept.append(where.foreign())

    ran = applied(where, between=meanwhile)
    assert ran.errors == [], ran.words
    after = where.foreign()
    assert {name: after[name] for name in kept[0]} == kept[0]
    where.forget()
    settled(where)


@pytest.mark.battery(50)
def test_consent_that_an_administrator_gives_meanwhile_is_widened_and_not_doubled():
    where = existing(consent=None)
    settled(where, between=lambda: consented(where, "User.Read openid"))
    (grant,) = list(where.directory.all(GRANTS).values())
    assert set(grant["scope"].split()) == {"User.Read", "openid", "profile", "email", "offline_access"}


def consented(where: Lab, scope: str) -> None:
    client = where.directory.principal_of(where.application["appId"])
    graph = where.directory.principal_of("00000003-0000-0000-c000-000000000000")
    assert client and graph
    pair = {"clientId": client["id"], "resourceId": graph["id"], "consentType": "AllPrincipals", "principalId": None}
    where.change(lambda found: found.with_object(GRANTS, {"id": guid(0xE7), **pair, "scope": scope}))


@pytest.mark.battery(50)
def test_application_that_is_deleted_between_look_and_apply_is_not_made_anew():
    where = existing({"client": {"name": "Coder for engineers"}})
    key = str(where.application["id"])
    ran = applied(where, between=lambda: where.change(lambda found: found.binned(APPLICATIONS, key, 0.0)))
    assert "404" in ran.errors[0].message and where.count(UPSERT) == 0
    assert where.ours() is None


@pytest.mark.battery(49)
def test_secret_that_another_run_makes_meanwhile_stops_ours():
    where = lab(live={"application": {}})

    def another_run() -> None:
        where.change_ours(passwordCredentials=[OURS[0]])
        where.change(lambda found: found.with_secret(OURS[0]["keyId"], OURS_SECRET))

    ran = applied(where, between=another_run)
    assert "was made meanwhile" in ran.error.message
    assert (where.count(ADDED), where.texts) == (0, [OURS_SECRET])


def test_owners_are_added_and_the_tool_stays_one():
    where = lab({"client": {"owners": [OWNER], "admin_consent": False}})
    where.allow(OWNED_BY)
    settled(where)
    assert where.owners == {where.tool, OWNER}
    where.plan["client"]["owners"] = []
    where.forget()
    settled(where)
    assert (where.owners, where.writes) == ({where.tool, OWNER}, [])


def test_owned_by_alone_is_enough_for_the_whole_life_of_an_application():
    plan = {"client": {"admin_consent": False, "groups_claim": "groups", "rotate_before": "30d", "owners": [OWNER]}}
    where = lab(plan)
    where.allow(OWNED_BY)
    where.switch(listing_forbidden=True)
    settled(where)
    first = where.vault.kept[STORE]
    where.plan["client"]["name"] = "Coder for engineers"
    settled(where)
    # the secret ends within `rotate_before`, and after the overlap the one before it goes
    where.wait(160 * DAY)
    settled(where)
    second = where.vault.kept[STORE]
    assert second != first and where.texts == [first, second]
    where.wait(8 * DAY)
    settled(where)
    assert (where.texts, where.application["displayName"]) == ([second], "Coder for engineers")
    settled(where, rotate=["coder"])
    assert len(where.texts) == 2 and where.vault.kept[STORE] == where.texts[1]
    assert not [each for each in where.exchanges if each.status_code == 403]

"""Tenants that the tests of provisioning begin with, and what must be true of one in the end."""

from __future__ import annotations

from typing import Any

import pytest
from tests.entra.faults import ADDED, CHANGE, CONSENT, OWNER_LINK, PRINCIPAL, REMOVED, UPSERT, WIDER
from tests.entra.lab import Lab, lab
from tests.entra.runs import settled
from tests.laws.worlds.entra import ORPHAN, OURS, OURS_SECRET, OWNER, STORE

from oidc_provision.provisioners.entra.sandbox.building import TOOL_SECRET
from oidc_provision.provisioners.entra.sandbox.state import GRANTS, PRINCIPALS

OWNED_BY = "Application.ReadWrite.OwnedBy"
OURS_LIVE = {"application": {}, "secrets": [OURS], "consent": "openid profile email offline_access"}
STORED = {STORE: OURS_SECRET}
DAY = 86400


def existing(plan: dict[str, Any] | None = None, **more: Any) -> Lab:
    """A tenant with our application, its secret in the store."""
    return lab(plan, {**OURS_LIVE, **more}, STORED)


def ours_alive(where: Lab) -> list[str]:
    """The texts of the secrets that we made."""
    named = [each["displayName"].startswith("oidc-provision") for each in where.application["passwordCredentials"]]
    return [text for text, is_ours in zip(where.texts, named, strict=True) if is_ours]


def assert_healed(where: Lab) -> None:
    """What was left undone is done by one more apply: everything is there once, and the store holds the only new secret."""
    where.forget()
    settled(where)
    assert where.vault.kept[STORE] in where.texts
    ours = where.application
    principals = [each for each in where.directory.all(PRINCIPALS).values() if each["appId"] == ours["appId"]]
    grants = [each for each in where.directory.all(GRANTS).values() if each["clientId"] == principals[0]["id"]]
    assert (len(principals), len(grants)) == (1, 1)
    assert len(ours_alive(where)) <= 2


def assert_safe(where: Lab, words: str) -> None:
    """No secret and no token in what is shown."""
    tokens = [each.headers.get("authorization", "").removeprefix("Bearer ") for each in where.asked]
    hidden = {*where.secrets(), TOOL_SECRET, *filter(None, tokens)}
    assert [each for each in hidden if each in words] == []
    assert words.isprintable() or all(each.isprintable() or each == "\n" for each in words), ascii(words)


ALL_LIVE = {**OURS_LIVE, "consent": " openid", "secrets": [OURS, ORPHAN]}
ALL_PLAN = {"client": {"name": "Coder for engineers", "owners": [OWNER]}}
OF_NEW = (UPSERT, ADDED, PRINCIPAL, CONSENT, OWNER_LINK)
OF_OLD = (CHANGE, REMOVED, WIDER, OWNER_LINK)
WRITES = [*(("new", each) for each in OF_NEW), *(("old", each) for each in OF_OLD)]
each_write = pytest.mark.parametrize(("age", "write"), WRITES, ids=[f"{age}: {write}" for age, write in WRITES])


def with_write(age: str) -> Lab:
    """A tenant where the plan has each of these writes to do."""
    return lab(ALL_PLAN) if age == "new" else lab(ALL_PLAN, ALL_LIVE, STORED)

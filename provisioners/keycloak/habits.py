"""What verify, forecast and doctor must know of Keycloak (26.7.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ...plans.diff import Action, Change, Edit
from ...plans.lifetimes import Lifetimes
from ...plans.model import Plan
from ...plans.redirects import temporary_of
from ...plans.resources import Address, Fields, Live, Wants
from ..habits import Habits, Wishes
from .fields import (
    ACCESS_LIFESPAN,
    ATTRIBUTE,
    DEFAULT_ROLES,
    DEFAULT_SCOPES,
    OFFLINE_ACCESS,
    OFFLINE_IDLE,
    OFFLINE_MAX,
    OPTIONAL_SCOPES,
    PKCE,
    SECONDS,
    USE_REFRESH,
    client_address,
    realm_address,
)
from .meanings import FIXES, MEANINGS
from .rules import effective, number
from .wants import desired, keycloak, members

PARTS = {
    "secret": "secret",
    "publicClient": "client",
    "bearerOnly": "client",
    "standardFlowEnabled": "flow",
    "redirectUris": "redirect",
    DEFAULT_SCOPES: "scopes",
    OPTIONAL_SCOPES: "scopes",
    USE_REFRESH: "refresh",
    PKCE: "pkce",
    "revokeRefreshToken": "rotation",
    "refreshTokenMaxReuse": "rotation",
    DEFAULT_ROLES: "offline",
    **dict.fromkeys(SECONDS, "lifetimes"),
}


def part(address: Address, field: str) -> str:
    """Return which part of a sign-in a wrong field breaks."""
    return "secret" if address.kind == "store" else PARTS.get(field, "")


def wishes(plan: Plan) -> Wishes:
    """Return what Coder is told to ask for; `offline_access` always."""
    scopes = tuple(scope.name for scope in plan.client.scopes)
    asked = scopes if OFFLINE_ACCESS in scopes else (*scopes, OFFLINE_ACCESS)
    return Wishes(asked, {"access_type": "offline"})


def lifetimes(plan: Plan, live: Live) -> Lifetimes:
    """Return the lifetimes that count once the plan is applied, with the setting that each comes from."""
    wanted = desired(plan, live)
    client, realm = (
        _after(live.get(address, {}), wanted.get(address, {}))
        for address in (client_address(plan.client.id), realm_address(keycloak(plan).realm))
    )
    rules = effective(client, realm)
    place = _Places(f"client `{plan.client.id}`", f"realm `{keycloak(plan).realm}`", client, realm)
    return Lifetimes(
        rules,
        {
            "access": place.of(rules.access, ACCESS_LIFESPAN, "accessTokenLifespan"),
            "idle": place.of(rules.idle, OFFLINE_IDLE, "offlineSessionIdleTimeout"),
            "maximum": place.of(rules.maximum, OFFLINE_MAX, "offlineSessionMaxLifespan"),
            "rotation": f"{place.realm}: revokeRefreshToken",
        },
    )


def _after(fields: Fields, wants: Wants) -> Fields:
    return {**fields, **{name: want.settle(fields.get(name)) for name, want in wants.items()}}


@dataclass(frozen=True, slots=True)
class _Places:
    """Where values come from: the client's own or the realm's."""

    client: str
    realm: str
    client_fields: Fields
    realm_fields: Fields

    def of(self, counts: int | None, own: str, realms: str) -> str:
        """Return the setting that a value which counts comes from."""
        if counts is None:
            return "no limit is set"
        # the client's where both say the same: it is the one that a plan changes
        if number(self.client_fields.get(own)) == counts:
            return f"{self.client}: {own.removeprefix(ATTRIBUTE)}"
        return f"{self.realm}: {realms}" if number(self.realm_fields.get(realms)) == counts else self.realm


def with_redirects(plan: Plan, live: Live, uris: frozenset[str]) -> Change | None:
    """Return the change after which these temporary redirect URIs are allowed and no others of ours."""
    address = client_address(plan.client.id)
    fields = live.get(address)
    if fields is None:
        return None
    before = members(fields.get("redirectUris"))
    after = (before - temporary_of(before)) | uris
    if after == before:
        return None
    return Change(address, Action.UPDATE, (Edit("redirectUris", before, after),), {"redirectUris": after})


HABITS = Habits(wishes, lifetimes, part, with_redirects, MEANINGS, fixes=FIXES)

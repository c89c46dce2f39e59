"""What verify, forecast and doctor must know of Entra ID. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...plans.diff import Action, Change, Edit
from ...plans.model import Plan
from ...plans.redirects import temporary_of
from ...plans.resources import Address, Live
from ..habits import Habits, Wishes
from .fields import OFFLINE_ACCESS, PERMISSIONS, PUBLIC, PUBLIC_FLOWS, SPA, WEB, client_address, members
from .lifetimes import lifetimes
from .meanings import MEANINGS
from .wants import is_adopted, scopes_of

PARTS = {WEB: "redirect", SPA: "redirect", PUBLIC: "redirect", PUBLIC_FLOWS: "client", PERMISSIONS: "scopes"}
HOSTS = frozenset(
    {
        "login.microsoftonline.com",
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    }
)
"""Where the endpoints of a tenant may be beside its issuer's own host: userinfo is Graph's, in each national cloud another one."""
FIXES: Mapping[str, str] = MappingProxyType(
    {
        "rotation": "nothing: Entra never uses a refresh token up",
        "offline": "ask for offline_access: give Coder what `env` prints",
        "refresh": "run `oidc-provision apply`, then everybody signs in anew",
    }
)
"""How a broken part is mended where a refusal does not say it."""


def part(address: Address, field: str) -> str:
    """Return which part of a sign-in a wrong field breaks."""
    if address.kind in ("secret", "certificate", "store"):
        return "secret"
    if address.kind == "service-principal":
        return "client"
    return "scopes" if address.kind == "consent" else PARTS.get(field, "")


def wishes(plan: Plan) -> Wishes:
    """Return what Coder is told to ask for; `offline_access` always."""
    return Wishes(scopes_of(plan))


def client_id(plan: Plan, live: Live) -> str:
    """Return the appId: Entra draws it, and a plan may state it in place of a name."""
    drawn = live.get(client_address(plan.client.id), {}).get("appId")
    if isinstance(drawn, str):
        return drawn
    return plan.client.id if is_adopted(plan) else ""


def with_redirects(plan: Plan, live: Live, uris: frozenset[str]) -> Change | None:
    """Return the change after which these temporary redirect URIs are allowed and no others of ours."""
    address = client_address(plan.client.id)
    fields = live.get(address)
    if fields is None:
        return None
    before = members(fields.get(WEB))
    after = (before - temporary_of(before)) | uris
    return None if after == before else Change(address, Action.UPDATE, (Edit(WEB, before, after),), {WEB: after})


HABITS = Habits(
    wishes,
    lifetimes,
    part,
    with_redirects,
    MEANINGS,
    HOSTS,
    FIXES,
    silent=frozenset({OFFLINE_ACCESS}),
    client_id=client_id,
)

"""From a live application to the smallest plan that finds nothing to change."""

from __future__ import annotations

from collections.abc import Mapping

from ...plans.model import Plan
from ...plans.resources import Fields, Live
from .fields import (
    ASSIGNMENT,
    AUDIENCE,
    CODER_SCOPES,
    GROUPS,
    ID_CLAIMS,
    NAME,
    PERMISSIONS,
    client_address,
    group_kinds,
    members,
    principal_address,
)
from .settings import LONGEST_NAME

_MEMBERSHIPS = ("ApplicationGroup", "All", "SecurityGroup")


def adopt(plan: Plan, live: Live) -> Mapping[str, object]:
    """Return plan data for the live application of `plan`, which gives access URL and sign-in; a secret's place only where it is given."""
    whole = plan.normalised()
    given = {name: whole[name] for name in ("version", "coder", "identity_provider")}
    return {**given, "client": _client(plan, live)}


def _client(plan: Plan, live: Live) -> dict[str, object]:
    fields, name = live[client_address(plan.client.id)], plan.client.id
    client: dict[str, object] = {"id": name}
    shown = fields.get(NAME)
    # a name that a plan may not state is left out, and so left alone
    if isinstance(shown, str) and shown.isprintable() and 0 < len(shown.strip()) <= LONGEST_NAME:
        client["name"] = shown
    if plan.client.secret is not None:
        client["secret"] = plan.normalised()["client"]["secret"]
    client["sign_in_audience"] = fields.get(AUDIENCE) or "AzureADMyOrg"
    # what Coder needs and no more: the others stay without being ours
    asked = members(fields.get(PERMISSIONS))
    client["scopes"] = [scope for scope in CODER_SCOPES if scope in asked or scope in ("openid", "offline_access")]
    if live.get(principal_address(name), {}).get(ASSIGNMENT) is True:
        client["assignment_required"] = True
    return client | _claims(fields)


def _claims(fields: Fields) -> dict[str, object]:
    optional = members(fields.get(ID_CLAIMS))
    found: dict[str, object] = {}
    if "email" not in optional and ("upn" in optional or "email" not in members(fields.get(PERMISSIONS))):
        # stated as it is: `email` would be added
        found["email_claim"] = "upn" if "upn" in optional else "preferred_username"
    held = group_kinds(fields.get(GROUPS))
    membership = next((each for each in _MEMBERSHIPS if each in held), None)
    if membership is not None and "groups" in optional:
        found |= {"groups_claim": "groups", "group_membership": membership}
    return found

"""The applications that plans name, each with its service principal and consent, in as few requests as can be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...plans.model import Plan
from .api import Api
from .fields import OWNERS
from .finding import FEW, by_keys, whole
from .graph import Representation
from .refusals import unless_forbidden
from .wants import client_part

EXPANDED = 20
"""Graph expands so many owners at most."""
Grants = Mapping[str, Sequence[Representation]]
"""Consent by the service principal's id."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What there is of one plan's application; `grants` None: may not be read."""

    application: Representation | None = None
    principal: Representation | None = None
    grants: Sequence[Representation] | None = ()


async def read_entries(api: Api, plans: Sequence[Plan], *, grants: bool) -> dict[str, Entry]:
    """Return the entries by the plans' names for them; without `grants` consent is not asked for."""
    applications, asked = await _applications(api, plans)
    app_ids = {str(each["appId"]) for each in applications.values()}
    principals, more = await by_keys(app_ids, api.principal, api.principals_page, lambda each: [str(each.get("appId"))])
    keys = {str(each["id"]) for each in principals.values()}
    consent = await _grants(api, keys, asked + more) if grants else None
    return {plan.client.id: _entry(applications.get(plan.client.id), principals, consent) for plan in plans}


def _entry(
    application: Representation | None, principals: Mapping[str, Representation], grants: Grants | None
) -> Entry:
    if application is None:
        return Entry()
    principal = principals.get(str(application["appId"]))
    own = () if principal is None else (grants or {}).get(str(principal["id"]), ())
    return Entry(application, principal, None if grants is None else own)


async def _applications(api: Api, plans: Sequence[Plan]) -> tuple[dict[str, Representation], int]:
    with_owners = {plan.client.id for plan in plans if client_part(plan).owners}
    found, asked = await by_keys(
        {plan.client.id for plan in plans},
        lambda key: api.application(key, owners=key in with_owners),
        api.applications_page,
        lambda each: [str(each.get(name)) for name in ("appId", "uniqueName") if each.get(name)],
    )
    there = [key for key in sorted(with_owners) if key in found]
    owned = [key for key in there if OWNERS not in found[key] or len(found[key][OWNERS] or ()) >= EXPANDED]
    all_owners = await asyncio.gather(*(api.owners(str(found[key]["id"])) for key in owned))
    more = {
        key: {**found[key], OWNERS: [{"id": each} for each in sorted(ids)]}
        for key, ids in zip(owned, all_owners, strict=True)
    }
    return {**found, **more}, asked


async def _grants(api: Api, keys: set[str], asked: int) -> Grants | None:
    # a person's token does not tell what the person may
    return await unless_forbidden(_allowed_grants(api, keys, asked))


async def _allowed_grants(api: Api, keys: set[str], asked: int) -> Grants:
    if len(keys) > FEW:
        # Graph does not count grants: pages are turned while they are no more than look-ups, and three requests a plan last
        found = await whole(api.grants_page, max(1, min(len(keys), 3 + 2 * len(keys) - asked)))
        if found is not None:
            return {key: [each for each in found if each.get("clientId") == key] for key in keys}
    ordered = sorted(keys)
    return dict(zip(ordered, await asyncio.gather(*(api.grants_of(key) for key in ordered)), strict=True))

"""What of a tenant's policies the plans are about: those about secrets, sign-in frequency, token lifetimes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from ...plans.model import Plan
from ...plans.resources import Address, Fields, Value
from . import credentials, policies
from .api import Api
from .entries import Entry
from .fields import CERTIFICATES, EVERYBODYS, SECRETS, TENANT, moment, other_lifetime_field
from .graph import Representation
from .patience import Patience
from .refusals import unless_forbidden
from .settings import EntraShared
from .wants import FREQUENCY, LIFETIME, client_part


async def read_default(api: Api, plans: Sequence[Plan]) -> Representation | None:
    """Return the tenant's policy about secrets, None where no plan needs it or it may not be read."""
    if not any(_makes_credentials(plan) for plan in plans):
        return None
    return await unless_forbidden(api.default_policy())


async def read_limits(
    api: Api, plans: Sequence[Plan], entries: Mapping[str, Entry], default: Representation | None, now: int
) -> Fields:
    """Return what the policies allow each plan's application, beside the tenant's `default`."""
    if default is None:
        return {}
    making = [plan for plan in plans if _makes_credentials(plan)]
    found = await asyncio.gather(*(_limits(api, plan, entries[plan.client.id], default, now) for plan in making))
    fields: dict[str, Value] = {}
    for plan, limits in zip(making, found, strict=True):
        fields |= policies.as_fields(plan.client.id, limits)
    return fields


async def _limits(api: Api, plan: Plan, entry: Entry, default: Representation, now: int) -> policies.Limits:
    found = entry.application
    created = now if found is None else moment(found.get("createdDateTime"))
    limits = policies.limits(default, (), created)
    # the application's own stands in place of the tenant's: asked for only where it can make a difference
    if found is None or (limits == policies.Limits() and _has_lasting(plan, found, now)):
        return limits
    own = await unless_forbidden(api.own_policies(str(found["id"])))
    # only to say early what apply would be told
    return limits if own is None else policies.limits(default, own, created)


def _has_lasting(plan: Plan, found: Representation, now: int) -> bool:
    """Whether it is likely that no secret or certificate will be made."""
    soon = now + (client_part(plan).rotate_before or 0)
    listed = (each for kind in (SECRETS, CERTIFICATES) for each in credentials.read(found.get(kind) or ()))
    return any(each.end > soon for each in listed)


def _makes_credentials(plan: Plan) -> bool:
    client = client_part(plan)
    return client.certificate is not None or (client.secret is not None and client.secret.store is not None)


async def read_shared(api: Api, patience: Patience, plans: Sequence[Plan]) -> dict[Address, Fields]:
    """Return those of our policies of the tenant that plans state; what is everybody's stands under the tenant."""
    stated = [plan.shared for plan in plans if isinstance(plan.shared, EntraShared)]
    live: dict[Address, Fields] = {}
    if any(shared.sign_in_frequency is not None for shared in stated):
        live |= _frequency(await patience.through(api.access_policies))
    if any(shared.token_lifetime is not None for shared in stated):
        live |= await _lifetime(api, patience)
    return live


async def _lifetime(api: Api, patience: Patience) -> dict[Address, Fields]:
    listed = await api.lifetime_policies()
    names = [str(each.get("displayName")) for each in listed if each.get("isOrganizationDefault") is True]
    found = _ours(listed, LIFETIME.name)
    everybody: dict[Address, Fields] = {
        TENANT: {**({EVERYBODYS: names[0]} if names else {}), **await _attached(api, listed, found)}
    }
    if found is None:
        return everybody
    key = str(found["id"])
    # a listing shows a new one before it can be asked about
    applied = await patience.through(lambda: api.lifetime_policy_applies_to(key), new=True)
    seconds = policies.lifetime_seconds(found)
    return {**everybody, LIFETIME: {"id": str(found["id"]), "lifetime": seconds, "applications": applied}}


async def _attached(api: Api, listed: Iterable[Representation], ours: Representation | None) -> Fields:
    """By whose policy applications are taken: each has one at most."""
    others = [each for each in listed if each is not ours and each.get("isOrganizationDefault") is not True]
    applied = await asyncio.gather(*(api.lifetime_policy_applies_to(str(each["id"])) for each in others))
    return {
        other_lifetime_field(key): str(each.get("displayName"))
        for each, keys in zip(others, applied, strict=True)
        for key in keys
    }


def _ours(found: Iterable[Representation], name: str) -> Representation | None:
    # by name, the first by id: two of one name must not change places between two looks
    named = [each for each in found if each.get("displayName") == name]
    return min(named, key=lambda each: str(each.get("id")), default=None)


def _frequency(found: Iterable[Representation]) -> dict[Address, Fields]:
    ours = _ours(found, FREQUENCY.name)
    if ours is None:
        return {}
    seconds, named = policies.frequency_seconds(ours), policies.applications_of(ours)
    return {
        FREQUENCY: {"id": str(ours["id"]), "frequency": seconds, "applications": named, "state": str(ours.get("state"))}
    }

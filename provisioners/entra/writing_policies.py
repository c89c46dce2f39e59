"""Makes and changes the two policies of a tenant that may be ours. One that somebody else made is never touched."""

from __future__ import annotations

from typing import Any

from ...plans.diff import Action, Change
from ...plans.resources import Address, Live, Value
from ..base import Outcome
from . import policies
from .fields import client_address, members
from .ground import Ground, gained, not_found_yet
from .wants import FREQUENCY, LIFETIME, REPORT_ONLY


async def write_frequency(ground: Ground, change: Change, live: Live) -> Outcome:
    """Make our Conditional Access policy, which only reports, or change it; whether it is switched on is not ours."""
    seconds, named = _number(change.after["frequency"]), members(change.after["applications"])
    app_ids = [_app_id(ground, name, live) for name in named]
    if change.action is Action.CREATE:
        body = {
            "displayName": FREQUENCY.name,
            "state": REPORT_ONLY,
            "conditions": policies.conditions(None, app_ids),
            "sessionControls": policies.frequency(seconds),
        }
        if not await _is_there(ground, FREQUENCY):
            await ground.patience.through(
                lambda: ground.once(lambda: ground.api.make_access_policy(body), lambda: _is_there(ground, FREQUENCY))
            )
        return Outcome(("policy that only reports",))
    key = str(live[FREQUENCY]["id"])
    body = await _frequency_body(ground, change, key, app_ids)
    await ground.patience.through(lambda: ground.api.change_access_policy(key, body))
    return Outcome(("policy",))


async def _frequency_body(ground: Ground, change: Change, key: str, app_ids: list[str]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if change.edit("applications") is not None:
        there = next(
            (each for each in await ground.patience.through(ground.api.access_policies) if each.get("id") == key), None
        )
        body["conditions"] = policies.conditions(there, app_ids)
    if change.edit("frequency") is not None:
        body["sessionControls"] = policies.frequency(_number(change.after["frequency"]))
    return body


def _app_id(ground: Ground, name: str, live: Live) -> str:
    """The appId of an application of ours; what somebody else added to the policy is an id already."""
    return ground.ids(name, live).app_id if name in ground.known or client_address(name) in live else name


async def write_lifetime(ground: Ground, change: Change, live: Live) -> Outcome:
    """Make our token lifetime policy or change it, and attach it to the applications that lack it."""
    body = {"displayName": LIFETIME.name, "definition": policies.definition(_number(change.after["lifetime"]))}
    if change.action is Action.CREATE:
        whole = {**body, "isOrganizationDefault": False}
        if not await _is_there(ground, LIFETIME):
            await ground.once(lambda: ground.api.make_lifetime_policy(whole), lambda: _is_there(ground, LIFETIME))
    elif change.edit("lifetime") is not None:
        await ground.api.change_lifetime_policy(str(live[LIFETIME]["id"]), body)
    key = str(live.get(LIFETIME, {}).get("id") or await ground.patience.through(lambda: _key(ground), new=True))
    attached = await ground.patience.through(lambda: ground.api.lifetime_policy_applies_to(key), new=True)
    for name in sorted(gained(change.edit("applications"))):
        object_id = ground.ids(name, live).object_id
        if object_id not in attached:
            await _attach(ground, object_id, key)
    return Outcome(("policy",))


async def _attach(ground: Ground, object_id: str, key: str) -> None:
    await ground.patience.through(lambda: ground.api.attach_lifetime_policy(object_id, key), new=True)


async def _key(ground: Ground) -> str:
    for each in await ground.api.lifetime_policies():
        if each.get("displayName") == LIFETIME.name:
            return str(each["id"])
    raise not_found_yet("token lifetime policy")


async def _is_there(ground: Ground, address: Address) -> bool:
    read = ground.api.access_policies if address == FREQUENCY else ground.api.lifetime_policies
    found = await ground.patience.through(read)
    return any(each.get("displayName") == address.name for each in found)


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0

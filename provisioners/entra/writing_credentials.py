"""Adds and removes an application's secrets and certificates. A secret is shown once, and never asked for twice."""

from __future__ import annotations

from collections.abc import Mapping

from ...plans.diff import Change, Edit
from ...plans.errors import Failed, RemoteFailure
from ...plans.resources import Live
from ...plans.sealed import Sealed
from ..base import Outcome
from . import credentials
from .api import timestamp
from .certificates import Facts
from .credentials import NEW, Credential
from .fields import CERTIFICATES, SECRETS
from .ground import PLAN_AGAIN, Ground, Known, gained, lost
from .patience import is_ambiguous


async def write_secrets(
    ground: Ground, change: Change, live: Live, *, seconds: int, before: Credential | None
) -> tuple[Outcome, Credential | None]:
    """Remove what nobody may use any more, then add a secret where one is due: there are never more than two of ours.

    A new one lasts `seconds` and takes the place of `before`. Returns it beside the outcome.
    """
    known, edit = ground.ids(change.address.name, live), change.edit(SECRETS)
    now = await ground.patience.through(lambda: _listed(ground, known), new=known.new)
    _check_nobody_else(change, live, now)
    done = []
    for each in now:
        if each.is_ours and each.label in lost(edit):
            await _remove(ground, known, each)
            done.append(f"removed {each.label}")
    if not any(label.startswith(NEW) for label in gained(edit)):
        return Outcome(tuple(done)), None
    made, text = await _add(ground, known, seconds, before)
    return Outcome((*done, f"added {made.label}"), Sealed(text)), made


def _check_nobody_else(change: Change, live: Live, now: tuple[Credential, ...]) -> None:
    seen = {each.key_id for each in credentials.of_fields(live.get(change.address, {}))}
    if any(each.is_ours and each.key_id not in seen for each in now):
        # another run, or this change made a second time: one more would be an orphan
        raise Failed(f"a secret of `{change.address.name}` was made meanwhile", fix=PLAN_AGAIN)


async def _listed(ground: Ground, known: Known) -> tuple[Credential, ...]:
    found = await ground.api.application_now(known.object_id)
    return credentials.read(found.get(SECRETS) or ())


async def _remove(ground: Ground, known: Known, each: Credential) -> None:
    try:
        await ground.patience.through(lambda: ground.api.remove_password(known.object_id, each.key_id))
    except RemoteFailure:
        # gone by an answer that was lost, or by somebody else's hand: what was wanted
        if any(left.key_id == each.key_id for left in await _listed(ground, known)):
            raise


async def _add(ground: Ground, known: Known, seconds: int, before: Credential | None) -> tuple[Credential, str]:
    name, start = credentials.name_of_new(ground.draw()[:8], before), ground.now()

    async def add() -> tuple[Credential, str]:
        made = await ground.api.add_password(known.object_id, name, start, start + seconds)
        return credentials.read([made])[0], str(made["secretText"])

    try:
        return await ground.patience.through(add, new=known.new)
    except RemoteFailure as error:
        if is_ambiguous(error):
            await _remove_unknown(ground, known, name)
        raise


async def _remove_unknown(ground: Ground, known: Known, name: str) -> None:
    """Remove a secret whose answer was lost: nobody can ever know it. What cannot be removed is an orphan that the next plan reports."""
    for each in await _listed(ground, known):
        if each.name == name:
            await _remove(ground, known, each)


async def write_certificates(ground: Ground, change: Change, live: Live, facts: Facts) -> Outcome:
    """Register the plan's certificate and take away ours that are due; all others are sent back as they are."""
    known, edit = ground.ids(change.address.name, live), change.edit(CERTIFICATES)
    await ground.patience.through(lambda: _put(ground, known, edit, facts), new=known.new)
    return Outcome(("certificates",))


async def _put(ground: Ground, known: Known, edit: Edit | None, facts: Facts) -> None:
    found = await ground.api.application_now(known.object_id)
    listed = [(each, credentials.read([each])[0]) for each in found.get(CERTIFICATES) or ()]
    kept = [(each, one) for each, one in listed if not (one.is_ours and one.label in lost(edit))]
    missing = gained(edit) and facts.thumbprint not in {one.thumbprint for _, one in kept}
    new = [_registered(facts, ground.now())] if missing else []
    await ground.api.change_application(known.object_id, {CERTIFICATES: [*(each for each, _ in kept), *new]})


def _registered(facts: Facts, now: int) -> Mapping[str, object]:
    return {
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": facts.der,
        "displayName": facts.credential.name,
        "customKeyIdentifier": facts.thumbprint,
        # from now and not from the certificate's own beginning, so that the overlap is counted from here
        "startDateTime": timestamp(max(facts.start, now)),
        "endDateTime": timestamp(facts.end),
    }

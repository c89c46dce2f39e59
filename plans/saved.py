"""The saved plan: canonical JSON that holds the plans (references only), what was seen and what was decided, and no secret.

A saved plan is bound to the live values it was made from: applying it looks again, and refuses where any managed value has moved.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .diff import Action, Json, change_json, digest_of, fields_json
from .errors import Refused
from .proposal import Proposal, View

FORMAT = "oidc-provision-plan"
VERSION = 1
MARK = b'{"changes":'
"""How the canonical form begins: a truncated one has no more than that to be known by."""
LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A saved plan as read: plan texts by file name, and per target what was seen and what was to be done."""

    plans: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]
    digest: str
    seen: Mapping[str, Mapping[str, Any]]
    changes: Mapping[str, Any]
    complete: bool


def is_saved(data: bytes) -> bool:
    """Tell whether these bytes are meant as a saved plan and not as a plan file."""
    return data.lstrip()[: len(MARK)] == MARK or (data.lstrip()[:1] == b"{" and FORMAT.encode() in data)


def dump(proposal: Proposal, addresses: frozenset[str] = frozenset()) -> str:
    """Return the saved plan as canonical JSON with its checksum."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "format_version": VERSION,
        "digest": proposal.digest,
        "complete": proposal.complete,
        "targets": sorted(addresses),
        "plans": [
            # references only: a saved plan lies in artefact stores that many can read
            {"file": d.document.file, "plan": d.plan.normalised()}
            for view in proposal.views
            for d in view.deployments
        ],
        "changes": {str(view.target): [change_json(change) for change in view.changes] for view in proposal.views},
        "seen": {str(view.target): _seen(view) for view in proposal.views},
    }
    return (
        json.dumps({**body, "checksum": digest_of(body)}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        + "\n"
    )


def _seen(view: View) -> dict[str, Json]:
    return {str(address): None if fields is None else fields_json(fields) for address, fields in view.managed.items()}


def parse(data: bytes, name: str) -> SavedPlan:
    """Return the saved plan. Raises Refused where it is truncated, edited, of a newer format or no saved plan at all."""
    body = _json(data, name)
    if body.get("format") != FORMAT:
        raise Refused("this is not a saved plan of oidc-provision", where=name, fix="make one with `plan --out FILE`")
    version = body.get("format_version")
    if version != VERSION:
        raise Refused(
            f"the saved plan has format {version}, this version reads format {VERSION}",
            where=name,
            fix="make it again with this version",
        )
    checksum = body.pop("checksum", None)
    if checksum != digest_of(body):
        raise Refused(
            "the saved plan was changed after it was made", where=name, fix="make it again with `plan --out FILE`"
        )
    if not _is_whole(body):
        raise Refused(
            "the saved plan is not of the shape that its format promises",
            where=name,
            fix="make it again with `plan --out FILE`",
        )
    return SavedPlan(
        # JSON is YAML: these are loaded as any plan file is
        plans=tuple((entry["file"], json.dumps(entry["plan"], ensure_ascii=False)) for entry in body["plans"]),
        targets=tuple(body["targets"]),
        digest=body["digest"],
        seen=body["seen"],
        changes=body["changes"],
        complete=body["complete"],
    )


def _is_whole(body: Mapping[str, Any]) -> bool:
    """Tell whether every part is there and of its type: a checksum keeps out accidents, not other programs."""
    plans, targets, changes = body.get("plans"), body.get("targets"), body.get("changes")
    return (
        isinstance(body.get("digest"), str)
        and isinstance(body.get("complete"), bool)
        and isinstance(targets, list)
        and all(isinstance(address, str) for address in targets)
        and isinstance(plans, list)
        and all(isinstance(e, dict) and isinstance(e.get("file"), str) and "plan" in e for e in plans)
        and _is_nested(body.get("seen"))
        and isinstance(changes, dict)
        and all(isinstance(part, list) and all(map(_is_change, part)) for part in changes.values())
    )


def _is_nested(parts: object) -> bool:
    return isinstance(parts, dict) and all(
        isinstance(fields, dict) and all(value is None or isinstance(value, dict) for value in fields.values())
        for fields in parts.values()
    )


def _is_change(change: object) -> bool:
    if not isinstance(change, dict) or not isinstance(change.get("edits"), list):
        return False
    whole = all(isinstance(change.get(name), str) for name in ("address", "action"))
    return whole and all(
        isinstance(edit, dict) and {"field", "before", "after"} <= edit.keys() for edit in change["edits"]
    )


def _json(data: bytes, name: str) -> dict[str, Any]:
    again = "make it again with `plan --out FILE`"
    if len(data) > LARGEST:
        raise Refused("the saved plan is too large to be one", where=name, fix=again)
    try:
        body = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused("the saved plan is truncated or was changed", where=name, fix=again) from error
    if not isinstance(body, dict):
        raise Refused("this is not a saved plan of oidc-provision", where=name, fix=again)
    return body


def moved(saved: SavedPlan, proposal: Proposal) -> tuple[str, ...]:
    """Return the managed values that differ between what the saved plan saw and what is live now, one line each."""
    return tuple(_differences(saved.seen, {str(view.target): _seen(view) for view in proposal.views}))


def decided_otherwise(saved: SavedPlan, proposal: Proposal) -> tuple[str, ...]:
    """Return the edits that are not those of the saved plan, one line each: a secret moves without being seen."""
    now = {str(view.target): [change_json(change) for change in view.changes] for view in proposal.views}
    before, after = _edits(saved.changes), _edits(now)
    differing = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return tuple(f"`{address}` field `{field}` is to be changed otherwise" for _, address, field in differing)


def _edits(changes: Mapping[str, Any]) -> dict[tuple[str, str, str], str]:
    return {
        (target, change["address"], str(edit["field"])): json.dumps([change["action"], edit], sort_keys=True)
        for target, part in changes.items()
        for change in part
        for edit in change["edits"]
    }


def is_applied(saved: SavedPlan, proposal: Proposal) -> bool:
    """Tell whether nothing of the saved plan is left to send, and nothing that it would have left alone has moved."""
    before, now = _flat(saved.seen), _flat({str(view.target): _seen(view) for view in proposal.views})
    made = {
        (target, change["address"])
        for target, part in saved.changes.items()
        for change in part
        if change["action"] == Action.CREATE
    }
    # of what it changes an identity provider may make what nobody could foresee, and what is managed may depend on what is live
    left_alone = (before.keys() & now.keys()) - _edits(saved.changes).keys()
    return not proposal.pending and all(before[key] == now[key] for key in left_alone if key[:2] not in made)


def _flat(parts: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str, str], Any]:
    """Every value by target, address and field; under the field "" stands whether the resource exists."""
    return {
        (target, address, name): value
        for target, part in parts.items()
        for address, fields in part.items()
        for name, value in {"": fields is not None, **(fields or {})}.items()
    }


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for target in sorted(expected.keys() | found.keys()):
        before, now = expected.get(target, {}), found.get(target, {})
        for address in sorted(before.keys() | now.keys()):
            yield from _moved_fields(address, before.get(address), now.get(address))


def _moved_fields(address: str, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Iterator[str]:
    if before is None or now is None:
        if before is not now:
            yield f"`{address}` {'exists now' if before is None else 'does not exist any more'}"
        return
    for field in sorted(before.keys() | now.keys()):
        old, new = before.get(field), now.get(field)
        if old != new:
            yield f"`{address}` field `{field}` was {_shown(old)}, is {_shown(new)}"


def _shown(value: object) -> str:
    if value is None:
        return "absent"
    return json.dumps(value, ensure_ascii=False)

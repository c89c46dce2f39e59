"""A proposal as JSON, with Terraform's plan field names where they fit; the schema ships beside this module."""

from __future__ import annotations

import json
from typing import Any

from ...plans.diff import Action, Change, edit_json, fields_json
from ...plans.findings import Finding
from ...plans.proposal import Proposal
from ...plans.resources import Generated, Target
from .text import Cost, counts

FORMAT_VERSION = "1.0"
ACTIONS = {Action.CREATE: "create", Action.UPDATE: "update", Action.DELETE: "delete"}


def render_json(proposal: Proposal, cost: Cost | None = None) -> str:
    """Return the proposal as one JSON object; no secret is in it."""
    return readable_json(plan_object(proposal, cost))


def readable_json(value: object) -> str:
    """Return indented JSON in which every character can be seen: what would draw on a terminal is escaped."""
    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    return "\n".join(line if line.isprintable() else _escaped(line) for line in lines) + "\n"


def _escaped(line: str) -> str:
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)


def plan_object(proposal: Proposal, cost: Cost | None = None) -> dict[str, Any]:
    """Return the proposal as JSON data; `requests` and `seconds` are those of the look."""
    return {
        "format_version": FORMAT_VERSION,
        "digest": proposal.digest,
        "applyable": proposal.pending and not proposal.errors and not proposal.failed,
        "complete": proposal.complete,
        "errored": bool(proposal.failed),
        "summary": counts(proposal),
        "resource_changes": [_change(target, change) for target, change in proposal.changes],
        "findings": [_finding(finding) for finding in proposal.findings],
        "errors": [
            {"target": str(v.target), "message": e.message, "where": e.where, "fix": e.fix, "notes": list(e.notes)}
            for v, e in ((view, view.error) for view in proposal.failed)
            if e is not None
        ],
        "requests": None if cost is None else cost.requests,
        "seconds": None if cost is None else round(cost.seconds, 3),
    }


def _change(target: Target, change: Change) -> dict[str, Any]:
    before = change.before
    unknown = {edit.field: True for edit in change.edits if isinstance(edit.after, Generated)}
    return {
        "address": str(change.address),
        "target": str(target),
        "type": change.address.kind,
        "name": change.address.name,
        "manual": change.manual,
        "change": {
            "actions": [ACTIONS[change.action]],
            "before": None if before is None else fields_json(before),
            "after": None if change.action is Action.DELETE else fields_json(change.after),
            "after_unknown": unknown,
        },
        "edits": [edit_json(edit) for edit in change.edits],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    position = finding.position
    place = None if position is None else {"file": position.file, "line": position.line, "column": position.column}
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": finding.where,
        "problem": finding.problem,
        "fix": finding.fix,
        "source": finding.source,
        "position": place,
    }

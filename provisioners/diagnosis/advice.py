"""Advice made to fit a plan: what it says already is not told again, and a vendor's own way replaces the general one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import yaml

from ...plans.durations import format_duration
from ...plans.model import Plan
from ...plans.symptoms.base import Symptom
from ..habits import Habits, Wishes
from .oauth_errors import edit_in
from .tally import Diagnosis, Found

SAID_ALREADY = (
    "the plan says so already: `oidc-provision plan` shows whether it is applied, `env` what Coder must be started with; "
    "then users sign in again"
)


def tailored(diagnosis: Diagnosis, plan: Plan, habits: Habits) -> Diagnosis:
    """Return the diagnosis with fixes and edits for this plan."""
    wishes, stated = habits.wishes(plan), plan.normalised()
    found = (_tailored(each, plan, habits, wishes, stated) for each in diagnosis.found)
    return replace(diagnosis, found=tuple(found))


def _tailored(found: Found, plan: Plan, habits: Habits, wishes: Wishes, stated: Mapping[str, object]) -> Found:
    symptom = found.symptom
    if symptom.part in ("offline", "scopes") and "offline_access" in symptom.edit:
        symptom = _offline(symptom, wishes)
    elif symptom.part == "session":
        symptom = _session(symptom, plan)
    elif symptom.part == "rotation" and habits.fixes.get("rotation"):
        fix = habits.fixes["rotation"]
        symptom = replace(symptom, fix=fix, edit=edit_in(fix) or symptom.edit)
    return replace(found, symptom=_without_what_is_said(symptom, stated))


def _offline(symptom: Symptom, wishes: Wishes) -> Symptom:
    asked = [name for name in ("offline_access",) if name in wishes.scopes]
    asked += [f"{name}={value}" for name, value in wishes.parameters.items() if name in ("access_type", "prompt")]
    if not asked:
        return symptom
    return replace(symptom, fix=f"the plan asks for {', '.join(asked)}: {_AFTER}", edit="")


_AFTER = (
    "run `oidc-provision plan` (and `apply`), start Coder with what `oidc-provision env` prints, and let users sign in again: "
    "a session from before has no refresh token"
)


def _session(symptom: Symptom, plan: Plan) -> Symptom:
    seconds = plan.coder.session_duration
    if seconds is None:
        return symptom
    fix = f"raise `coder.session_duration`, which is {format_duration(seconds)} in the plan, or let Coder be started with it"
    return replace(symptom, fix=fix, edit="")


def _without_what_is_said(symptom: Symptom, stated: Mapping[str, object]) -> Symptom:
    if not symptom.edit or not _holds(stated, yaml.safe_load(symptom.edit)):
        return symptom
    return replace(symptom, fix=SAID_ALREADY, edit="")


def _holds(stated: object, edit: object) -> bool:
    """Tell whether a plan states everything that an edit would."""
    if isinstance(edit, Mapping):
        return isinstance(stated, Mapping) and all(_holds(stated.get(name), each) for name, each in edit.items())
    if isinstance(edit, Sequence) and not isinstance(edit, str):
        return isinstance(stated, Sequence) and set(map(str, edit)) <= set(map(str, stated))
    return stated == edit

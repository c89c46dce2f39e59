"""Files that verbs are given besides plan files: saved plans, environment files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..plans import saved as saved_plans
from ..provisioners.files import read_private, read_text

if TYPE_CHECKING:
    from ..plans.load import Deployment
    from ..plans.saved import SavedPlan

SAVED_SUFFIXES = (".plan", ".json", ".zip", ".tfplan")


def saved_plan_at(paths: Sequence[str]) -> SavedPlan | None:
    """Return the saved plan that a single path names, None where it is a plan file or folder. Raises Refused for a broken one."""
    if len(paths) != 1 or not Path(paths[0]).is_file() or not os.access(paths[0], os.R_OK):
        return None
    path = Path(paths[0])
    data = read_private(path, limit=saved_plans.LARGEST).data
    # a truncated one is known by its name: read as YAML it would give an odd error
    if path.suffix in SAVED_SUFFIXES or saved_plans.is_saved(data):
        return saved_plans.parse(data, paths[0])
    return None


def deployments_of(saved: SavedPlan) -> tuple[Deployment, ...]:
    """Return the deployments of a saved plan; their references are relative to the plan files they were made from."""
    from ..plans.load import load  # noqa: PLC0415  # pydantic
    from ..provisioners.registry import PlanKinds  # noqa: PLC0415  # as above

    return load(((name, text.encode()) for name, text in saved.plans), PlanKinds())


def read_existing(path: str) -> str:
    """Return the text of a file, "" where there is none. Raises Failed for one that is no text file."""
    return read_text(Path(path)) if Path(path).exists() else ""

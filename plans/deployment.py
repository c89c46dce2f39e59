"""One Coder deployment at one identity provider: a valid plan and the file it was read from."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from .document import Document
from .errors import Position
from .model import Plan
from .resources import Target
from .yaml_survey import Path


@dataclass(frozen=True, slots=True)
class Deployment:
    """A plan with its document, so that whatever is said about it can name the line."""

    plan: Plan
    document: Document

    @property
    def folder(self) -> str:
        """The plan file's folder, to which the plan's relative paths are relative; "" for the working one."""
        return posixpath.dirname(self.document.file)

    @property
    def target(self) -> Target:
        """Where the plan's resources live."""
        return self.plan.identity_provider.target(self.folder)

    @property
    def client_id(self) -> str:
        """The client that the plan is about."""
        return self.plan.client.id

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Return the place in the plan file, of the nearest parent where the path has none."""
        return self.document.position(path, key=key)

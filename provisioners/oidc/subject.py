"""What is verified: Coder's settings at an identity provider, wherever they came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...plans.meanings import Meaning
from ..habits import no_refusal
from .asking import Request
from .tokens import Credentials


@dataclass(frozen=True, slots=True)
class Promise:
    """What a plan promises of tokens; seconds, None where it says nothing."""

    access: int | None = None
    idle: int | None = None
    maximum: int | None = None
    rotation: Literal["reuse", "rotate"] | None = None
    grace: int = 0
    """How long a used refresh token is good for after its first use, as the identity provider is set."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One application at one issuer. `hosts` are hosts of the vendor's own, `tables` its refusals with their meanings."""

    issuer: str
    who: Credentials
    request: Request
    hosts: frozenset[str] = frozenset()
    tables: tuple[Meaning, ...] = ()
    promise: Promise = field(default_factory=Promise)
    fixes: Mapping[str, str] = field(default_factory=dict)
    """What mends a broken part in this vendor's plan, by part."""
    silent: frozenset[str] = frozenset()
    """Scopes that this vendor's answers do not name although they were granted."""
    scope_names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What this vendor's answers may call a scope instead, by the name that is asked for."""
    revokes_grant: bool = False
    """Whether to revoke one token ends the person's whole grant to the client."""
    refusal_at: Callable[[str], tuple[str, str] | None] = no_refusal
    """Error and description that the address of the vendor's own error page tells."""

    def names_of(self, scope: str) -> frozenset[str]:
        """Return all that an answer may call a scope that is asked for."""
        return self.scope_names.get(scope, frozenset()) | {scope}

    def fix(self, part: str, otherwise: str) -> str:
        """Return how a broken part is mended."""
        return self.fixes.get(part, otherwise)

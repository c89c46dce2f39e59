"""What an OpenID provider remembers: sign-ins under way, people signed in, codes, families of tokens. Frozen, replaced whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .refreshing import Family


@dataclass(frozen=True, slots=True)
class Asked:
    """What an application asked of the authorization endpoint."""

    app: str
    redirect_uri: str
    scope: str = ""
    state: str = ""
    nonce: str = ""
    challenge: str = ""
    challenge_method: str = ""
    prompt: frozenset[str] = frozenset()
    access_type: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in under way in one browser; `person` is known once the password was right."""

    browser: str
    asked: Asked
    person: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """A person signed in with one browser."""

    person: str
    at: int


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, good once; `family` names what it was exchanged for."""

    asked: Asked
    person: str
    login: str
    at: int
    consented: bool = False
    family: str = ""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Everything of one issuer."""

    pending: Mapping[str, Pending] = field(default_factory=dict)
    logins: Mapping[str, Login] = field(default_factory=dict)
    codes: Mapping[str, Code] = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)
    consents: frozenset[tuple[str, str]] = frozenset()
    """(person, application) pairs."""

    def with_pending(self, key: str, pending: Pending) -> Sessions:
        """Return these with one more sign-in under way, or with that one as it is now."""
        return replace(self, pending={**self.pending, key: pending})

    def without_pending(self, key: str) -> Sessions:
        """Return these without that sign-in."""
        return replace(self, pending={each: found for each, found in self.pending.items() if each != key})

    def with_login(self, key: str, login: Login) -> Sessions:
        """Return these with a person signed in."""
        return replace(self, logins={**self.logins, key: login})

    def with_code(self, key: str, code: Code) -> Sessions:
        """Return these with a code, or with that one as it is now."""
        return replace(self, codes={**self.codes, key: code})

    def with_family(self, family: Family) -> Sessions:
        """Return these with a family of tokens, or with that one as it is now."""
        return replace(self, families={**self.families, family.id: family})

    def with_consent(self, person: str, app: str) -> Sessions:
        """Return these with a person's consent to an application."""
        return replace(self, consents=self.consents | {(person, app)})

    def without_login(self, login: str) -> Sessions:
        """Return these after a sign-out: plain sessions of that login end, offline ones stay."""
        logins = {key: found for key, found in self.logins.items() if key != login}
        families = {
            key: replace(family, ended="signed out") if family.login == login and not family.offline else family
            for key, family in self.families.items()
        }
        return replace(self, logins=logins, families=families)

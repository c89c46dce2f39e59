"""What the provider asks of an identity provider: one issuer with its applications, people, rules and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from .refreshing import Family, RefreshRules, Verdict
from .sessions import Asked, Code, Sessions
from .signing import Signer

TokenKind = Literal["access", "id", "userinfo"]


@dataclass(frozen=True, slots=True)
class App:
    """An application as far as signing in goes. `id` never changes, `client_id` is what it calls itself."""

    id: str
    client_id: str
    name: str = ""
    secret: str = ""
    public: bool = False
    redirect_uris: tuple[str, ...] = ()
    flows: frozenset[str] = frozenset({"code", "refresh_token"})
    needs_pkce: bool = False
    needs_consent: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or a service account."""

    id: str
    username: str
    claims: Mapping[str, Any] = field(default_factory=dict)


class Tenant(Protocol):
    """One issuer, opened for one request. What it refuses, it raises as `Refusal`, in its vendor's words."""

    @property
    def issuer(self) -> str:
        """The issuer, to the letter."""
        ...

    @property
    def signer(self) -> Signer:
        """The issuer's keys."""
        ...

    @property
    def sessions(self) -> Sessions:
        """What is remembered now."""
        ...

    def keep(self, sessions: Sessions) -> None:
        """Remember this instead."""
        ...

    def discovery(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the discovery document with what the vendor adds."""
        ...

    def app_at_door(self, client_id: str) -> App:
        """Return the application that a browser brings; refuses with a page."""
        ...

    def app(self, app_id: str) -> App | None:
        """Return an application by its unchanging id, None where it is gone."""
        ...

    def named(self, client_id: str) -> App | None:
        """Return an application by the name it calls itself, None where it is gone."""
        ...

    def authenticate(self, client_id: str, secret: str | None) -> App:
        """Return the application that shows these credentials."""
        ...

    def check_redirect(self, app: App, uri: str) -> None:
        """Refuse, with a page, an address that is not the application's."""
        ...

    def check_asked(self, app: App, asked: Asked, response_type: str) -> None:
        """Refuse what the application may not ask for; the browser is sent back with it."""
        ...

    def check_flow(self, app: App, flow: str) -> None:
        """Refuse a grant that the application may not use."""
        ...

    def check_code(self, code: Code | None, form: Mapping[str, str], app: App, now: int) -> Code:
        """Return the code; refuse one that is unknown, over, used, of another application or shown without its verifier."""
        ...

    def scopes(self, app: App, asked: str) -> tuple[str, ...]:
        """Return the scopes that an application gets for what it asks."""
        ...

    def sign_in(self, username: str, password: str) -> Person:
        """Return the person with this password."""
        ...

    def person(self, person_id: str) -> Person | None:
        """Return a person by id, None where there is none or it may not sign in."""
        ...

    def service(self, app: App) -> Person:
        """Return the service account of an application."""
        ...

    def is_offline(self, scopes: tuple[str, ...]) -> bool:
        """Tell whether these scopes ask for a session that outlives the browser's."""
        ...

    def check_consent(self, app: App) -> None:
        """Refuse, with a page, where people may not consent for themselves."""
        ...

    def check_person(self, person: Person, scopes: tuple[str, ...]) -> None:
        """Refuse tokens that this person may not have."""
        ...

    def check_token(self, claims: Mapping[str, Any] | None, form: Mapping[str, str], now: int) -> None:
        """Refuse a refresh token before its session is looked up: broken, over by its own `exp`, too old."""
        ...

    def check_family(self, family: Family | None, app: App, form: Mapping[str, str], issued: int) -> Family:
        """Return the family; refuse one that is gone, whose grant was taken away, or a token `issued` too long ago."""
        ...

    def check_access(self, claims: Mapping[str, Any]) -> None:
        """Refuse an access token that was taken back before its end."""
        ...

    def rules(self, app: App, *, offline: bool) -> RefreshRules:
        """Return the rules as they are now: they may have changed since the token was issued."""
        ...

    def refuse(self, verdict: Verdict, family: Family, now: int) -> Exception:
        """Return the refusal for a refresh token that is no good."""
        ...

    def unsupported(self, grant_type: str) -> Exception:
        """Return the refusal for a grant that is not there."""
        ...

    def claims(self, kind: TokenKind, app: App, person: Person, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Return what a token or userinfo says beyond the standard's own claims; a claim of None takes one of those away."""
        ...

    def shown(self, app: App, scopes: tuple[str, ...]) -> str:
        """Return the scopes as tokens and answers name them."""
        ...

    def extras(self, family: Family | None, refresh_expires: int | None) -> dict[str, Any]:
        """Return what the vendor adds to the token endpoint's answer."""
        ...

    def refresh_type(self, family: Family) -> str:
        """Return the `typ` of a refresh token."""
        ...

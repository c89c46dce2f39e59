"""An issuer that does what the standards say and nothing else: applications, people and rules as data.

Emulations of vendors that keep close to the standards start from it; the tests of the shared provider run against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from .answers import Refusal, base_of
from .clock import MovableClock
from .provider import OpenIdProvider
from .refreshing import Family, RefreshRules, Verdict
from .sessions import Asked, Code, Sessions
from .signing import Signer, challenge_of
from .state import Box
from .tenant import App, Person, TokenKind

OFFLINE_ACCESS = "offline_access"
CODE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class PlainState:
    """An issuer's data. `passwords` is user name -> password, `known_scopes` what may be asked for."""

    apps: tuple[App, ...] = ()
    people: tuple[Person, ...] = ()
    passwords: Mapping[str, str] = field(default_factory=dict)
    rules: RefreshRules = field(default_factory=RefreshRules)
    known_scopes: tuple[str, ...] = ("openid", "profile", "email", OFFLINE_ACCESS)
    sessions: Sessions = field(default_factory=Sessions)


class PlainTenant:
    """The issuer at `base`, opened for one request."""

    def __init__(self, box: Box[PlainState], base: str, signer: Signer) -> None:
        self._box = box
        self.issuer = base
        self.signer = signer

    @property
    def sessions(self) -> Sessions:
        """What is remembered now."""
        return self._box.value.sessions

    def keep(self, sessions: Sessions) -> None:
        """Remember this instead."""
        self._box.put(replace(self._box.value, sessions=sessions))

    def discovery(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document with the known scopes."""
        return document | {"scopes_supported": list(self._box.value.known_scopes)}

    def app_at_door(self, client_id: str) -> App:
        """Return the application; an unknown one is a page."""
        app = self.named(client_id)
        if app is None:
            raise Refusal(400, "", "The application is not known.", page=True)
        return app

    def app(self, app_id: str) -> App | None:
        """Return an application by its unchanging id."""
        return next((app for app in self._box.value.apps if app.id == app_id), None)

    def named(self, client_id: str) -> App | None:
        """Return an application by the name it calls itself."""
        return next((app for app in self._box.value.apps if app.client_id == client_id), None)

    def authenticate(self, client_id: str, secret: str | None) -> App:
        """Return the application that shows its secret, or is public."""
        app = self.named(client_id)
        if app is None or (not app.public and secret != app.secret):
            raise Refusal(401, "invalid_client", "the client is unknown or its secret is wrong")
        return app

    def check_redirect(self, app: App, uri: str) -> None:
        """Refuse an address that is not registered to the letter."""
        if uri not in app.redirect_uris:
            raise Refusal(400, "", "The redirect address is not registered.", page=True)

    def check_asked(self, app: App, asked: Asked, response_type: str) -> None:
        """Refuse what is no code flow, or lacks the PKCE that the application needs."""
        if response_type != "code":
            raise Refusal(400, "unsupported_response_type")
        if "code" not in app.flows:
            raise Refusal(400, "unauthorized_client")
        if (app.needs_pkce or asked.challenge) and (asked.challenge_method != "S256" or not asked.challenge):
            raise Refusal(400, "invalid_request", "a code_challenge with method S256 is needed")

    def check_flow(self, app: App, flow: str) -> None:
        """Refuse a grant that is off."""
        if flow not in app.flows:
            raise Refusal(400, "unauthorized_client", "the client may not use this grant")

    def check_code(self, code: Code | None, form: Mapping[str, str], app: App, now: int) -> Code:
        """Return the code; refuse one that is unknown, used, over, another's, or without its verifier."""
        if code is None:
            raise Refusal(400, "invalid_grant", "the code is not known")
        shown = challenge_of(form.get("code_verifier", "")) if code.asked.challenge else ""
        checks = {
            "the code was used before": bool(code.family),
            "the code is over": now > code.at + CODE_SECONDS,
            "the code is another client's": code.asked.app != app.id,
            "the redirect address is another one": form.get("redirect_uri") != code.asked.redirect_uri,
            "the verifier does not fit the challenge": shown != code.asked.challenge,
        }
        for problem, is_there in checks.items():
            if is_there:
                raise Refusal(400, "invalid_grant", problem)
        return code

    def scopes(self, app: App, asked: str) -> tuple[str, ...]:  # noqa: ARG002  # the protocol's signature
        """Return the asked scopes, in their order; refuse unknown ones."""
        names = tuple(dict.fromkeys(asked.split()))
        if set(names) - set(self._box.value.known_scopes):
            raise Refusal(400, "invalid_scope", "a scope is not known")
        return names

    def sign_in(self, username: str, password: str) -> Person:
        """Return the person with this password."""
        person = next((each for each in self._box.value.people if each.username == username), None)
        if person is None or self._box.value.passwords.get(username) != password:
            raise Refusal(400, "invalid_grant", "the user name or password is wrong")
        return person

    def person(self, person_id: str) -> Person | None:
        """Return a person by id."""
        return next((each for each in self._box.value.people if each.id == person_id), None)

    def service(self, app: App) -> Person:
        """Return the application as its own account."""
        return Person(app.id, app.client_id)

    def is_offline(self, scopes: tuple[str, ...]) -> bool:
        """Tell whether offline access was asked for."""
        return OFFLINE_ACCESS in scopes

    def check_consent(self, app: App) -> None:
        """Let everybody consent."""

    def check_person(self, person: Person, scopes: tuple[str, ...]) -> None:
        """Let everybody have everything."""

    def check_token(self, claims: Mapping[str, Any] | None, form: Mapping[str, str], now: int) -> None:  # noqa: ARG002  # the protocol's signature
        """Refuse a refresh token that is none of ours, or over by its own `exp`."""
        if claims is None or claims.get("iss") != self.issuer or claims.get("exp", now + 1) <= now:
            raise Refusal(400, "invalid_grant", "the refresh token is not valid")

    def check_family(self, family: Family | None, app: App, form: Mapping[str, str], issued: int) -> Family:  # noqa: ARG002  # the protocol's signature
        """Return the family of this application's token."""
        if family is None or family.app != app.id:
            raise Refusal(400, "invalid_grant", "the refresh token is not valid")
        return family

    def check_access(self, claims: Mapping[str, Any]) -> None:
        """Let access tokens live until their end."""

    def rules(self, app: App, *, offline: bool) -> RefreshRules:  # noqa: ARG002  # the protocol's signature
        """Return the rules."""
        return self._box.value.rules

    def refuse(self, verdict: Verdict, family: Family, now: int) -> Refusal:  # noqa: ARG002  # the protocol's signature
        """Return the refusal, with the reason."""
        return Refusal(400, "invalid_grant", f"the refresh token is no good: {verdict.value}")

    def unsupported(self, grant_type: str) -> Refusal:  # noqa: ARG002  # the protocol's signature
        """Return the refusal of a grant."""
        return Refusal(400, "unsupported_grant_type")

    def claims(self, kind: TokenKind, app: App, person: Person, scopes: tuple[str, ...]) -> dict[str, Any]:  # noqa: ARG002  # the protocol's signature
        """Return what is known of the person, in ID tokens and userinfo."""
        return {} if kind == "access" else dict(person.claims)

    def shown(self, app: App, scopes: tuple[str, ...]) -> str:  # noqa: ARG002  # the protocol's signature
        """Return all scopes."""
        return " ".join(scopes)

    def extras(self, family: Family | None, refresh_expires: int | None) -> dict[str, Any]:  # noqa: ARG002  # the protocol's signature
        """Add nothing."""
        return {}

    def refresh_type(self, family: Family) -> str:
        """Return Offline or Refresh."""
        return "Offline" if family.offline else "Refresh"


class PlainEmulation:
    """A whole issuer at the root of where it is mounted."""

    def __init__(
        self, state: PlainState, clock: MovableClock, draw: Callable[[], str], signer: Signer | None = None
    ) -> None:
        self.box = Box(state)
        self._clock = clock
        self._draw = draw
        self._signer = signer or Signer()

    @property
    def routes(self) -> list[BaseRoute]:
        """The provider's paths."""
        return [*OpenIdProvider(self._tenant, self._clock, self._draw).routes()]

    @property
    def signer(self) -> Signer:
        """What signs its tokens."""
        return self._signer

    def _tenant(self, request: Request) -> PlainTenant:
        return PlainTenant(self.box, base_of(request), self._signer)

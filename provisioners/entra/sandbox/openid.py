"""The tenant as an issuer: Entra's checks, its refresh rules and its AADSTS numbers (which Microsoft may change)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...sandbox.answers import Refusal
from ...sandbox.refreshing import Family, RefreshRules, Verdict
from ...sandbox.sessions import Asked, Code, Sessions
from ...sandbox.signing import Signer, challenge_of
from ...sandbox.state import Box
from ...sandbox.tenant import App, Person, TokenKind
from .aadsts import NO_CONSENT, Opened
from .building import DELEGATED, GRAPH_APP
from .claims import id_seconds, pairwise, person_claims
from .consent import RESOURCE, consents, covers, with_consent
from .discovery import entra_document
from .policies import access_token_seconds
from .proving import EVERYBODY, known, proven
from .state import APPLICATIONS, Directory, Representation

OFFLINE_ACCESS = "offline_access"
DAY = 86400
IDLE = 90 * DAY
CODE_SECONDS = 600
SPA = "~spa"
"""Marks a session whose redirect URI is a single-page application's; it is among the session's scopes and never shown."""
DEFAULT = "/.default"


class EntraTenant:
    """The tenant, opened for one request."""

    def __init__(self, box: Box[Directory], opened: Opened, signer: Signer) -> None:
        self._box = box
        self._opened = opened
        self.signer = signer
        if opened.named not in (self.directory.tenant, self.directory.domain, *EVERYBODY):
            raise self._opened.refusal(90002, "invalid_request", f"Tenant '{opened.named}' not found.")

    @property
    def directory(self) -> Directory:
        """The directory as it is now."""
        return self._box.value

    @property
    def issuer(self) -> str:
        """The issuer, with the tenant's GUID whatever name it was asked by."""
        return f"{self._opened.base}/{self.directory.tenant}/v2.0"

    @property
    def sessions(self) -> Sessions:
        """What is remembered; who has consented is what the grants say."""
        return replace(self.directory.sessions, consents=consents(self.directory, self._opened.scope.split()))

    def keep(self, sessions: Sessions) -> None:
        """Remember this instead; a consent becomes a grant for one person."""
        directory, opened = self.directory, self._opened
        for person, app in sessions.consents - self.sessions.consents:
            directory = with_consent(directory, person, app, opened.scope.split(), opened.draw)
        self._box.put(replace(directory, sessions=replace(sessions, consents=frozenset())))

    def discovery(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document as Entra has it: under `common` the issuer is a pattern that no token's issuer equals."""
        base, named, tenant = self._opened.base, self._opened.named, self.directory.tenant
        own = f"{base}/{tenant if named == self.directory.domain else named}"
        issuer = f"{base}/{{tenantid}}/v2.0" if named in EVERYBODY else self.issuer
        return entra_document(document, issuer, own)

    def app_at_door(self, client_id: str) -> App:
        """Return the application that a browser brings; what is wrong with it is a page."""
        return self._app(known(self.directory, self._opened, client_id, page=True))

    def check_consent(self, app: App) -> None:  # noqa: ARG002  # the protocol's signature
        """Refuse, with a page, where only administrators may consent."""
        if not self.directory.switches.people_may_consent:
            raise self._opened.refusal(90094, "consent_required", "The grant requires admin permission.", page=True)

    def _app(self, found: Representation) -> App:
        covered = covers(self.directory, found, "", self._opened.scope.split())
        return App(
            id=str(found["id"]),
            client_id=str(found["appId"]),
            name=str(found["displayName"]),
            redirect_uris=tuple(uri for kind in ("web", "spa", "publicClient") for uri in found[kind]["redirectUris"]),
            needs_consent=not covered,
        )

    def app(self, app_id: str) -> App | None:
        """Return an application by its object id."""
        found = self.directory.all(APPLICATIONS).get(app_id)
        return None if found is None else self._app(found)

    def named(self, client_id: str) -> App | None:
        """Return an application by its appId."""
        found = self.directory.find(APPLICATIONS, "appId", client_id)
        return None if found is None else self._app(found)

    def authenticate(self, client_id: str, secret: str | None) -> App:
        """Return the application with this secret, or with an assertion that its certificate signed."""
        return self._app(proven(self.directory, self._opened, client_id, secret))

    def check_redirect(self, app: App, uri: str) -> None:
        """Refuse, with a page, an address that is not registered to the letter."""
        if not app.redirect_uris:
            words = "No reply address is registered for the application."
            raise self._opened.refusal(500113, "invalid_request", words, page=True)
        if uri not in app.redirect_uris:
            words = f"The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the application"
            raise self._opened.refusal(50011, "invalid_request", f"{words} '{app.client_id}'.", page=True)

    def check_asked(self, app: App, asked: Asked, response_type: str) -> None:  # noqa: ARG002  # the protocol's signature
        """Refuse what is no code flow, and a challenge in an unknown way."""
        if response_type != "code":
            words = "The response_type is not enabled for the application."
            raise self._opened.refusal(700051, "unsupported_response_type", words)
        if asked.challenge_method not in ("", "S256", "plain"):
            raise self._opened.refusal(501491, "invalid_request", "Invalid code_challenge_method parameter.")

    def check_flow(self, app: App, flow: str) -> None:
        """Refuse an application's own sign-in for anything but all it has; passwords are not taken at all."""
        if flow == "password":
            raise self._opened.refusal(50126, "invalid_grant", "The sandbox takes no password here.")
        if not self._opened.form.get("scope", "").endswith(DEFAULT):
            raise self._opened.refusal(
                1002012, "invalid_scope", "The provided value for scope is not valid: it needs /.default."
            )
        if self.directory.principal_of(app.client_id) is None:
            words = f"The client application {app.client_id} is missing service principal in the tenant."
            raise self._opened.refusal(7000229, "invalid_client", words, 401)

    def check_code(self, code: Code | None, form: Mapping[str, str], app: App, now: int) -> Code:
        """Return the code; refuse one that is unknown, was used, is over, or came another way."""
        if code is None or code.asked.app != app.id:
            raise self._opened.grant(70000, "The provided value for the 'code' parameter is not valid.")
        shown = form.get("code_verifier", "")
        hashed = shown if code.asked.challenge_method in ("", "plain") else challenge_of(shown)
        checks = (
            (
                bool(code.family),
                54005,
                "OAuth2 Authorization code was already redeemed, please retry with a new valid code.",
            ),
            (now > code.at + CODE_SECONDS, 70008, "The provided authorization code is expired."),
            (
                form.get("redirect_uri") != code.asked.redirect_uri,
                500112,
                "The reply address does not match that of the code.",
            ),
            (
                bool(code.asked.challenge) and hashed != code.asked.challenge,
                501481,
                "The Code_Verifier does not match.",
            ),
        )
        for wrong, number, words in checks:
            if wrong:
                raise self._opened.grant(number, words)
        self._check_assigned(app, code.person)
        return code

    def _check_assigned(self, app: App, person: str) -> None:
        principal = self.directory.principal_of(app.client_id) or {}
        needed = principal.get("appRoleAssignmentRequired", False)
        if needed and (person, str(principal["id"])) not in self.directory.assigned:
            words = f"The signed in user is not assigned to a role for the application '{app.client_id}'."
            raise self._opened.grant(50105, words)

    def scopes(self, app: App, asked: str) -> tuple[str, ...]:
        """Return the scopes that are known; a session of a single-page application is marked."""
        names = tuple(dict.fromkeys(name.removeprefix(RESOURCE) for name in asked.split()))
        if names and all(name.endswith(DEFAULT) for name in asked.split()):
            return tuple(asked.split())
        if not names:
            raise self._opened.refusal(28003, "invalid_scope", "The scope parameter must not be empty.")
        unknown = [name for name in names if name not in DELEGATED]
        if unknown:
            raise self._opened.refusal(
                70011, "invalid_scope", f"The provided value for scope is not valid: '{unknown[0]}'."
            )
        application = self.directory.all(APPLICATIONS)[app.id]
        uri = self._opened.form.get("redirect_uri", "")
        single = uri in application["spa"]["redirectUris"] and uri not in application["web"]["redirectUris"]
        return (*names, SPA) if single else names

    def sign_in(self, username: str, password: str) -> Person:
        """Return the person with this password."""
        member = next((each for each in self.directory.people.values() if each.username == username.lower()), None)
        if member is None or member.password != password:
            raise self._opened.grant(50126, "Error validating credentials due to invalid username or password.")
        if not member.enabled:
            raise self._opened.grant(50057, "The user account is disabled.")
        return Person(member.id, member.username)

    def person(self, person_id: str) -> Person | None:
        """Return a person that may sign in."""
        member = self.directory.people.get(person_id)
        return None if member is None or not member.enabled else Person(member.id, member.username)

    def service(self, app: App) -> Person:
        """Return the application's service principal."""
        principal = self.directory.principal_of(app.client_id) or {"id": ""}
        return Person(str(principal["id"]), app.client_id)

    def is_offline(self, scopes: tuple[str, ...]) -> bool:
        """Tell whether offline access was asked for."""
        return OFFLINE_ACCESS in scopes

    def check_person(self, person: Person, scopes: tuple[str, ...]) -> None:
        """Let everybody have what they consented to."""

    def check_token(self, claims: Mapping[str, Any] | None, form: Mapping[str, str], now: int) -> None:  # noqa: ARG002  # the protocol's signature
        """Refuse a refresh token that is none of this issuer's."""
        if not form.get("refresh_token"):
            words = "The request body must contain the following parameter: 'refresh_token'."
            raise self._opened.refusal(900144, "invalid_request", words)
        if claims is None or claims.get("iss") != self.issuer:
            raise self._opened.grant(70000, "Provided grant is invalid or malformed.")

    def check_family(self, family: Family | None, app: App, form: Mapping[str, str], issued: int) -> Family:  # noqa: ARG002  # the protocol's signature
        """Return the session; refuse one of another application, or whose consent was taken back."""
        if family is None or family.app != app.id:
            raise self._opened.grant(70000, "Provided grant is invalid or malformed.")
        application = self.directory.all(APPLICATIONS)[app.id]
        if not family.ended and not covers(self.directory, application, family.person, family.scopes):
            words = f"The user or administrator has not consented to use the application with ID '{app.client_id}' named '{app.name}'."
            raise self._opened.grant(NO_CONSENT, words)
        self._check_assigned(app, family.person)
        return family

    def check_access(self, claims: Mapping[str, Any]) -> None:
        """Let access tokens live until their end: Entra takes none back."""

    def rules(self, app: App, *, offline: bool) -> RefreshRules:  # noqa: ARG002  # the protocol's signature
        """Return 90 days without use and no maximum; 24 hours and no more for single-page applications."""
        return RefreshRules(
            issue="offline",
            idle=IDLE,
            maximum=DAY if self._is_single_page(app) else None,
            # Entra draws 60 to 90 minutes at random; this does from the clock, so that a run can be repeated
            access=3600 + self._opened.now * 7919 % 1800,
        )

    def _is_single_page(self, app: App) -> bool:
        form = self._opened.form
        if "refresh_token" in form:
            # what a token was issued to stays so, also after the address has moved to another platform
            claims = self.signer.read(form["refresh_token"], own=True) or {}
            return SPA in str(claims.get("scope", "")).split()
        return SPA in self.scopes(app, "openid")

    def refuse(self, verdict: Verdict, family: Family, now: int) -> Refusal:  # noqa: ARG002  # the protocol's signature
        """Return the refusal for a refresh token that is no good."""
        if verdict is Verdict.OVER:
            words = "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00."
            return self._opened.grant(700084, words)
        if verdict is Verdict.IDLE:
            words = "The refresh token has expired due to inactivity. It was inactive for 90.00:00:00."
            return self._opened.grant(700082, words)
        return self._opened.grant(
            50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed."
        )

    def unsupported(self, grant_type: str) -> Refusal:
        """Return the refusal of a grant."""
        words = f"The app requested an unsupported grant type '{grant_type}'."
        return self._opened.refusal(70003, "unsupported_grant_type", words)

    def claims(self, kind: TokenKind, app: App, person: Person, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Return what a token says; neither `at_hash` nor any word of the refresh token is among it."""
        directory, now = self.directory, self._opened.now
        application, member = directory.all(APPLICATIONS)[app.id], directory.people.get(person.id)
        usual = {"tid": directory.tenant, "ver": "2.0", "nbf": now, "oid": person.id, "uti": self._opened.draw()}
        if member is None:
            return usual | {"aud": GRAPH_APP, "appid": app.client_id, "idtyp": "app", "roles": self._rights(person.id)}
        named = person_claims(
            application, member, scopes, "accessToken" if kind == "access" else "idToken", self._opened.base
        )
        if kind == "access":
            return usual | named | {"aud": GRAPH_APP, "appid": app.client_id, "scp": self.shown(app, scopes)}
        sub = {"sub": pairwise(app.client_id, person.id)}
        if kind == "userinfo":
            return {**sub, **{name: value for name, value in named.items() if name in ("name", "email")}}
        gone = dict.fromkeys(("at_hash", "azp", "sid", "auth_time", "typ", "jti"))
        seconds = id_seconds(directory, application, access_token_seconds)
        return usual | named | gone | sub | {"exp": now + seconds}

    def _rights(self, principal: str) -> list[str]:
        return sorted(self.directory.rights.get(principal, ()))

    def shown(self, app: App, scopes: tuple[str, ...]) -> str:  # noqa: ARG002  # the protocol's signature
        """Return the scopes as answers name them: offline_access is not among them [memory]."""
        return " ".join(scope for scope in scopes if scope not in (OFFLINE_ACCESS, SPA))

    def extras(self, family: Family | None, refresh_expires: int | None) -> dict[str, Any]:  # noqa: ARG002  # the protocol's signature
        """Add nothing."""
        return {}

    def refresh_type(self, family: Family) -> str:  # noqa: ARG002  # the protocol's signature
        """Return Refresh."""
        return "Refresh"

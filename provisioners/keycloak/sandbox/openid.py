"""One realm as an issuer: Keycloak's checks and its words (26.7.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ...sandbox.answers import Refusal
from ...sandbox.provider import Endpoints
from ...sandbox.refreshing import Family, RefreshRules, Verdict
from ...sandbox.sessions import Asked, Code, Sessions
from ...sandbox.signing import Signer, challenge_of
from ...sandbox.state import Box
from ...sandbox.tenant import App, Person, TokenKind
from . import lifetimes
from .claims import attached_scopes, claims_of
from .state import OFFLINE_ACCESS, Member, Realm, Representation, Server

_ROOT = "/protocol/openid-connect"
PKCE = "pkce.code.challenge.method"
ENDPOINTS = Endpoints(
    authorize=f"{_ROOT}/auth",
    form="/login-actions/authenticate",
    token=f"{_ROOT}/token",
    userinfo=f"{_ROOT}/userinfo",
    jwks=f"{_ROOT}/certs",
    revoke=f"{_ROOT}/revoke",
    introspect=f"{_ROOT}/token/introspect",
    logout=f"{_ROOT}/logout",
)
VERIFIER = re.compile("[A-Za-z0-9._~-]{43,128}")
BAD_CLIENT = "Invalid client or Invalid client credentials"
FLOWS = {
    "standardFlowEnabled": "code",
    "directAccessGrantsEnabled": "password",
    "serviceAccountsEnabled": "client_credentials",
}


def _grant(words: str) -> Refusal:
    return Refusal(400, "invalid_grant", words)


class KeycloakTenant:
    """A realm, opened for one request. `base` is the server's address without a slash at its end."""

    def __init__(self, box: Box[Server], realm: str, base: str, signer: Signer) -> None:
        self._box = box
        self._name = realm
        self._base = base
        self.signer = signer
        if realm not in box.value.realms:
            raise Refusal(404, "Realm does not exist")

    @property
    def realm(self) -> Realm:
        """The realm as it is now."""
        return self._box.value.realms[self._name]

    @property
    def issuer(self) -> str:
        """The address below which the realm's endpoints are; a realm may have a front-end address of its own."""
        base = self.realm.settings["attributes"].get("frontendUrl") or self._base
        return f"{base}/realms/{quote(self._name, safe='')}"

    @property
    def sessions(self) -> Sessions:
        """What the realm remembers of sign-ins."""
        return self.realm.sessions

    def keep(self, sessions: Sessions) -> None:
        """Remember this instead."""
        self._box.put(self._box.value.with_realm(replace(self.realm, sessions=sessions)))

    def discovery(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the document with the realm's scopes, not the client's; it answers also while the realm is disabled."""
        openid = [scope["name"] for scope in self.realm.scopes.values() if scope.get("protocol") == "openid-connect"]
        return document | {"scopes_supported": ["openid", *sorted(openid)]}

    def app_at_door(self, client_id: str) -> App:
        """Return the client that a browser brings; what is wrong with it is a page."""
        if not self.realm.settings["enabled"]:
            raise Refusal(400, "", "Realm not enabled", page=True)
        client = self.realm.client(client_id)
        if client is None or not client["enabled"]:
            raise Refusal(400, "", "Client not found." if client is None else "Client disabled.", page=True)
        if client["bearerOnly"]:
            raise Refusal(403, "", "Bearer-only applications are not allowed to initiate browser login.", page=True)
        return _app(client)

    def app(self, app_id: str) -> App | None:
        """Return the client of a uuid."""
        client = self.realm.clients.get(app_id)
        return None if client is None else _app(client)

    def named(self, client_id: str) -> App | None:
        """Return the client of a clientId."""
        client = self.realm.client(client_id)
        return None if client is None else _app(client)

    def authenticate(self, client_id: str, secret: str | None) -> App:
        """Return the client with this secret. A public client's secret is not looked at."""
        if not self.realm.settings["enabled"]:
            raise Refusal(403, "access_denied", "Realm not enabled")
        client = self.realm.client(client_id)
        if client is None or not client["enabled"]:
            raise Refusal(401, "invalid_client", BAD_CLIENT)
        if not client["publicClient"] and (secret is None or secret != client.get("secret")):
            raise Refusal(401, "unauthorized_client", BAD_CLIENT)
        return _app(client)

    def check_redirect(self, app: App, uri: str) -> None:
        """Refuse an address that is none of the client's; a star at an end stands for anything."""
        if not any(uri == each or (each.endswith("*") and uri.startswith(each[:-1])) for each in app.redirect_uris):
            raise Refusal(400, "", "Invalid parameter: redirect_uri", page=True)

    def check_asked(self, app: App, asked: Asked, response_type: str) -> None:
        """Refuse a flow that is off, or a question without PKCE where the client demands it."""
        if not response_type:
            raise Refusal(400, "invalid_request", "Missing parameter: response_type")
        if response_type != "code":
            raise Refusal(400, "unsupported_response_type")
        if "code" not in app.flows:
            words = "Client is not allowed to initiate browser login with given response_type."
            raise Refusal(400, "unauthorized_client", f"{words} Standard flow is disabled for the client.")
        if app.needs_pkce and not asked.challenge_method:
            raise Refusal(400, "invalid_request", "Missing parameter: code_challenge_method")
        if asked.challenge_method and not asked.challenge:
            raise Refusal(400, "invalid_request", "Missing parameter: code_challenge")
        if asked.challenge_method not in ("", "S256", "plain"):
            raise Refusal(400, "invalid_request", "Invalid parameter: code_challenge_method")

    def check_flow(self, app: App, flow: str) -> None:
        """Refuse a grant that is off."""
        if flow not in app.flows and flow == "client_credentials":
            raise Refusal(401, "unauthorized_client", "Client not enabled to retrieve service account")
        if flow not in app.flows:
            raise Refusal(400, "unauthorized_client", "Client not allowed for direct access grants")

    def check_code(self, code: Code | None, form: Mapping[str, str], app: App, now: int) -> Code:
        """Return the code; refuse one that is unknown, was used, is over, or came another way."""
        if code is None or code.family or now > code.at + int(self.realm.settings["accessCodeLifespan"]):
            raise _grant("Code not valid")
        if code.asked.app != app.id:
            raise _grant("Auth error")
        if form.get("redirect_uri") != code.asked.redirect_uri:
            raise _grant("Incorrect redirect_uri")
        self._check_verifier(code.asked, form.get("code_verifier"))
        return code

    @staticmethod
    def _check_verifier(asked: Asked, verifier: str | None) -> None:
        if not asked.challenge:
            return
        if verifier is None:
            raise _grant("PKCE code verifier not specified")
        if not VERIFIER.fullmatch(verifier):
            raise _grant("PKCE verification failed: Invalid code verifier")
        shown = verifier if asked.challenge_method in ("", "plain") else challenge_of(verifier)
        if shown != asked.challenge:
            raise _grant("PKCE verification failed: Code mismatch")

    def scopes(self, app: App, asked: str) -> tuple[str, ...]:
        """Return the default scopes and those asked for; one that is not attached refuses the whole list."""
        client = self.realm.clients[app.id]
        names = asked.split()
        if set(names) - {"openid", *client["defaultClientScopes"], *client["optionalClientScopes"]}:
            raise Refusal(400, "invalid_scope", f"Invalid scopes: {asked}")
        openid = ("openid",) if "openid" in names else ()
        optional = sorted(set(names) & set(client["optionalClientScopes"]))
        return (*openid, *client["defaultClientScopes"], *optional)

    def sign_in(self, username: str, password: str) -> Person:
        """Return the person with this password."""
        member = self.realm.member(username)
        if member is None or not member.password or member.password != password:
            raise _grant("Invalid user credentials")
        if not member.enabled:
            raise _grant("Account disabled")
        return Person(member.id, member.username)

    def person(self, person_id: str) -> Person | None:
        """Return a person that may sign in."""
        member = self.realm.people.get(person_id)
        return None if member is None or not member.enabled else Person(member.id, member.username)

    def service(self, app: App) -> Person:
        """Return the client's service account."""
        member = self.realm.service_account(app.id)
        if member is None:
            raise Refusal(401, "unauthorized_client", "Client not enabled to retrieve service account")
        return Person(member.id, member.username)

    def is_offline(self, scopes: tuple[str, ...]) -> bool:
        """Tell whether offline_access is among the scopes, asked for or as a default one."""
        return OFFLINE_ACCESS in scopes

    def check_consent(self, app: App) -> None:
        """Let everybody consent."""

    def check_person(self, person: Person, scopes: tuple[str, ...]) -> None:
        """Refuse an offline token to who lacks the role that the scope maps."""
        if OFFLINE_ACCESS in scopes and not self._has_offline_role(person.id):
            raise Refusal(400, "not_allowed", "Offline tokens not allowed for the user or client")

    def _has_offline_role(self, person_id: str) -> bool:
        member = self.realm.people.get(person_id)
        roles = self.realm.effective_roles(member.roles) if member is not None else frozenset()
        return any((role.name, role.client) == (OFFLINE_ACCESS, "") for role in roles)

    def check_token(self, claims: Mapping[str, Any] | None, form: Mapping[str, str], now: int) -> None:
        """Refuse a token that tells by itself that it is no good."""
        if not form.get("refresh_token"):
            raise Refusal(400, "invalid_request", "No refresh token")
        if claims is None or claims.get("iss") != self.issuer:
            raise _grant("Invalid refresh token")
        if claims.get("exp", now + 1) < now:
            raise _grant("Token is not active")
        if claims["iat"] < self._not_before(self.realm.client(str(claims["azp"]))):
            raise _grant("Stale token")

    def _not_before(self, client: Representation | None) -> int:
        return max(int(self.realm.settings["notBefore"]), 0 if client is None else int(client["notBefore"]))

    def check_family(self, family: Family | None, app: App, form: Mapping[str, str], issued: int) -> Family:
        """Return the session; refuse one that is gone, is another client's, or has lost its grant."""
        if family is None:
            raise _grant("Session not active")
        client = self.realm.clients[app.id]
        member = self.realm.people.get(family.person)
        if member is not None and not member.enabled:
            raise _grant("User disabled")
        if family.app != app.id:
            known = family.app in self.realm.clients
            words = "Invalid refresh token. Token client and authorized client don't match"
            raise _grant(words if known else "Session doesn't have required client")
        if family.ended:
            raise self._ended(family)
        if member is not None and issued < member.not_before:
            raise _grant("Stale token")
        self._check_grant(family, client, member)
        unknown = set(form.get("scope", "").split()) - {"openid"}
        if unknown - {*client["defaultClientScopes"], *client["optionalClientScopes"]}:
            raise Refusal(400, "invalid_scope", f"Invalid scopes: {form['scope']}")
        return family

    def _check_grant(self, family: Family, client: Representation, member: Member | None) -> None:
        attached = OFFLINE_ACCESS in {*client["defaultClientScopes"], *client["optionalClientScopes"]}
        allowed = member is not None and self._has_offline_role(member.id)
        if family.offline and not (attached and allowed):
            raise _grant("Offline session invalid because offline access not granted anymore")

    @staticmethod
    def _ended(family: Family) -> Refusal:
        if family.ended == "reused":
            return _grant("Session doesn't have required client")
        return _grant("Offline user session not found" if family.offline else "Session not active")

    def check_access(self, claims: Mapping[str, Any]) -> None:
        """Refuse an access token whose session is over, or that is older than a sign-out by an administrator."""
        member = self.realm.people.get(str(claims["sub"]))
        client = self.realm.client(str(claims["azp"]))
        since = max(self._not_before(client), 0 if member is None else member.not_before)
        sid, families = claims.get("sid"), self.realm.sessions.families.values()
        over = sid is not None and not any(each.login == sid and not each.ended for each in families)
        if over or claims["iat"] < since:
            raise Refusal(401, "invalid_token", "Token verification failed")

    def rules(self, app: App, *, offline: bool) -> RefreshRules:
        """Return the rules as realm and client have them now."""
        return lifetimes.rules(self.realm, self.realm.clients[app.id], offline=offline)

    def refuse(self, verdict: Verdict, family: Family, now: int) -> Refusal:
        """Return the refusal; whether the realm's limit or the client's own was passed makes the words."""
        if verdict is Verdict.REUSED:
            return _grant("Maximum allowed refresh token reuse exceeded")
        if not family.offline:
            return _grant("Session not active")
        settings = self.realm.settings
        limits = [(family.last_used, int(settings["offlineSessionIdleTimeout"]))]
        if settings["offlineSessionMaxLifespanEnabled"]:
            limits.append((family.started, int(settings["offlineSessionMaxLifespan"])))
        realms = any(now >= since + limit for since, limit in limits)
        return _grant("Offline user session not found" if realms else "Session doesn't have required client")

    def unsupported(self, grant_type: str) -> Refusal:  # noqa: ARG002  # the protocol's signature
        """Return the refusal of a grant."""
        return Refusal(400, "unsupported_grant_type", "Unsupported grant_type")

    def claims(self, kind: TokenKind, app: App, person: Person, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Return what the mappers say; an access token without the scope `basic` has no `sub`."""
        client, member = self.realm.clients[app.id], self.realm.people[person.id]
        attached = attached_scopes(self.realm, client, scopes)
        found = claims_of(kind, self.realm, client, member, attached)
        if kind == "access":
            return {"sub": None} | found
        return found

    def shown(self, app: App, scopes: tuple[str, ...]) -> str:
        """Return the scopes as tokens name them."""
        client = self.realm.clients[app.id]
        attached = attached_scopes(self.realm, client, scopes)
        # a scope without the attribute is shown: only an explicit false hides it
        hidden = {each["name"] for each in attached if each["attributes"].get("include.in.token.scope") == "false"}
        names = {"openid", *(each["name"] for each in attached)} - hidden
        return " ".join(name for name in scopes if name in names)

    def extras(self, family: Family | None, refresh_expires: int | None) -> dict[str, Any]:
        """Return what Keycloak adds; `refresh_expires_in` is 0 for an offline token without an end, and where there is none."""
        since = self._not_before(None)
        if family is not None:
            since = max(self._not_before(self.realm.clients[family.app]), self.realm.people[family.person].not_before)
        more: dict[str, Any] = {"refresh_expires_in": refresh_expires or 0, "not-before-policy": since}
        return more if family is None else more | {"session_state": family.login}

    def refresh_type(self, family: Family) -> str:
        """Return Offline or Refresh."""
        return "Offline" if family.offline else "Refresh"


def _app(client: Representation) -> App:
    return App(
        id=str(client["id"]),
        client_id=str(client["clientId"]),
        name=str(client.get("name") or ""),
        secret=str(client.get("secret") or ""),
        public=bool(client["publicClient"]),
        redirect_uris=tuple(client["redirectUris"]),
        flows=frozenset(flow for switch, flow in FLOWS.items() if client[switch]),
        needs_pkce=bool(client["attributes"].get(PKCE)),
        needs_consent=bool(client["consentRequired"]),
    )

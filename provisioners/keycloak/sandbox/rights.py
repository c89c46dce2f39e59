"""Who asks, and what the roles of that account allow. Partial rights are the server's own: some answers are cut short, not refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request

from ...sandbox.answers import bearer
from ...sandbox.signing import Signer
from .claims import effective
from .refusals import FORBIDDEN, NO_REALM, UNAUTHORIZED
from .state import MANAGEMENT, MASTER, Member, Realm, Role, Server

EVERYTHING = frozenset({"*"})
MANAGES = {"clients": "manage-clients", "realm": "manage-realm", "users": "manage-users"}


@dataclass(frozen=True, slots=True)
class Caller:
    """An account's rights over one realm: names of roles, or `*`."""

    roles: frozenset[str]

    def may(self, *roles: str) -> bool:
        """Tell whether the account holds one of these roles."""
        return bool(self.roles & (EVERYTHING | frozenset(roles)))

    def views(self, what: str) -> bool:
        """Tell whether the account may read `clients`, `realm` or `users`; who manages them also reads them."""
        return self.may(f"view-{what}", MANAGES[what])

    def need(self, *roles: str) -> None:
        """Refuse an account that holds none of these roles."""
        if not self.may(*roles):
            raise FORBIDDEN

    def need_view(self, what: str) -> None:
        """Refuse an account that may not read these."""
        if not self.views(what):
            raise FORBIDDEN

    @property
    def is_administrator(self) -> bool:
        """Tell whether this is somebody with any right at all over the realm."""
        return bool(self.roles)


def caller(request: Request, server: Server, signer: Signer, now: int, managed: str) -> Caller:
    """Return the rights of a request's token over a realm. Refuses in the server's order: token, realm, rights."""
    home, roles = _account(request, server, signer, now)
    if managed not in server.realms:
        raise NO_REALM
    if home.name not in (MASTER, managed):
        raise FORBIDDEN
    found = Caller(_roles_over(home, roles, managed))
    if not found.is_administrator:
        raise FORBIDDEN
    return found


def server_administrator(request: Request, server: Server, signer: Signer, now: int) -> None:
    """Refuse everybody but an administrator of the whole server."""
    home, roles = _account(request, server, signer, now)
    if _roles_over(home, roles, MASTER) != EVERYTHING:
        raise FORBIDDEN


def _account(request: Request, server: Server, signer: Signer, now: int) -> tuple[Realm, frozenset[Role]]:
    """The realm that a token is from, and the roles that its account holds now and its client may use."""
    claims = signer.read(bearer(request)) or {}
    home = server.realms.get(unquote(str(claims.get("iss")).rpartition("/realms/")[2]))
    if home is None or claims.get("typ") != "Bearer" or claims["exp"] < now:
        raise UNAUTHORIZED
    client = home.client(str(claims.get("azp")))
    member = _member(home, claims)
    if client is None or member is None or not member.enabled:
        raise UNAUTHORIZED
    return home, effective(home, client, member)


def _member(home: Realm, claims: Mapping[str, Any]) -> Member | None:
    """A lightweight token names nobody: its session does, or the client that it is the service account of."""
    if "sub" in claims:
        return home.people.get(str(claims["sub"]))
    families = home.sessions.families.values()
    person = next((each.person for each in families if each.login == claims.get("sid") and not each.ended), "")
    client = home.client(str(claims.get("azp")))
    service = home.service_account(str(client["id"])) if client is not None and "sid" not in claims else None
    return home.people.get(person, service)


def _roles_over(home: Realm, roles: frozenset[Role], managed: str) -> frozenset[str]:
    if home.name == MASTER and any(role.name == "admin" and not role.client for role in roles):
        return EVERYTHING
    client = home.client(MANAGEMENT if home.name == managed != MASTER else f"{managed}-realm")
    return frozenset(role.name for role in roles if client is not None and role.client == client["id"])

"""A server's state as frozen values: realms with clients, client scopes, roles, people and sessions. Mappings are never changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...sandbox.sessions import Sessions

Representation = Mapping[str, Any]
MASTER = "master"
MANAGEMENT = "realm-management"
OFFLINE_ACCESS = "offline_access"


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the realm, or of the client with that uuid. `composites` are ids."""

    id: str
    name: str
    client: str = ""
    composites: frozenset[str] = frozenset()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A person, or the service account of a client's uuid. `roles` and `groups` are ids."""

    id: str
    username: str
    created: int
    password: str = ""
    enabled: bool = True
    email: str = ""
    email_verified: bool = False
    first_name: str = ""
    last_name: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    service_of: str = ""
    not_before: int = 0


@dataclass(frozen=True, slots=True)
class Realm:
    """One realm. `scopes_for_new` is scope id -> default or optional; `scope_roles` is scope id -> role ids."""

    id: str
    settings: Representation
    default_role: str
    clients: Mapping[str, Representation] = field(default_factory=dict)
    scopes: Mapping[str, Representation] = field(default_factory=dict)
    scopes_for_new: Mapping[str, str] = field(default_factory=dict)
    scope_roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    people: Mapping[str, Member] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    sessions: Sessions = field(default_factory=Sessions)

    @property
    def name(self) -> str:
        """The realm's name."""
        return str(self.settings["realm"])

    def client(self, client_id: str) -> Representation | None:
        """Return the client of that clientId, by its exact name."""
        return next((each for each in self.clients.values() if each["clientId"] == client_id), None)

    def scope(self, name: str) -> Representation | None:
        """Return the client scope of that name."""
        return next((each for each in self.scopes.values() if each["name"] == name), None)

    def role(self, name: str, client: str = "") -> Role | None:
        """Return a role of the realm, or of a client's uuid, by name."""
        return next((each for each in self.roles.values() if (each.name, each.client) == (name, client)), None)

    def member(self, username: str) -> Member | None:
        """Return a person by user name or address, upper and lower case alike."""
        name = username.lower()
        return next((each for each in self.people.values() if name in (each.username, each.email or None)), None)

    def service_account(self, uuid: str) -> Member | None:
        """Return the service account of a client."""
        return next((each for each in self.people.values() if each.service_of == uuid), None)

    def effective_roles(self, ids: Iterable[str]) -> frozenset[Role]:
        """Return these roles and everything they are made of."""
        found: set[str] = set()
        waiting = list(ids)
        while waiting:
            each = waiting.pop()
            if each in self.roles and each not in found:
                found.add(each)
                waiting.extend(self.roles[each].composites)
        return frozenset(self.roles[each] for each in found)

    def with_client(self, client: Representation) -> Realm:
        """Return the realm with a client, or with that one as it is now."""
        return replace(self, clients={**self.clients, client["id"]: client})

    def with_scope(self, scope: Representation) -> Realm:
        """Return the realm with a client scope, or with that one as it is now."""
        return replace(self, scopes={**self.scopes, scope["id"]: scope})

    def with_role(self, *roles: Role) -> Realm:
        """Return the realm with these roles, or with those as they are now."""
        return replace(self, roles={**self.roles, **{role.id: role for role in roles}})

    def with_member(self, member: Member) -> Realm:
        """Return the realm with a person, or with that one as it is now."""
        return replace(self, people={**self.people, member.id: member})


@dataclass(frozen=True, slots=True)
class Server:
    """All realms by name, and the private key that all their tokens are signed with, as PEM."""

    key: str
    realms: Mapping[str, Realm] = field(default_factory=dict)

    def with_realm(self, realm: Realm) -> Server:
        """Return the server with a realm, or with that one as it is now, under its name of now."""
        others = {name: each for name, each in self.realms.items() if each.id != realm.id}
        return replace(self, realms={**others, realm.name: realm})

    def without_realm(self, name: str) -> Server:
        """Return the server without a realm, and master without the client that stood for it."""
        realms = {each: realm for each, realm in self.realms.items() if each != name}
        master = realms.get(MASTER)
        standing = master.client(f"{name}-realm") if master is not None else None
        if master is not None and standing is not None:
            clients = {uuid: client for uuid, client in master.clients.items() if uuid != standing["id"]}
            roles = {key: role for key, role in master.roles.items() if role.client != standing["id"]}
            realms[MASTER] = replace(master, clients=clients, roles=roles)
        return replace(self, realms=realms)

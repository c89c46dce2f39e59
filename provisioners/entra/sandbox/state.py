"""A tenant's directory as frozen values. Objects are kept as Graph shows them, by collection; mappings are never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...sandbox.sessions import Sessions

Representation = Mapping[str, Any]
APPLICATIONS = "applications"
PRINCIPALS = "servicePrincipals"
GRANTS = "oauth2PermissionGrants"
TOKEN_POLICIES = "tokenLifetimePolicies"  # noqa: S105  # a collection's name
APP_POLICIES = "appManagementPolicies"
ACCESS_POLICIES = "conditionalAccessPolicies"
OWNERS = "owners"
FEDERATED = "federatedIdentityCredentials"
DELETED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a password. `username` is the user principal name; `mail` may be empty, as it is without a mailbox."""

    id: str
    username: str
    password: str
    name: str = ""
    mail: str = ""
    enabled: bool = True
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Switches:
    """How the tenant behaves where Entra itself is not always the same. `lag` and `staleness` are seconds.

    A new object answers 404 during `lag`; a changed one is read as it was during `staleness`.
    """

    lag: float = 0.0
    staleness: float = 0.0
    listing_forbidden: bool = False
    people_may_consent: bool = True


@dataclass(frozen=True, slots=True)
class Stamp:
    """When an object was made and last changed, and what it was before; seconds since 1970."""

    born: float
    changed: float = 0.0
    before: Representation | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """An object in the bin: when it went there, and what it was."""

    collection: str
    at: float
    object: Representation


@dataclass(frozen=True, slots=True)
class Directory:
    """A tenant. `links` are ids by `ID/relation`; `secrets` are secret texts by keyId; `rights` are app roles by principal's id."""

    tenant: str
    domain: str
    created: str
    key: str = ""
    objects: Mapping[str, Mapping[str, Representation]] = field(default_factory=dict)
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    bin: Mapping[str, Deleted] = field(default_factory=dict)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    rights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_policy: Representation = field(default_factory=dict)
    people: Mapping[str, Member] = field(default_factory=dict)
    assigned: frozenset[tuple[str, str]] = frozenset()
    """(person, service principal) pairs."""
    sessions: Sessions = field(default_factory=Sessions)
    switches: Switches = field(default_factory=Switches)
    access_asked: float = 0.0
    """When the conditional access service last answered."""

    def all(self, collection: str) -> Mapping[str, Representation]:
        """Return the objects of a collection by id."""
        return self.objects.get(collection, {})

    def seen(self, collection: str, key: str, now: float) -> Representation | None:
        """Return an object as a read finds it now: not yet there, as it was, or as it is."""
        found, stamp = self.all(collection).get(key), self.stamps.get(key)
        if found is None or stamp is None:
            return found
        if now < stamp.born + self.switches.lag:
            return None
        return stamp.before if stamp.before is not None and now < stamp.changed + self.switches.staleness else found

    def find(self, collection: str, name: str, value: object) -> Representation | None:
        """Return the object of which this property has this value; the case of text does not count, as in ids."""
        wanted = str(value).lower()
        return next((each for each in self.all(collection).values() if str(each.get(name)).lower() == wanted), None)

    def principal_of(self, app_id: object) -> Representation | None:
        """Return the service principal of an application's appId."""
        return self.find(PRINCIPALS, "appId", app_id)

    def linked(self, key: str, relation: str) -> tuple[str, ...]:
        """Return the ids that an object is linked to."""
        return self.links.get(f"{key}/{relation}", ())

    def with_object(self, collection: str, found: Representation, now: float | None = None) -> Directory:
        """Return the directory with an object, or with that one as it is now; without a time it has always been so."""
        key = str(found["id"])
        kept = {**self.all(collection), key: found}
        directory = replace(self, objects={**self.objects, collection: kept})
        if now is None:
            return directory
        return replace(directory, stamps={**self.stamps, key: self._stamp(collection, key, now)})

    def _stamp(self, collection: str, key: str, now: float) -> Stamp:
        old = self.all(collection).get(key)
        if old is None:
            return Stamp(now)
        born = self.stamps[key].born if key in self.stamps else 0.0
        return Stamp(born, now, self.seen(collection, key, now) or old)

    def without(self, collection: str, key: str) -> Directory:
        """Return the directory without an object, for good."""
        kept = {each: found for each, found in self.all(collection).items() if each != key}
        return replace(self, objects={**self.objects, collection: kept})

    def with_links(self, key: str, relation: str, ids: tuple[str, ...]) -> Directory:
        """Return the directory with an object linked to these and no others."""
        return replace(self, links={**self.links, f"{key}/{relation}": ids})

    def with_secret(self, key: str, secret: str) -> Directory:
        """Return the directory with what a secret's keyId stands for."""
        return replace(self, secrets={**self.secrets, key: secret})

    def with_rights(self, principal: str, *rights: str) -> Directory:
        """Return the directory with a service principal that holds these app roles of Graph and no others."""
        return replace(self, rights={**self.rights, principal: rights})

    def with_member(self, member: Member) -> Directory:
        """Return the directory with somebody, or with them as they are now."""
        return replace(self, people={**self.people, member.id: member})

    def binned(self, collection: str, key: str, now: float) -> Directory:
        """Return the directory with an object in the bin, from which it can be restored for 30 days."""
        deleted = Deleted(collection, now, self.all(collection)[key])
        return replace(self.without(collection, key), bin={**self.bin, key: deleted})

    def in_bin(self, now: float) -> Mapping[str, Deleted]:
        """Return what can still be restored."""
        return {key: each for key, each in self.bin.items() if now < each.at + DELETED_DAYS * 86400}

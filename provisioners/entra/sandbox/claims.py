"""What Entra's v2.0 tokens say of a person. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from .state import TOKEN_POLICIES, Directory, Member, Representation

MOST_GROUPS = 200
"""With more groups a JWT names the place to ask for them instead."""
ID_SECONDS = 3600


def pairwise(app_id: object, person: str) -> str:
    """Return a person's `sub`, which is another one at every application."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"{app_id}/{person}".encode()).digest()).rstrip(b"=").decode()


def asked_claims(application: Representation, kind: str) -> frozenset[str]:
    """Return the names of an application's optional claims for `idToken` or `accessToken`."""
    return frozenset(str(each["name"]) for each in (application["optionalClaims"] or {}).get(kind, ()))


def person_claims(
    application: Representation, member: Member, scopes: Iterable[str], kind: str, base: str
) -> dict[str, Any]:
    """Return the claims about somebody; an address is there only where the person has a mailbox."""
    names, optional = frozenset(scopes), asked_claims(application, kind)
    found: dict[str, Any] = {"oid": member.id}
    if "profile" in names or kind == "accessToken":
        found |= {"name": member.name, "preferred_username": member.username}
    if member.mail and ("email" in names or "email" in optional):
        found["email"] = member.mail
    if "upn" in optional:
        found["upn"] = member.username
    return found | _groups(application, member, optional, base)


def _groups(application: Representation, member: Member, optional: frozenset[str], base: str) -> dict[str, Any]:
    wanted = {part.strip() for part in str(application["groupMembershipClaims"] or "None").split(",")}
    if wanted <= {"None"} and "groups" not in optional:
        return {}
    if len(member.groups) > MOST_GROUPS:
        source = {"src1": {"endpoint": f"{base}/graph/v1.0/users/{member.id}/getMemberObjects"}}
        return {"_claim_names": {"groups": "src1"}, "_claim_sources": source}
    return {"groups": list(member.groups)} if member.groups else {}


def id_seconds(directory: Directory, application: Representation, read: Callable[[list[str]], int | None]) -> int:
    """Return the seconds of an ID token: a policy of the organization wins over one of the application."""
    policies = directory.all(TOKEN_POLICIES)
    own = [policies[key] for key in directory.linked(str(application["id"]), TOKEN_POLICIES) if key in policies]
    everybody = [each for each in policies.values() if each["isOrganizationDefault"]]
    found = [read(each["definition"]) for each in (*everybody, *own)]
    return next((each for each in found if each is not None), ID_SECONDS)

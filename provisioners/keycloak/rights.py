"""Which admin roles a plan needs, and which of them the sign-in does not hold.

Facts (26.7.3): without `view-realm` the realm still answers 200, with four keys; with `query-clients` alone the client list answers 200 []:
partial rights look like empty state, so they are checked before anything is compared. A service account's token names its roles; the
token of a password sign-in through admin-cli does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...plans.findings import Finding
from ...plans.model import Plan
from ..oidc.peeking import claims_of
from .codes import MISSING_ROLE

ALL_ROLES = frozenset({"view-clients", "manage-clients", "view-realm", "manage-realm"})
SATISFIED_BY = {
    "view-clients": frozenset({"view-clients", "manage-clients"}),
    "view-realm": frozenset({"view-realm", "manage-realm"}),
    "manage-clients": frozenset({"manage-clients"}),
    "manage-realm": frozenset({"manage-realm"}),
}


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in: a service account's client or a user, in which realm, to manage which realm."""

    name: str
    service: bool
    realm: str
    managed: str

    @property
    def roles_client(self) -> str:
        """The client whose roles are the admin roles: in the managed realm itself, or its stand-in in realm master."""
        return "realm-management" if self.realm == self.managed else f"{self.managed}-realm"

    def grant(self, role: str) -> str:
        """Return what to do so that the account holds `role`."""
        # Keycloak makes this user with the client and writes its name in lower case
        user = f"service-account-{self.name.lower()}" if self.service else self.name
        line = (
            f"kcadm.sh add-roles -r {self.realm} --uusername {user} --cclientid {self.roles_client} --rolename {role}"
        )
        return f"grant role `{role}` of client `{self.roles_client}` to `{user}` in realm `{self.realm}`: {line}"


def needed(plans: Sequence[Plan], *, writing: bool) -> tuple[str, ...]:
    """Return the roles that reading, or writing, these plans needs."""
    # without `shared:` a realm may stay hidden: that is a finding, and no reason to refuse
    shared = any(plan.shared is not None and plan.shared.model_fields_set for plan in plans)
    verb = "manage" if writing else "view"
    return (f"{verb}-clients", f"{verb}-realm") if shared else (f"{verb}-clients",)


def missing(held: frozenset[str], roles: Iterable[str]) -> tuple[str, ...]:
    """Return those of `roles` that no held role stands for."""
    return tuple(role for role in roles if not SATISFIED_BY[role] & held)


def finding(role: str, account: Account, seen: str) -> Finding:
    """Return the error that names one missing role; `seen` is how it showed."""
    problem = f"`{account.name}` lacks the role `{role}` for realm `{account.managed}` ({seen})"
    return MISSING_ROLE.finding(
        problem, fix=account.grant(role), where=f"realm/{account.managed}", path=("identity_provider", "admin")
    )


def held_roles(access_token: str, account: Account) -> frozenset[str] | None:
    """Return the admin roles that an access token names for the managed realm; None where the token carries no roles at all."""
    # the token is the one we were just given for ourselves: it is read, not trusted
    claims = claims_of(access_token)
    # a password sign-in's token has none of them (26.7.3), and that tells nothing about what the person may
    if "resource_access" not in claims and "realm_access" not in claims:
        return None
    if account.realm == "master" and "admin" in _roles(claims.get("realm_access")):
        return ALL_ROLES
    return _roles((claims.get("resource_access") or {}).get(account.roles_client))


def _roles(access: object) -> frozenset[str]:
    roles = access.get("roles") if isinstance(access, dict) else None
    return frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()

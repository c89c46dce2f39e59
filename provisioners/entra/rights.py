"""Which rights of Microsoft Graph (app roles) the plans need, and which of them the tool's token does not name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...plans.findings import Finding
from ..oidc.peeking import claims_of
from .codes import MISSING_RIGHT
from .fields import GRAPH_APP

# permissions-reference; names whose id we have not seen in Microsoft's own pages are looked up by the line that grants them
ROLE_IDS: Mapping[str, str] = {
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
    "Policy.ReadWrite.ConditionalAccess": "01c0a623-fc9b-48e9-b794-0756f8e8f067",
}


@dataclass(frozen=True, slots=True)
class Need:
    """A feature in words, and the rights any one of which is enough for it, the least first."""

    feature: str
    rights: tuple[str, ...]

    @property
    def least(self) -> str:
        """The right to grant."""
        return self.rights[0]


_WRITE_APPS = ("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All")
_WRITE_GRANTS = ("DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All")
_WRITE_ACCESS = ("Policy.ReadWrite.ConditionalAccess",)
_WRITE_LIFETIMES = ("Policy.ReadWrite.ApplicationConfiguration",)
# who may write may read as well
READING_APPS = Need(
    "reading applications", ("Application.Read.All", *_WRITE_APPS, "Directory.Read.All", "Directory.ReadWrite.All")
)
WRITING_APPS = Need("making and changing its own applications", _WRITE_APPS)
READING_GRANTS = Need("reading consent", ("DelegatedPermissionGrant.Read.All", "Directory.Read.All", *_WRITE_GRANTS))
WRITING_GRANTS = Need("consenting for everybody (`client.admin_consent`)", _WRITE_GRANTS)
READING_ACCESS = Need(
    "reading Conditional Access policies", ("Policy.Read.ConditionalAccess", "Policy.Read.All", *_WRITE_ACCESS)
)
WRITING_ACCESS = Need("the Conditional Access policy of `shared.sign_in_frequency`", _WRITE_ACCESS)
READING_LIFETIMES = Need(
    "reading token lifetime policies", ("Policy.Read.ApplicationConfiguration", "Policy.Read.All", *_WRITE_LIFETIMES)
)
WRITING_LIFETIMES = Need("the token lifetime policy of `shared.token_lifetime`", _WRITE_LIFETIMES)


def needed(*, writing: bool, consent: bool, frequency: bool, lifetime: bool) -> tuple[Need, ...]:
    """Return what is needed to read, or to write: applications always, the rest where plans use the feature.

    Conditional Access names applications as well (Microsoft lists Application.Read.All beside it): the first need covers that.
    """
    pairs = (
        (True, READING_APPS, WRITING_APPS),
        (consent, READING_GRANTS, WRITING_GRANTS),
        (frequency, READING_ACCESS, WRITING_ACCESS),
        (lifetime, READING_LIFETIMES, WRITING_LIFETIMES),
    )
    return tuple(write if writing else read for used, read, write in pairs if used)


def held(token: str) -> frozenset[str] | None:
    """Return the rights that an application's token names; None where it tells nothing: a person's (`scp`), or one that cannot be read."""
    claims = claims_of(token)
    if not claims or "scp" in claims:
        return None
    # an application without any right gets a token without `roles`
    roles = claims.get("roles")
    return frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()


def missing(rights: frozenset[str], needs: Iterable[Need]) -> tuple[Need, ...]:
    """Return those needs that no right stands for."""
    return tuple(need for need in needs if rights.isdisjoint(need.rights))


def finding(need: Need, *, client_id: str, tenant: str) -> Finding:
    """Return the error that names the least right that is missing, and the line that grants it."""
    others = " or ".join(f"`{right}`" for right in need.rights[1:])
    enough = f" ({others} would do as well)" if others else ""
    name = f"`{client_id}`" if client_id else "the tool's application"
    problem = f"{name} lacks the right `{need.least}` of Microsoft Graph for {need.feature}{enough}"
    return MISSING_RIGHT.finding(
        problem, fix=grant((need,), client_id), where=f"tenant/{tenant}", path=("identity_provider", "admin")
    )


def grant(needs: Iterable[Need], client_id: str) -> str:
    """Return the `az` line that gives the least right for each need to an application, consent included."""
    app = client_id or "APPID"
    roles = " ".join(_roles(needs))
    add = f"az ad app permission add --id {app} --api {GRAPH_APP} --api-permissions {roles}"
    return f"{add} && az ad app permission admin-consent --id {app}"


def _roles(needs: Iterable[Need]) -> Iterator[str]:
    for name in dict.fromkeys(need.least for need in needs):
        query = f"appRoles[?value=='{name}'].id"
        asked = f'$(az ad sp show --id {GRAPH_APP} --query "{query}" -o tsv)'
        yield f"{ROLE_IDS.get(name, asked)}=Role"

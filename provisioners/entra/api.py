"""The endpoints of Microsoft Graph v1.0 that are used, one method each. Every method raises GraphFailure or RemoteFailure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ...plans.errors import RemoteFailure
from . import places, shapes
from .fields import PRINCIPAL_SELECT, SELECT
from .graph import NOTHING, Graph, Place, Representation
from .patience import Pace
from .refusals import NOT_GRAPH
from .shapes import Shape

MOST = 999


def timestamp(seconds: float) -> str:
    """Return a time as Graph takes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Api:
    """One tenant's Graph. `pace` is that of Conditional Access, which all plans of the tenant share."""

    def __init__(self, graph: Graph, base: str, pace: Pace) -> None:
        self._graph = graph
        self._base = base
        self._pace = pace

    async def application(self, key: str, *, owners: bool = False) -> Representation | None:
        """Return an application by appId or our name for it, None where there is none."""
        query: dict[str, object] = {"select": list(SELECT)}
        if owners:
            query["expand"] = ["owners"]
        what = f"reading application `{key}`"
        return _checked(what, shapes.APPLICATION, await self._graph.find(what, places.keyed(key), query), "appId")

    async def application_now(self, object_id: str) -> Representation:
        """Return an application as it is just now, certificates included: what a PATCH replaces whole is built on it."""
        what = "reading the application before it is changed"
        found = await self._graph.get(what, places.application(object_id), {"select": list(SELECT)})
        return _checked(what, shapes.APPLICATION, found, "appId") or {}

    async def applications_page(self, after: Representation | None = None) -> Representation | None:
        """Return a page of all applications, the first with their count; None after the last. Owners do not come with a count."""
        query: dict[str, object] = {"select": list(SELECT), "top": MOST}
        return await self._page("listing applications", places.applications(), query, after, shapes.APPLICATION)

    async def _page(
        self,
        what: str,
        place: Place,
        query: Mapping[str, object],
        after: Representation | None,
        shape: Mapping[str, Shape],
        *,
        counted: bool = True,
    ) -> Representation | None:
        if after is None:
            page: Representation | None = await self._graph.first_page(what, place, query, counted=counted)
        else:
            page = await self._graph.next_page(what, after, place, counted=counted)
        for each in page["value"] if page is not None else ():
            _checked(what, shape, each)
        return page

    async def principals_page(self, after: Representation | None = None) -> Representation | None:
        """Return a page of all service principals, with their count; None after the last."""
        query = {"select": list(PRINCIPAL_SELECT), "top": MOST}
        return await self._page("listing service principals", places.principals(), query, after, shapes.PRINCIPAL)

    async def grants_page(self, after: Representation | None = None) -> Representation | None:
        """Return a page of all grants of the tenant; None after the last."""
        query = {"top": MOST}
        return await self._page("listing consent", places.grants(), query, after, shapes.GRANT, counted=False)

    async def graph_principal(self) -> Representation | None:
        """Return Graph's own service principal with the delegated permissions that it knows."""
        query = {"select": ["id", "appId", "oauth2PermissionScopes"]}
        what = "reading the permissions of Microsoft Graph"
        return _checked(what, shapes.PRINCIPAL, await self._graph.find(what, places.principal(), query))

    async def principal(self, app_id: str) -> Representation | None:
        """Return an application's service principal, None where there is none."""
        what, query = "reading the service principal", {"select": list(PRINCIPAL_SELECT)}
        return _checked(what, shapes.PRINCIPAL, await self._graph.find(what, places.principal(app_id), query), "appId")

    async def grants_of(self, principal_id: str) -> list[Representation]:
        """Return every consent to one service principal. Filters know `eq` alone (Graph's documentation)."""
        # no $select: Graph's page on grants has none
        query = {"filter": f"clientId eq '{principal_id}'"}
        return await self._all("reading consent", places.grants(), shapes.GRANT, query)

    async def _all(
        self, what: str, place: Place, shape: Mapping[str, Shape], query: Mapping[str, object] = NOTHING
    ) -> list[Representation]:
        found = await self._graph.collection(what, place, query)
        for each in found:
            _checked(what, shape, each)
        return found

    async def deleted_applications(self) -> list[Representation]:
        """Return the applications that were deleted within 30 days."""
        query = {"select": ["id", "appId", "uniqueName", "displayName", "deletedDateTime"], "top": MOST}
        what = "reading the deleted applications"
        return await self._all(what, places.bin_of_applications(), shapes.DELETED, query)

    async def default_policy(self) -> Representation:
        """Return the tenant's policy about secrets and certificates of applications."""
        what = "reading the tenant's policy about secrets"
        return _checked(what, shapes.SECRET_POLICY, await self._graph.get(what, places.default_policy()), key="") or {}

    async def own_policies(self, object_id: str) -> list[Representation]:
        """Return the policies about secrets that an application has of its own."""
        what = "reading the application's policy about secrets"
        return await self._all(what, places.own_policies(object_id), {**shapes.SECRET_POLICY, **shapes.NAMED})

    async def upsert_application(self, name: str, body: Mapping[str, Any]) -> Representation | None:
        """Make the application with our name, or merge it where it is there already; returns a new one."""
        what = f"making application `{name}`"
        made = await self._graph.patch(what, places.keyed(name), body, create=True)
        return _checked(what, shapes.APPLICATION, made, "appId")

    async def change_application(self, object_id: str, body: Mapping[str, Any]) -> None:
        """Merge an application with `body`; lists are replaced whole."""
        what = "changing the application"
        await self._graph.patch(what, places.application(object_id), body)

    async def add_owner(self, object_id: str, owner: str) -> None:
        """Add somebody to an application's owners."""
        body = {"@odata.id": f"{self._base}/directoryObjects/{owner}"}
        await self._graph.post(f"adding owner `{owner}`", places.owner_links(object_id), body)

    async def owners(self, object_id: str) -> frozenset[str]:
        """Return the object ids of an application's owners."""
        found = await self._all("reading the owners", places.owners(object_id), shapes.NAMED)
        return frozenset(str(each["id"]) for each in found)

    async def upsert_principal(self, app_id: str, body: Mapping[str, Any]) -> None:
        """Make an application's service principal, or merge it where it is there already."""
        what = "making the service principal"
        await self._graph.patch(what, places.principal(app_id), body, create=True)

    async def consent(self, principal_id: str, graph_id: str, scopes: str) -> None:
        """Consent for everybody; a second time for the same two is refused with 409."""
        body = {"clientId": principal_id, "consentType": "AllPrincipals", "resourceId": graph_id, "scope": scopes}
        await self._graph.post("consenting for everybody", places.grants(), body)

    async def change_consent(self, grant_id: str, scopes: str) -> None:
        """Replace the scopes of a consent."""
        what = "widening the consent"
        await self._graph.patch(what, places.grant(grant_id), {"scope": scopes})

    async def add_password(self, object_id: str, name: str, start: int, end: int) -> Representation:
        """Add a secret; its text is in this answer and never again. Never repeated by anybody: a second one would be an orphan."""
        credential = {"displayName": name, "startDateTime": timestamp(start), "endDateTime": timestamp(end)}
        made = await self._graph.post(
            "adding a secret", places.adding_secret(object_id), {"passwordCredential": credential}
        )
        if made is None or not isinstance(made.get("secretText"), str) or not made["secretText"]:
            raise RemoteFailure("adding a secret failed: the answer holds none", fix=NOT_GRAPH, ambiguous=True)
        return made

    async def remove_password(self, object_id: str, key_id: str) -> None:
        """Remove a secret."""
        await self._graph.post("removing a secret", places.removing_secret(object_id), {"keyId": key_id})

    async def access_policies(self) -> list[Representation]:
        """Return all Conditional Access policies."""
        await self._pace.turn()
        what = "reading Conditional Access policies"
        return await self._all(what, places.access_policies(), shapes.ACCESS_POLICY)

    async def make_access_policy(self, body: Mapping[str, Any]) -> None:
        """Make a Conditional Access policy."""
        await self._pace.turn()
        what = "making the Conditional Access policy"
        await self._graph.post(what, places.access_policies(), body)

    async def change_access_policy(self, policy_id: str, body: Mapping[str, Any]) -> None:
        """Merge a Conditional Access policy with `body`; its parts are replaced whole."""
        await self._pace.turn()
        what = "changing the Conditional Access policy"
        await self._graph.patch(what, places.access_policy(policy_id), body)

    async def lifetime_policies(self) -> list[Representation]:
        """Return all token lifetime policies."""
        what = "reading token lifetime policies"
        return await self._all(what, places.lifetime_policies(), shapes.LIFETIME_POLICY)

    async def lifetime_policy_applies_to(self, policy_id: str) -> frozenset[str]:
        """Return the object ids of the applications that a token lifetime policy is attached to."""
        what = "reading what the token lifetime policy applies to"
        return frozenset(str(each["id"]) for each in await self._all(what, places.applies_to(policy_id), shapes.NAMED))

    async def make_lifetime_policy(self, body: Mapping[str, Any]) -> None:
        """Make a token lifetime policy."""
        what = "making the token lifetime policy"
        await self._graph.post(what, places.lifetime_policies(), body)

    async def change_lifetime_policy(self, policy_id: str, body: Mapping[str, Any]) -> None:
        """Merge a token lifetime policy with `body`."""
        what = "changing the token lifetime policy"
        await self._graph.patch(what, places.lifetime_policy(policy_id), body)

    async def attach_lifetime_policy(self, object_id: str, policy_id: str) -> None:
        """Attach a token lifetime policy to an application, which has one at most."""
        body = {"@odata.id": f"{self._base}/policies/tokenLifetimePolicies/{policy_id}"}
        await self._graph.post("attaching the token lifetime policy", places.lifetime_links(object_id), body)


def _checked(
    what: str, shape: Mapping[str, Shape], found: Representation | None, *further: str, key: str = "id"
) -> Representation | None:
    """Return an object that is as it must be, with its id."""
    odd = "" if found is None else shapes.flaw(found, shape, (*further, key) if key else ())
    if odd:
        raise RemoteFailure(f"{what} failed: the answer has no `{odd}`, or one that makes no sense", fix=NOT_GRAPH)
    return found

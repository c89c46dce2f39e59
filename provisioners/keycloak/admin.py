"""The admin calls we make, each with its error explained. What a call means for a plan is decided elsewhere."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ...plans.errors import RemoteFailure
from .connection import explain, list_clients_page
from .refusals import refusal
from .shapes import CLIENT, REALM, ROLE, SCOPE, Shape, checked

if TYPE_CHECKING:
    from keycloak import KeycloakAdmin

T = TypeVar("T")
STEP = 51
PAGE = STEP + 1
"""Each page begins with the last client of the one before: where that is gone, what comes next may have been skipped."""
CONFLICT = 409
NOT_FOUND = 404
BROKEN = 500
CREATE_ATTEMPTS = 4


class AdminApi:
    """One realm's admin API over python-keycloak's async client. Every method raises RemoteFailure with status and place."""

    def __init__(self, admin: KeycloakAdmin, realm: str) -> None:
        self._admin = admin
        self._realm = realm

    @property
    def where(self) -> str:
        """How messages name the place."""
        return f"realm/{self._realm}"

    async def _call(self, what: str, call: Awaitable[T], shape: Shape = object) -> T:
        try:
            return checked(await call, shape, what)
        except Exception as error:
            raise explain(error, what) from error

    async def access_token(self) -> str:
        """Sign in where that has not been done yet and return the access token."""
        from .connection import ensure_token  # noqa: PLC0415  # imports python-keycloak

        return await self._call(f"signing in to manage realm `{self._realm}`", ensure_token(self._admin))

    async def realm(self) -> dict[str, Any]:
        """Return the realm's representation; cut to four keys where the role view-realm is missing."""
        return await self._call(f"reading realm `{self._realm}`", self._admin.a_get_realm(self._realm), REALM)

    async def offline_sessions(self, uuid: str) -> int:
        """Return how many offline sessions a client has; those that ended by idling count until the server sweeps (26.7.3)."""
        path = f"admin/realms/{self._realm}/clients/{uuid}/offline-session-count"
        answer = await self._call("counting the offline sessions", self._admin.connection.a_raw_get(path))
        if not answer.is_success:
            raise refusal(answer.status_code, answer.content, "counting the offline sessions")
        return int(answer.json()["count"])

    async def client_scopes(self) -> list[dict[str, Any]]:
        """Return all client scopes; [] where the role view-clients is missing."""
        return await self._call("reading the client scopes", self._admin.a_get_client_scopes(), [SCOPE])

    async def new_client_scopes(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the scopes that the realm gives a new client: default, optional."""
        both = asyncio.gather(
            self._admin.a_get_default_default_client_scopes(),
            self._admin.a_get_default_optional_client_scopes(),
        )
        what = "reading the realm's default client scopes"
        default, optional = checked([*await self._call(what, both)], [[SCOPE]], what)
        return default, optional

    async def default_roles(self, role_id: str) -> list[dict[str, Any]]:
        """Return the composites of the default role."""
        return await self._call(
            "reading the realm's default roles", self._admin.a_get_role_composites_by_id(role_id), [ROLE]
        )

    async def role(self, name: str) -> dict[str, Any] | None:
        """Return a realm role, None where it does not exist."""
        try:
            return await self._call(f"reading realm role `{name}`", self._admin.a_get_realm_role(name), ROLE)
        except RemoteFailure as error:
            if error.status == NOT_FOUND:
                return None
            raise

    async def clients_page(self, first: int, most: int = PAGE) -> list[dict[str, Any]]:
        """Return up to `most` clients from position `first` on, in the order of their clientIds."""
        return await self._call("listing clients", list_clients_page(self._admin, first=first, max=most), [CLIENT])

    async def clients_beyond(self, count: int) -> bool:
        """Tell whether the realm has more than `count` clients that we may see."""
        return bool(await self._call("counting clients", list_clients_page(self._admin, first=count, max=1)))

    async def find_client(self, client_id: str) -> dict[str, Any] | None:
        """Return the client of that clientId, None where there is none."""
        found = await self._call(
            f"looking up client `{client_id}`", list_clients_page(self._admin, clientId=client_id), [CLIENT]
        )
        return next((client for client in found if client.get("clientId") == client_id), None)

    async def create_client(self, body: dict[str, Any]) -> None:
        """Create a client; never a second one, whatever becomes of the answer."""
        client_id = str(body["clientId"])

        async def is_there() -> bool:
            return await self.find_client(client_id) is not None

        await self._create(f"creating client `{client_id}`", lambda: self._admin.a_create_client(body), is_there)

    async def _create(
        self, what: str, send: Callable[[], Awaitable[object]], is_there: Callable[[], Awaitable[bool]]
    ) -> None:
        """Send what must not be done twice: where the answer does not tell, it is looked for before it is sent again."""
        for attempt in range(1, CREATE_ATTEMPTS + 1):
            try:
                await self._call(what, send())
            except RemoteFailure as error:
                # a conflict after a try without an answer is that try, come late
                unclear = error.ambiguous or error.status >= BROKEN or (error.status == CONFLICT and attempt > 1)
                if not unclear or math.isinf(error.wait):
                    raise
                await self._admin.connection.pause(attempt, error.wait)  # type: ignore[attr-defined]  # ours, see open_admin
                if await is_there():
                    return
                if attempt == CREATE_ATTEMPTS:
                    raise
            else:
                return

    async def update_client(self, uuid: str, body: dict[str, Any], name: str) -> None:
        """Change the keys in `body`, keep all others."""
        await self._call(f"changing client `{name}`", self._admin.a_update_client(uuid, body))

    async def attach_scope(self, uuid: str, kind: str, scope_id: str) -> None:
        """Attach a scope. Where it is attached the other way already, Keycloak answers 204 and does nothing."""
        add = {
            "default": self._admin.a_add_client_default_client_scope,
            "optional": self._admin.a_add_client_optional_client_scope,
        }
        await self._call("attaching a client scope", add[kind](uuid, scope_id, {}))

    async def detach_scope(self, uuid: str, scope_id: str) -> None:
        """Detach a scope, whichever way it is attached."""
        await self._call("detaching a client scope", self._admin.a_delete_client_optional_client_scope(uuid, scope_id))

    async def attached(self, uuid: str, kind: str) -> frozenset[str]:
        """Return the names of the scopes attached that way, read fresh."""
        read = {
            "default": self._admin.a_get_client_default_client_scopes,
            "optional": self._admin.a_get_client_optional_client_scopes,
        }
        return frozenset(
            scope["name"] for scope in await self._call("reading back the client's scopes", read[kind](uuid))
        )

    async def put_mapper(self, uuid: str, body: dict[str, Any]) -> None:
        """Create a mapper, or change the one whose `id` the body carries; never a second one."""
        what = f"writing mapper `{body.get('name')}`"
        if body.get("id"):
            await self._call(what, self._admin.a_update_client_mapper(uuid, str(body["id"]), body))
            return

        async def is_there() -> bool:
            mappers = await self._call(what, self._admin.a_get_mappers_from_client(uuid))
            return any(mapper.get("name") == body["name"] for mapper in mappers)

        await self._create(what, lambda: self._admin.a_add_mapper_to_client(uuid, body), is_there)

    async def update_realm(self, body: dict[str, Any]) -> None:
        """Change the keys in `body`, keep all others. An empty body changes nothing and still needs manage-realm."""
        await self._call(f"changing realm `{self._realm}`", self._admin.a_update_realm(self._realm, body))

    async def add_default_roles(self, role_id: str, roles: list[dict[str, Any]]) -> None:
        """Add realm roles to the default role; those already there stay."""
        path = f"admin/realms/{self._realm}/roles-by-id/{role_id}/composites"

        async def send() -> None:
            answer = await self._admin.connection.a_raw_post(path, data=json.dumps(roles))
            if answer.is_error:
                raise refusal(answer.status_code, answer.content, "adding default roles")

        async def are_there() -> bool:
            held = {role.get("name") for role in await self.default_roles(role_id)}
            return held.issuperset(role.get("name") for role in roles)

        await self._create("adding default roles", send, are_there)

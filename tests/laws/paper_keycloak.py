"""A Keycloak realm on paper that takes writes as 26.7.3 does, quirks included, at the seam of `AdminApi`."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable
from typing import Any

from tests.cases.paper import PaperRealm

from oidc_provision.plans.errors import RemoteFailure

LISTS = {"default": "defaultClientScopes", "optional": "optionalClientScopes"}
CEILINGS = {
    "client.session.idle.timeout": "ssoSessionIdleTimeout",
    "client.session.max.lifespan": "ssoSessionMaxLifespan",
}


class InkRealm(PaperRealm):
    """`before_write` hears of each write and may raise; `after_write` too, when it has been done."""

    def __init__(
        self, live: dict[str, Any], before_write: Callable[[str], None], after_write: Callable[[str], None]
    ) -> None:
        super().__init__(live)
        self._before, self._after = before_write, after_write
        for client in self._clients:
            client["access"] = {"manage": True}
        self._ids = (f"id-{number:04}" for number in itertools.count(1))

    def client(self, uuid: str) -> dict[str, Any]:
        return next(client for client in self._clients if client["id"] == uuid)

    def state(self) -> dict[str, Any]:
        live = {name: value for name, value in self._live.items() if name not in ("client", "other_clients")}
        return copy.deepcopy({**live, "clients": {client["clientId"]: client for client in self._clients}})

    async def create_client(self, body: dict[str, Any]) -> None:
        self._before(f"create client {body['clientId']}")
        if any(client["clientId"] == body["clientId"] for client in self._clients):
            raise RemoteFailure("Client already exists", status=409)
        client = {
            "id": next(self._ids),
            "enabled": True,
            "access": {"manage": True},
            "protocolMappers": [],
            **_as_stored(body),
        }
        if not any(name in body for name in LISTS.values()):
            client |= {LISTS[kind]: list(names) for kind, names in self._live["new_client"].items()}
        known = self._live["scopes"]
        client[LISTS["default"]] = [name for name in client.get(LISTS["default"], []) if name in known]
        client[LISTS["optional"]] = [
            name for name in client.get(LISTS["optional"], []) if name in known and name not in client[LISTS["default"]]
        ]
        client["protocolMappers"] = [self._mapper(mapper) for mapper in client["protocolMappers"]]
        self._refuse_too_long(client)
        self._confidential(client, was_public=False)
        self._clients.append(client)
        self._after("create client")

    async def update_client(self, uuid: str, body: dict[str, Any], name: str) -> None:
        self._before(f"update client {name}")
        client = self.client(uuid)
        merged = {**client, **{key: value for key, value in body.items() if value is not None}}
        merged["attributes"] = _attributes({**client.get("attributes", {}), **body.get("attributes", {})})
        # the lists of scopes are ignored in a PUT, without a word
        merged |= {key: client.get(key, []) for key in LISTS.values()}
        merged = _as_stored(merged)
        self._refuse_too_long(merged)
        self._confidential(merged, was_public=client.get("publicClient") is True and "secret" not in body)
        client.clear()
        client.update(merged)
        self._after("update client")

    def _refuse_too_long(self, client: dict[str, Any]) -> None:
        for attribute, ceiling in CEILINGS.items():
            own = client.get("attributes", {}).get(attribute, "")
            if own.isdecimal() and isinstance(self._live["realm"], dict) and int(own) > self._live["realm"][ceiling]:
                raise RemoteFailure(f"{attribute} cannot exceed {ceiling}", status=400)

    def _confidential(self, client: dict[str, Any], *, was_public: bool) -> None:
        if client.get("publicClient"):
            client.pop("secret", None)
        elif was_public or "secret" not in client:
            client["secret"] = f"server-canary-{next(self._ids)}"

    async def attach_scope(self, uuid: str, kind: str, scope_id: str) -> None:
        self._before(f"attach {scope_id}")
        client, name = self.client(uuid), scope_id.removeprefix("id of ")
        # attached the other way already: answered 204, and nothing happens
        if not any(name in client[each] for each in LISTS.values()):
            client[LISTS[kind]] = [*client[LISTS[kind]], name]
        self._after("attach")

    async def detach_scope(self, uuid: str, scope_id: str) -> None:
        self._before(f"detach {scope_id}")
        client, name = self.client(uuid), scope_id.removeprefix("id of ")
        client |= {each: [other for other in client[each] if other != name] for each in LISTS.values()}
        self._after("detach")

    async def attached(self, uuid: str, kind: str) -> frozenset[str]:
        return frozenset(self.client(uuid)[LISTS[kind]])

    async def put_mapper(self, uuid: str, body: dict[str, Any]) -> None:
        self._before(f"mapper {body['name']}")
        mappers = self.client(uuid)["protocolMappers"]
        others = [mapper for mapper in mappers if mapper["id"] != body.get("id")]
        if any(mapper["name"] == body["name"] for mapper in others):
            raise RemoteFailure("Protocol mapper exists with same name", status=409)
        self.client(uuid)["protocolMappers"] = [*others, self._mapper(body)]
        self._after("mapper")

    def _mapper(self, body: dict[str, Any]) -> dict[str, Any]:
        config = {name: value for name, value in body.get("config", {}).items() if value not in (None, "")}
        added = {"introspection.token.claim": "true", **config}
        return {"id": body.get("id") or next(self._ids), **body, "config": added}

    async def update_realm(self, body: dict[str, Any]) -> None:
        self._before(f"update realm {sorted(body)}")
        self._live["realm"].update(body)
        self._after("update realm")

    async def add_default_roles(self, role_id: str, roles: list[dict[str, Any]]) -> None:
        self._before("default roles")
        more = (role["name"] for role in roles)
        self._live["default_roles"] = list(dict.fromkeys([*self._live["default_roles"], *more]))
        self._after("default roles")


def _as_stored(body: dict[str, Any]) -> dict[str, Any]:
    sets = {name: _reordered(body[name]) for name in ("redirectUris", "webOrigins") if name in body}
    return copy.deepcopy({**body, **sets, "attributes": _attributes(body.get("attributes", {}))})


def _attributes(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in attributes.items() if value not in (None, "")}


def _reordered(members: Iterable[str]) -> list[str]:
    """Sets come back in an order of their own, without doublets."""
    return sorted(set(members), key=lambda member: member[::-1])

"""The endpoints of a realm itself: settings, scopes for new clients, client scopes, roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from starlette.responses import JSONResponse, Response

from . import mappers, realms
from .call import Call, Row
from .reading import checked_fields
from .refusals import NO_ROLE, NO_SCOPE, missing
from .state import Realm, Representation, Role

_NO_PART = "Could not find composite role"


def read(call: Call) -> Response:
    """Answer the realm; somebody with other rights gets it cut short."""
    return JSONResponse(realms.shown(call.realm, whole=call.caller.views("realm")))


def update(call: Call) -> Response:
    """Merge settings."""
    call.caller.need("manage-realm")
    return call.done(realms.updated(call.realm, realms.settings_of(call.json)))


def list_scopes(call: Call) -> Response:
    """Answer all client scopes; [] to somebody who may only query."""
    call.caller.need("query-clients", "view-clients", "manage-clients")
    return JSONResponse(list(call.realm.scopes.values()) if call.caller.views("clients") else [])


def make_scope(call: Call) -> Response:
    """Make a client scope."""
    call.caller.need("manage-clients")
    realm, scope_id = realms.scope_made(call.realm, call.json, call.making.draw)
    return call.made(realm, f"client-scopes/{scope_id}")


def _scope(call: Call) -> Representation:
    call.caller.need_view("clients")
    found = call.realm.scopes.get(call.part("scope"))
    if found is None:
        raise NO_SCOPE
    return found


def read_scope(call: Call) -> Response:
    """Answer a client scope."""
    return JSONResponse(_scope(call))


def update_scope(call: Call) -> Response:
    """Merge a client scope with what was sent."""
    scope = _scope(call)
    call.caller.need("manage-clients")
    sent = checked_fields(call.json, realms.SCOPE_FIELDS, "ClientScopeRepresentation")
    attributes = {**scope["attributes"], **(sent.get("attributes") or {})}
    return call.done(call.realm.with_scope({**scope, **sent, "id": scope["id"], "attributes": attributes}))


def delete_scope(call: Call) -> Response:
    """Remove a client scope, from clients too."""
    scope = _scope(call)
    call.caller.need("manage-clients")
    return call.done(realms.scope_deleted(call.realm, str(scope["id"])))


def make_scope_mapper(call: Call) -> Response:
    """Add a mapper to a client scope."""
    scope = _scope(call)
    call.caller.need("manage-clients")
    before = list(scope.get("protocolMappers", ()))
    mapper = mappers.made(call.json, call.making.draw, before)
    path = f"client-scopes/{scope['id']}/protocol-mappers/models/{mapper['id']}"
    return call.made(call.realm.with_scope({**scope, "protocolMappers": [*before, mapper]}), path)


def list_scope_roles(call: Call) -> Response:
    """Answer the realm roles that a client scope maps."""
    scope = _scope(call)
    ids = call.realm.scope_roles.get(str(scope["id"]), frozenset())
    return JSONResponse([realms.shown_role(call.realm, call.realm.roles[each]) for each in sorted(ids)])


def _for_new(path: str, kind: str) -> tuple[Row, Row]:
    """The scopes that new clients get one way. `manage-clients` suffices to change them, broader than its name."""

    def listed(call: Call) -> Response:
        call.caller.need_view("clients")
        found = [call.realm.scopes[key] for key, each in call.realm.scopes_for_new.items() if each == kind]
        return JSONResponse([{name: scope[name] for name in ("id", "name", "protocol")} for scope in found])

    def give(call: Call) -> Response:
        call.caller.need("manage-clients")
        return call.done(realms.given_to_new(call.realm, call.part("scope"), kind))

    def withhold(call: Call) -> Response:
        call.caller.need("manage-clients")
        return call.done(realms.withheld_from_new(call.realm, call.part("scope")))

    return Row(path, {"GET": listed}), Row(path + "/{scope}", {"PUT": give, "DELETE": withhold})


def list_roles(call: Call) -> Response:
    """Answer the realm's roles."""
    call.caller.need_view("realm")
    return _shown(call.realm, (role for role in call.realm.roles.values() if not role.client))


def make_role(call: Call) -> Response:
    """Make a realm role."""
    call.caller.need("manage-realm")
    realm = realms.role_made(call.realm, call.json, "", call.making.draw)
    return call.made(realm, f"roles/{call.json['name']}")


def _named(call: Call) -> Role:
    call.caller.need_view("realm")
    found = call.realm.role(call.part("role"))
    if found is None:
        raise NO_ROLE
    return found


def read_role(call: Call) -> Response:
    """Answer a realm role."""
    return JSONResponse(realms.shown_role(call.realm, _named(call)))


def delete_role(call: Call) -> Response:
    """Remove a realm role."""
    role = _named(call)
    call.caller.need("manage-realm")
    return call.done(realms.role_deleted(call.realm, role))


def _by_id(call: Call) -> Role:
    call.caller.need_view("realm")
    found = call.realm.roles.get(call.part("role"))
    if found is None:
        raise missing("Could not find role with id")
    return found


def list_parts(call: Call) -> Response:
    """Answer what a role is made of; roles of clients only to those who may read clients."""
    parts = (call.realm.roles[each] for each in _by_id(call).composites)
    return _shown(call.realm, (part for part in parts if not part.client or call.caller.views("clients")))


def add_parts(call: Call) -> Response:
    """Add roles to a role; those already there stay."""
    role = _by_id(call)
    call.caller.need("manage-realm")
    added = realms.named_roles(call.realm, call.json, _NO_PART)
    return call.done(call.realm.with_role(replace(role, composites=role.composites | added)))


def take_parts(call: Call) -> Response:
    """Take roles out of a role."""
    role = _by_id(call)
    call.caller.need("manage-realm")
    taken = realms.named_roles(call.realm, call.json, _NO_PART)
    return call.done(call.realm.with_role(replace(role, composites=role.composites - taken)))


def _shown(realm: Realm, roles: Iterable[Role]) -> Response:
    shown: list[dict[str, Any]] = [realms.shown_role(realm, role) for role in roles]
    return JSONResponse([{name: value for name, value in each.items() if name != "attributes"} for each in shown])


ROWS: tuple[Row, ...] = (
    Row("", {"GET": read, "PUT": update}),
    Row("/client-scopes", {"GET": list_scopes, "POST": make_scope}),
    Row("/client-scopes/{scope}", {"GET": read_scope, "PUT": update_scope, "DELETE": delete_scope}),
    Row("/client-scopes/{scope}/protocol-mappers/models", {"POST": make_scope_mapper}),
    Row("/client-scopes/{scope}/scope-mappings/realm", {"GET": list_scope_roles}),
    *_for_new("/default-default-client-scopes", "default"),
    *_for_new("/default-optional-client-scopes", "optional"),
    Row("/roles", {"GET": list_roles, "POST": make_role}),
    Row("/roles/{role}", {"GET": read_role, "DELETE": delete_role}),
    Row("/roles-by-id/{role}/composites", {"GET": list_parts, "POST": add_parts, "DELETE": take_parts}),
)

"""The endpoints of clients: settings, secret, scopes, mappers, roles, sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import JSONResponse, Response

from ...sandbox.refreshing import Family
from . import clients, mappers, realms
from .call import Call, Row
from .clients import LISTS
from .refusals import NO_MAPPER, NO_PATH, NO_ROLE, NO_SCOPE, plain
from .rights import Caller
from .state import MANAGEMENT, Representation


def shown(client: Representation, caller: Caller) -> dict[str, Any]:
    """Return a client with what the caller may do to it: nobody may change those whose roles are rights."""
    is_rights = client["clientId"] == MANAGEMENT or client["attributes"].get("realm_client") == "true"
    manages = caller.may("manage-clients") and not (is_rights and client["clientId"] != "broker")
    return {**client, "access": {"view": True, "configure": manages, "manage": manages}}


def list_clients(call: Call) -> Response:
    """Answer a page of clients in full; [] to somebody who may only query."""
    call.caller.need("query-clients", "view-clients", "manage-clients")
    query = call.request.query_params
    try:
        first, most = int(query.get("first") or 0), int(query.get("max") or -1)
    except ValueError:
        raise NO_PATH from None
    if not call.caller.views("clients"):
        return JSONResponse([])
    wanted = query.get("clientId", "")
    found = [
        client for client in call.realm.clients.values() if _matches(client, wanted, query.get("search") == "true")
    ]
    most = 0 if query.get("max") == "0" else most
    page = clients.page(found, max(first, 0), most if most >= 0 else None)
    return JSONResponse([shown(client, call.caller) for client in page])


def _matches(client: Representation, wanted: str, search: bool) -> bool:  # noqa: FBT001  # the query's own switch
    name = str(client["clientId"])
    return not wanted or name == wanted or (search and wanted.lower() in name.lower())


def make(call: Call) -> Response:
    """Make a client."""
    call.caller.need("manage-clients")
    realm, uuid = clients.created(call.realm, call.json, call.making)
    return call.made(realm, f"clients/{uuid}")


def read(call: Call) -> Response:
    """Answer a client."""
    return JSONResponse(shown(call.client(), call.caller))


def update(call: Call) -> Response:
    """Merge a client with what was sent."""
    client = call.managed_client()
    return call.done(clients.updated(call.realm, str(client["id"]), call.json, call.making))


def delete(call: Call) -> Response:
    """Remove a client."""
    return call.done(clients.deleted(call.realm, str(call.managed_client()["id"])))


def read_secret(call: Call) -> Response:
    """Answer the secret, to everybody who may read clients."""
    return _secret(call.client())


def _secret(client: Representation) -> Response:
    value = {"value": client["secret"]} if "secret" in client else {}
    return JSONResponse({"type": "secret", **value})


def make_secret(call: Call) -> Response:
    """Replace the secret."""
    client = clients.with_new_secret(call.managed_client(), call.making)
    call.keep(call.realm.with_client(client))
    return _secret(client)


def _scope_rows(kind: str) -> tuple[Row, Row]:
    path = f"/clients/{{client}}/{kind}-client-scopes"

    def listed(call: Call) -> Response:
        return JSONResponse(realms.scopes_shown(call.realm, call.client(), LISTS[kind]))

    def attach(call: Call) -> Response:
        uuid = str(call.managed_client()["id"])
        return call.done(clients.attached(call.realm, uuid, kind, _scope(call)))

    def detach(call: Call) -> Response:
        uuid = str(call.managed_client()["id"])
        return call.done(clients.detached(call.realm, uuid, _scope(call)))

    return Row(path, {"GET": listed}), Row(path + "/{scope}", {"PUT": attach, "DELETE": detach})


def _scope(call: Call) -> str:
    if call.part("scope") not in call.realm.scopes:
        raise NO_SCOPE
    return call.part("scope")


def _kept(call: Call, client: Representation, found: list[Representation]) -> None:
    rest = {name: value for name, value in client.items() if name != "protocolMappers"}
    call.keep(call.realm.with_client({**rest, **({"protocolMappers": found} if found else {})}))


def list_mappers(call: Call) -> Response:
    """Answer the client's own mappers."""
    return JSONResponse([mappers.effective(each) for each in call.client().get("protocolMappers", ())])


def make_mapper(call: Call) -> Response:
    """Add a mapper."""
    client = call.managed_client()
    before = list(client.get("protocolMappers", ()))
    mapper = mappers.made(call.json, call.making.draw, before)
    realm = call.realm.with_client({**client, "protocolMappers": [*before, mapper]})
    return call.made(realm, f"clients/{client['id']}/protocol-mappers/models/{mapper['id']}")


def _mapper(call: Call, client: Representation) -> Representation:
    mappers_here: list[Representation] = list(client.get("protocolMappers", ()))
    mapper = next((each for each in mappers_here if each["id"] == call.part("mapper")), None)
    if mapper is None:
        raise NO_MAPPER
    return mapper


def read_mapper(call: Call) -> Response:
    """Answer one mapper."""
    return JSONResponse(mappers.effective(_mapper(call, call.client())))


def update_mapper(call: Call) -> Response:
    """Replace a mapper whole."""
    client = call.managed_client()
    found = mappers.changed(client.get("protocolMappers", ()), call.part("mapper"), call.json)
    _kept(call, client, found)
    return Response(status_code=204)


def delete_mapper(call: Call) -> Response:
    """Remove a mapper."""
    client = call.managed_client()
    gone = _mapper(call, client)
    _kept(call, client, [mapper for mapper in client["protocolMappers"] if mapper is not gone])
    return Response(status_code=204)


def service_account(call: Call) -> Response:
    """Answer the account that the client signs in as."""
    client = call.client()
    member = call.realm.service_account(str(client["id"]))
    if member is None:
        raise plain(400, f"Service account not enabled for the client '{client['clientId']}'")
    return JSONResponse(realms.shown_member(member))


def list_roles(call: Call) -> Response:
    """Answer the client's roles."""
    client = call.client()
    roles = (role for role in call.realm.roles.values() if role.client == client["id"])
    return JSONResponse([realms.shown_role(call.realm, role) for role in roles])


def read_role(call: Call) -> Response:
    """Answer one of the client's roles."""
    role = call.realm.role(call.part("role"), str(call.client()["id"]))
    if role is None:
        raise NO_ROLE
    return JSONResponse(realms.shown_role(call.realm, role))


def _sessions(call: Call, *, offline: bool) -> list[Family]:
    uuid = call.client()["id"]
    families = call.realm.sessions.families.values()
    return [each for each in families if each.app == uuid and each.offline == offline and not each.ended]


def count_offline(call: Call) -> Response:
    """Answer how many offline sessions there are; those unused for too long still count."""
    return JSONResponse({"count": len(_sessions(call, offline=True))})


def count_plain(call: Call) -> Response:
    """Answer how many plain sessions there are."""
    return JSONResponse({"count": len(_sessions(call, offline=False))})


def list_offline(call: Call) -> Response:
    """Answer the offline sessions; times in milliseconds."""
    client = call.client()
    return JSONResponse([session_shown(call, each, client) for each in _sessions(call, offline=True)])


def session_shown(call: Call, family: Family, client: Representation) -> dict[str, Any]:
    """Return a session's representation."""
    return {
        "id": family.login,
        "username": call.realm.people[family.person].username,
        "userId": family.person,
        "ipAddress": "127.0.0.1",
        "start": family.started * 1000,
        "lastAccess": family.last_used * 1000,
        "rememberMe": False,
        "clients": {client["id"]: client["clientId"]},
        "transientUser": False,
    }


def stats(call: Call) -> Response:
    """Answer sessions per client that has any, as text."""
    call.caller.need_view("realm")
    rows = []
    for uuid, client in call.realm.clients.items():
        found = [each for each in call.realm.sessions.families.values() if each.app == uuid and not each.ended]
        offline = sum(each.offline for each in found)
        row = {"id": uuid, "clientId": client["clientId"], "active": str(len(found) - offline), "offline": str(offline)}
        rows += [row] if found else []
    return JSONResponse(rows)


def revoke_all(call: Call) -> Response:
    """End every session of the realm; every token from before is stale."""
    call.caller.need("manage-users")
    families = {key: replace(each, ended="revoked") for key, each in call.realm.sessions.families.items()}
    sessions = replace(call.realm.sessions, families=families, logins={})
    settings = {**call.realm.settings, "notBefore": call.making.now}
    call.keep(replace(call.realm, sessions=sessions, settings=settings))
    return JSONResponse({})


_ONE = "/clients/{client}"
ROWS: tuple[Row, ...] = (
    Row("/clients", {"GET": list_clients, "POST": make}),
    Row(_ONE, {"GET": read, "PUT": update, "DELETE": delete}),
    Row(f"{_ONE}/client-secret", {"GET": read_secret, "POST": make_secret}),
    *_scope_rows("default"),
    *_scope_rows("optional"),
    Row(f"{_ONE}/protocol-mappers/models", {"GET": list_mappers, "POST": make_mapper}),
    Row(
        f"{_ONE}/protocol-mappers/models/{{mapper}}",
        {"GET": read_mapper, "PUT": update_mapper, "DELETE": delete_mapper},
    ),
    Row(f"{_ONE}/service-account-user", {"GET": service_account}),
    Row(f"{_ONE}/roles", {"GET": list_roles}),
    Row(f"{_ONE}/roles/{{role}}", {"GET": read_role}),
    Row(f"{_ONE}/offline-session-count", {"GET": count_offline}),
    Row(f"{_ONE}/offline-sessions", {"GET": list_offline}),
    Row(f"{_ONE}/session-count", {"GET": count_plain}),
    Row("/client-session-stats", {"GET": stats}),
    Row("/logout-all", {"POST": revoke_all}),
)

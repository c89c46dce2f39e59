"""The endpoints of people and groups: what a test or a person by hand needs to have somebody sign in."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import JSONResponse, Response

from . import realms
from .admin_clients import session_shown
from .call import Call, Row
from .refusals import NO_CLIENT, NO_ROLE, NO_USER, message, missing
from .state import Member


def list_people(call: Call) -> Response:
    """Answer people, those of one user name where it is asked for."""
    call.caller.need("view-users", "manage-users", "query-users")
    wanted = call.request.query_params.get("username", "").lower()
    found = [member for member in call.realm.people.values() if not member.service_of and wanted in member.username]
    if not call.caller.views("users"):
        found = []
    return JSONResponse([realms.shown_member(member) for member in found])


def make_person(call: Call) -> Response:
    """Make a person, who has the default roles."""
    call.caller.need("manage-users")
    realm, key = realms.member_made(call.realm, call.json, call.making.draw, call.making.now)
    return call.made(realm, f"users/{key}")


def _member(call: Call, *, managing: bool = False) -> Member:
    call.caller.need_view("users")
    found = call.realm.people.get(call.part("user"))
    if found is None:
        raise NO_USER
    if managing:
        call.caller.need("manage-users")
    return found


def read_person(call: Call) -> Response:
    """Answer a person."""
    return JSONResponse(realms.shown_member(_member(call)))


def update_person(call: Call) -> Response:
    """Merge a person with what was sent."""
    return call.done(call.realm.with_member(realms.member_changed(_member(call, managing=True), call.json)))


def delete_person(call: Call) -> Response:
    """Remove a person."""
    gone = _member(call, managing=True)
    people = {key: member for key, member in call.realm.people.items() if key != gone.id}
    return call.done(replace(call.realm, people=people))


def _role_rows(path: str) -> Row:
    def listed(call: Call) -> Response:
        member, client = _member(call), _client(call)
        roles = [call.realm.roles[each] for each in member.roles if call.realm.roles[each].client == client]
        return JSONResponse([realms.shown_role(call.realm, role) for role in roles])

    def give(call: Call) -> Response:
        member = _member(call, managing=True)
        roles = member.roles | realms.named_roles(call.realm, call.json, NO_ROLE.words)
        return call.done(call.realm.with_member(replace(member, roles=roles)))

    def take(call: Call) -> Response:
        member = _member(call, managing=True)
        roles = member.roles - realms.named_roles(call.realm, call.json, NO_ROLE.words)
        return call.done(call.realm.with_member(replace(member, roles=roles)))

    return Row(path, {"GET": listed, "POST": give, "DELETE": take})


def _client(call: Call) -> str:
    uuid = str(call.request.path_params.get("client", ""))
    if uuid and uuid not in call.realm.clients:
        raise NO_CLIENT
    return uuid


def join(call: Call) -> Response:
    """Put a person into a group."""
    member, group = _member(call, managing=True), call.part("group")
    if group not in call.realm.groups:
        raise missing("Group not found")
    return call.done(call.realm.with_member(replace(member, groups=member.groups | {group})))


def leave(call: Call) -> Response:
    """Take a person out of a group."""
    member = _member(call, managing=True)
    return call.done(call.realm.with_member(replace(member, groups=member.groups - {call.part("group")})))


def list_groups(call: Call) -> Response:
    """Answer the groups."""
    call.caller.need_view("users")
    return JSONResponse([{"id": key, "name": name, "path": f"/{name}"} for key, name in call.realm.groups.items()])


def make_group(call: Call) -> Response:
    """Make a group."""
    call.caller.need("manage-users")
    name, key = str(call.json["name"]), call.making.draw()
    if name in call.realm.groups.values():
        raise message(409, f"Top level group named '{name}' already exists.")
    return call.made(replace(call.realm, groups={**call.realm.groups, key: name}), f"groups/{key}")


def sign_out(call: Call) -> Response:
    """End a person's plain sessions; every token from before is stale, and offline sessions are still counted."""
    person, sessions = _member(call, managing=True), call.realm.sessions
    for login in {family.login for family in sessions.families.values() if family.person == person.id}:
        sessions = sessions.without_login(login)
    realm = call.realm.with_member(replace(person, not_before=call.making.now))
    return call.done(replace(realm, sessions=sessions))


def list_offline(call: Call) -> Response:
    """Answer a person's offline sessions at one client."""
    person, client = _member(call).id, call.realm.clients.get(call.part("client"))
    if client is None:
        raise NO_CLIENT
    families = call.realm.sessions.families.values()
    found = [
        each
        for each in families
        if each.offline and not each.ended and (each.person, each.app) == (person, client["id"])
    ]
    return JSONResponse([session_shown(call, each, client) for each in found])


def withdraw(call: Call) -> Response:
    """Take back consent and offline tokens of one clientId."""
    person, sessions = _member(call, managing=True).id, call.realm.sessions
    client = call.realm.client(call.part("client"))
    if client is None:
        raise missing("Client not found")
    pair = (person, str(client["id"]))
    mine = [each for each in sessions.families.values() if each.offline and (each.person, each.app) == pair]
    live = [each for each in mine if not each.ended]
    if not live and pair not in sessions.consents:
        raise missing("Consent nor offline token not found")
    for family in live:
        sessions = sessions.with_family(replace(family, ended="revoked"))
    return call.done(replace(call.realm, sessions=replace(sessions, consents=sessions.consents - {pair})))


_ONE = "/users/{user}"
ROWS: tuple[Row, ...] = (
    Row("/users", {"GET": list_people, "POST": make_person}),
    Row(_ONE, {"GET": read_person, "PUT": update_person, "DELETE": delete_person}),
    _role_rows(f"{_ONE}/role-mappings/realm"),
    _role_rows(f"{_ONE}/role-mappings/clients/{{client}}"),
    Row(f"{_ONE}/groups/{{group}}", {"PUT": join, "DELETE": leave}),
    Row(f"{_ONE}/logout", {"POST": sign_out}),
    Row(f"{_ONE}/offline-sessions/{{client}}", {"GET": list_offline}),
    Row(f"{_ONE}/consents/{{client}}", {"DELETE": withdraw}),
    Row("/groups", {"GET": list_groups, "POST": make_group}),
)

"""Federated identity credentials of applications: who else's tokens stand in place of a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from .call import Call, Row
from .kinds import FEDERATED as FIELDS
from .refusals import bad
from .shapes import checked
from .state import FEDERATED, Representation

NAMES = frozenset({*FIELDS, "id"})
LONGEST_NAME = 120
MOST = 20
_NEEDED = ("name", "issuer", "audiences")


def _collection(application: Representation) -> str:
    return f"{application['id']}/{FEDERATED}"


def list_all(call: Call) -> Response:
    """Answer the credentials of an application."""
    found = call.directory.all(_collection(call.application())).values()
    return JSONResponse({**call.context(FEDERATED), **call.query.page(found, NAMES, call.address)})


def read(call: Call) -> Response:
    """Answer one credential."""
    found = call.named(_collection(call.application()), "fic")
    call.query.only_selects()
    return call.one(call.query.selected(found, NAMES), FEDERATED)


def make(call: Call) -> Response:
    """Add a credential."""
    return _made(call, call.application(changes=True), checked(call.json, FIELDS, _NEEDED))


def _made(call: Call, application: Representation, body: Mapping[str, Any]) -> Response:
    collection = _collection(application)
    others = list(call.directory.all(collection).values())
    if len(others) >= MOST or len(body["name"]) > LONGEST_NAME:
        raise bad("Property federatedIdentityCredentials in payload exceeds what is allowed.")
    call.free(collection, "name", body["name"])
    made = {"id": call.draw(), "description": None, "subject": None, **body}
    _check_unique(others, made)
    call.keep(call.directory.with_object(collection, made))
    return call.one(made, FEDERATED, 201)


def _check_unique(others: list[Representation], made: Mapping[str, Any]) -> None:
    pair = (made["issuer"], made["subject"])
    if any((each["issuer"], each["subject"]) == pair for each in others if each["id"] != made["id"]):
        raise bad("FederatedIdentityCredential with issuer and subject already exists.", "ObjectConflict")


def change(call: Call) -> Response:
    """Merge a credential with what was sent; by `name` make it where it is not there."""
    application = call.application(changes=True)
    collection, body = _collection(application), checked(call.json, FIELDS)
    name = call.parts.get("fic_by_name")
    if name is not None and call.directory.find(collection, "name", name) is None:
        sent = checked({**body, "name": name.replace("''", "'")}, FIELDS, _NEEDED)
        return _made(call, application, sent)
    found = call.named(collection, "fic", changes=True)
    if body.get("name", found["name"]) != found["name"]:
        raise bad("Property name is read-only and cannot be changed.")
    after = {**found, **body}
    _check_unique(list(call.directory.all(collection).values()), after)
    return call.done(call.directory.with_object(collection, after))


def delete(call: Call) -> Response:
    """Remove a credential."""
    collection = _collection(call.application(changes=True))
    return call.done(call.directory.without(collection, str(call.named(collection, "fic", changes=True)["id"])))


_PATH = "/applications{app}/federatedIdentityCredentials"
ROWS: tuple[Row, ...] = (
    Row(_PATH, get=list_all, post=make),
    Row(f"{_PATH}{{fic}}", get=read, patch=change, delete=delete),
)

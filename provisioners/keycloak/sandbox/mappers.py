"""Protocol mappers: made, replaced, listed; what they put into tokens is `claims`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .reading import checked_fields
from .refusals import BROKEN, NO_MAPPER, message, missing
from .state import Representation

FIELDS = frozenset({"id", "name", "protocol", "protocolMapper", "consentRequired", "consentText", "config"})
TYPES = frozenset(
    f"oidc-{each}-mapper"
    for each in [
        "group-membership",
        "usermodel-realm-role",
        "usermodel-client-role",
        "usermodel-attribute",
        "usermodel-property",
        "full-name",
        "audience",
        "audience-resolve",
        "sub",
        "acr",
        "address",
        "allowed-origins",
        "usersessionmodel-note",
        "organization-membership",
        "hardcoded-claim",
        "hardcoded-role",
        "role-name",
        "amr",
        "claims-param-token",
        "sha256-pairwise-sub",
        "nonce-backwards-compatible",
    ]
)


def made(body: object, draw: Callable[[], str], before: Iterable[Representation] = ()) -> dict[str, Any]:
    """Return a new mapper."""
    sent = checked_fields(body, FIELDS, "ProtocolMapperRepresentation")
    if any(mapper["name"] == sent.get("name") for mapper in before):
        raise message(409, "Protocol mapper exists with same name")
    if sent.get("protocolMapper") not in TYPES:
        raise missing("ProtocolMapper provider not found")
    return _shaped(sent, str(sent.get("id") or draw()))


def effective(mapper: Representation) -> dict[str, Any]:
    """Return a mapper as its own endpoint shows it: userinfo follows the ID token where nothing is stored (26.7.3)."""
    config = mapper["config"]
    follows = {"userinfo.token.claim": config["id.token.claim"]} if "id.token.claim" in config else {}
    return {**mapper, "config": {**follows, **config}}


def changed(before: Iterable[Representation], mapper_id: str, body: object) -> list[Representation]:
    """Return the mappers with one replaced whole. Without its id in the body the server breaks."""
    sent = checked_fields(body, FIELDS, "ProtocolMapperRepresentation")
    found = list(before)
    if all(mapper["id"] != mapper_id for mapper in found):
        raise NO_MAPPER
    if sent.get("id") is None:
        raise BROKEN
    return [_shaped(sent, mapper_id) if mapper["id"] == mapper_id else mapper for mapper in found]


def replaced(before: Iterable[Representation], sent: Iterable[object], draw: Callable[[], str]) -> list[Representation]:
    """Return the list that was sent, as a client's PUT replaces it; a name that was there keeps its id."""
    ids = {mapper["name"]: mapper["id"] for mapper in before}
    found = [checked_fields(each, FIELDS, "ProtocolMapperRepresentation") for each in sent]
    return [_shaped(mapper, str(ids.get(mapper.get("name")) or mapper.get("id") or draw())) for mapper in found]


def _shaped(sent: Mapping[str, Any], mapper_id: str) -> dict[str, Any]:
    config = {name: str(value) for name, value in (sent.get("config") or {}).items() if value not in (None, "")}
    names = ("name", "protocol", "protocolMapper")
    return {"id": mapper_id, **{name: sent.get(name) for name in names}, "consentRequired": False, "config": config}

"""From a live client to the smallest plan that finds nothing to change."""

from __future__ import annotations

from collections.abc import Mapping

from ...plans.durations import format_duration
from ...plans.model import Plan
from ...plans.resources import Fields, Live
from ...plans.versions import PKCE_SINCE
from .fields import (
    ACCESS_LIFESPAN,
    DEFAULT_SCOPES,
    MAPPER_TYPES,
    OFFLINE_ACCESS,
    OFFLINE_IDLE,
    OFFLINE_MAX,
    OPTIONAL_SCOPES,
    PKCE,
    SESSION_IDLE,
    SESSION_MAX,
    client_address,
    mapper_field,
)
from .rules import number
from .wants import members

CODER_SCOPES = ("openid", "profile", "email")


def adopt(plan: Plan, live: Live) -> Mapping[str, object]:
    """Return plan data for the live client of `plan`, which gives access URL and sign-in; lifetimes only where the client has its own."""
    fields = live[client_address(plan.client.id)]
    data: dict[str, object] = {**_given(plan), "client": _client(plan, fields)}
    refresh = _durations(fields, {"idle_timeout": OFFLINE_IDLE, "max_lifetime": OFFLINE_MAX})
    access = _durations(fields, {"lifetime": ACCESS_LIFESPAN})
    return data | ({"refresh_tokens": refresh} if refresh else {}) | ({"access_tokens": access} if access else {})


def _given(plan: Plan) -> dict[str, object]:
    whole = plan.normalised()
    return {name: whole[name] for name in ("version", "coder", "identity_provider")}


def _client(plan: Plan, fields: Fields) -> dict[str, object]:
    attached = members(fields.get(DEFAULT_SCOPES)) | members(fields.get(OPTIONAL_SCOPES))
    # `openid` is no scope of Keycloak's, so it is never found attached
    scopes = [name for name in CODER_SCOPES if name == "openid" or name in attached]
    client: dict[str, object] = {"id": plan.client.id}
    name = fields.get("name")
    # a hidden character is no name that a plan may state; left out, it is left alone
    if isinstance(name, str) and name.isprintable():
        client["name"] = name
    if plan.client.secret is not None:
        client["secret"] = plan.normalised()["client"]["secret"]
    # what Coder needs and no more: the others stay attached without being ours
    client["scopes"] = [*scopes, OFFLINE_ACCESS]
    if plan.coder.origin not in members(fields.get("webOrigins")):
        # left out it would mean Coder's own origin
        client["web_origins"] = []
    if PKCE not in fields and plan.coder.version is not None and plan.coder.version >= PKCE_SINCE:
        # left out, the version alone would ask for S256
        client["pkce"] = None
    return (
        client
        | _groups(fields)
        | _durations(fields, {"session_idle_timeout": SESSION_IDLE, "session_max_lifespan": SESSION_MAX})
    )


def _groups(fields: Fields) -> dict[str, object]:
    """The groups mapper under the name `groups`, where there is one of the two kinds that we know."""
    sources = {kind: source for source, kind in MAPPER_TYPES.items()}
    source = sources.get(str(fields.get(mapper_field("groups", "type"))))
    if source is None or fields.get(mapper_field("groups", "id.token.claim")) != "true":
        return {}
    claim: dict[str, object] = {"name": "groups", "from": source}
    if source == "groups":
        claim["full_path"] = fields.get(mapper_field("groups", "full.path")) == "true"
    elif fields.get(mapper_field("groups", "multivalued")) != "true":
        return {}
    return {"groups_claim": claim}


def _durations(fields: Fields, names: Mapping[str, str]) -> dict[str, object]:
    values = {key: number(fields.get(name)) for key, name in names.items()}
    return {key: format_duration(value) for key, value in values.items() if value is not None}

"""Keycloak's world: a plan beside an emulated server whose realm starts as a case states it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.cases.keycloak.paper import ABSENT
from tests.laws.worlds.base import World
from tests.laws.worlds.emulated import EmulatedWorld
from tests.servers import FakeClock

from oidc_provision.provisioners.keycloak.sandbox import clients
from oidc_provision.provisioners.keycloak.sandbox.building import new_server, with_new_realm
from oidc_provision.provisioners.keycloak.sandbox.clients import Making
from oidc_provision.provisioners.keycloak.sandbox.emulation import KeycloakEmulation
from oidc_provision.provisioners.keycloak.sandbox.state import MANAGEMENT, Realm, Role, Server
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.sessions import Sessions
from oidc_provision.provisioners.sandbox.signing import Signer

BASE = yaml.safe_load((Path(__file__).parents[2] / "cases/keycloak/base.yaml").read_text())
STORE, GIVEN, ADMIN = "file:coder.env#SECRET", "env:GIVEN", "env:KEYCLOAK_ADMIN_SECRET"
ADMIN_SECRET = "admin-canary-00"
LIVE_SECRET, STORED_SECRET, GIVEN_SECRET = "live-canary-00", "stored-canary-00", "given-canary-00"
CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
ORIGIN = "https://coder.example.com"
# what a plan of these tests can ask for (design 14.1, 14.2); all else is foreign
OUR_ATTRIBUTES = {
    "use.refresh.tokens", "pkce.code.challenge.method", "access.token.lifespan", "client.session.idle.timeout",
    "client.offline.session.idle.timeout", "client.offline.session.max.lifespan",
}  # fmt: skip
OUR_KEYS = {
    "publicClient", "bearerOnly", "standardFlowEnabled", "secret", "name", "directAccessGrantsEnabled", "redirectUris",
    "webOrigins", "defaultClientScopes", "optionalClientScopes", "attributes", "protocolMappers",
}  # fmt: skip
REALM_KEYS = {"revoke_refresh_token": "revokeRefreshToken", "sso_session_idle_timeout": "ssoSessionIdleTimeout"}
OUR_CONFIG = {"full.path", "multivalued", "jsonType.label", "id.token.claim"}


@lru_cache(maxsize=1)
def key() -> str:
    """Return one key for all worlds: making one takes longer than most tests."""
    return Signer().pem


def with_client(realm: Realm, stated: Mapping[str, Any], making: Making) -> Realm:
    """Return the realm with a client that is as a case states it, whatever the admin API would say to that."""
    realm, uuid = clients.created(realm, {"clientId": stated["clientId"]}, making)
    made = {name: value for name, value in realm.clients[uuid].items() if name != "secret"}
    own = {name: value for name, value in stated.items() if name not in ("id", "access") and value != ""}
    lists = {name: sorted(set(own.get(name, made[name]))) for name in (*clients.SETS, *clients.LISTS.values())}
    attributes = {name: value for name, value in own.get("attributes", {}).items() if value}
    mappers = {"protocolMappers": own["protocolMappers"]} if own.get("protocolMappers") else {}
    whole = {name: value for name, value in own.items() if name != "protocolMappers"}
    return realm.with_client({**made, **whole, **lists, "attributes": attributes, **mappers})


def with_tool(realm: Realm, rights: list[str], making: Making) -> Realm:
    """Return the realm with the client that this tool signs in as."""
    account = {"clientId": "oidc-provision", "serviceAccountsEnabled": True, "secret": ADMIN_SECRET}
    realm, uuid = clients.created(realm, account, making)
    member, management = realm.service_account(uuid), realm.client(MANAGEMENT)
    assert member and management
    granted = {role.id for name in rights if (role := realm.role(name, str(management["id"])))}
    return realm.with_member(replace(member, roles=member.roles | granted))


def server(live: Mapping[str, Any], making: Making) -> Server:
    """Return a server whose realm `engineering` is as a case states it."""
    stated = {name: value for name, value in live["realm"].items() if name not in ("realm", "defaultRole")}
    whole = with_new_realm(new_server(key(), making.draw, making.now), "engineering", stated, making.draw)
    realm = whole.realms["engineering"].with_role(Role(making.draw(), "auditor"))
    default = realm.roles[realm.default_role]
    names = frozenset(role.id for role in realm.roles.values() if role.name in live["default_roles"])
    dropped = frozenset(role.id for role in realm.roles.values() if not role.client)
    realm = realm.with_role(replace(default, composites=default.composites - dropped | names))
    realm = with_tool(realm, live["rights"], making)
    for client in (*live["other_clients"], *([] if live["client"] == ABSENT else [live["client"]])):
        realm = with_client(realm, client, making)
    return whole.with_realm(realm)


class KeycloakWorld(EmulatedWorld):
    def __init__(self, plan: dict[str, Any], live: dict[str, Any], kept: dict[str, str]) -> None:
        clock, numbers = FakeClock(), count()
        self._emulated = KeycloakEmulation(MovableClock(clock), lambda: f"id-{next(numbers):04}")
        self._emulated.load_state(server(live, self._emulated.making()))
        references = {GIVEN: GIVEN_SECRET, ADMIN: ADMIN_SECRET, **kept}
        super().__init__(self._emulated, clock, "/admin/", plan, references)

    @property
    def realm(self) -> Realm:
        return replace(self._emulated.box.value.realms["engineering"], sessions=Sessions())

    def state(self) -> object:
        return {"realm": self.realm, "stores": dict(self.vault.kept)}

    def secrets(self) -> frozenset[str]:
        live = (client.get("secret") for client in self.realm.clients.values())
        return frozenset({*self.vault.kept.values(), *filter(None, live)})

    def foreign(self) -> Mapping[str, object]:
        realm, stated = self.realm, self.plan.get("shared", {})
        asked = {REALM_KEYS.get(name) for name in stated}
        default = realm.roles[realm.default_role]
        offline = realm.role("offline_access")
        others = {
            "realm": {name: value for name, value in realm.settings.items() if name not in asked},
            "clients": {key: each for key, each in realm.clients.items() if each["clientId"] != "coder"},
            "default roles": default.composites - {offline.id if offline else ""},
            "roles": {key: role for key, role in realm.roles.items() if role != default},
            "rest": (realm.scopes, realm.scopes_for_new, realm.scope_roles, realm.people, realm.groups),
        }
        ours = realm.client("coder")
        return others if ours is None else {**others, **self._foreign_of_client(ours)}

    def _foreign_of_client(self, client: Mapping[str, Any]) -> Mapping[str, object]:
        asked = {each["name"] if isinstance(each, dict) else each for each in self.plan["client"].get("scopes", [])}
        asked |= {"offline_access", *([] if "scopes" in self.plan["client"] else ["profile", "email"])}
        mappers = {mapper["name"]: mapper for mapper in client.get("protocolMappers", ())}
        ours = {name for name, mapper in mappers.items() if mapper["config"].get("claim.name") == "groups"}
        return {
            "client": {name: value for name, value in client.items() if name not in OUR_KEYS},
            "attributes": {k: v for k, v in client["attributes"].items() if v and k not in OUR_ATTRIBUTES},
            "redirects": set(client["redirectUris"]) - {CALLBACK},
            "origins": set(client["webOrigins"]) - {ORIGIN, "https://more.example.com"},
            "default": set(client["defaultClientScopes"]) - asked,
            "optional": set(client["optionalClientScopes"]) - asked,
            "mappers": {name: mapper for name, mapper in mappers.items() if name not in ours},
            **{
                f"mapper {name}: {key}": value
                for name in ours
                for key, value in mappers[name]["config"].items()
                if key not in OUR_CONFIG
            },
        }


def merged(base: Any, more: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(more, dict)):
        return copy.deepcopy(more)
    return {key: merged(base.get(key), more[key]) if key in more else copy.deepcopy(base[key]) for key in base | more}


def world(plan: dict[str, Any], live: dict[str, Any], kept: dict[str, str] | None = None) -> World:
    return KeycloakWorld(merged(BASE["plan"], plan), merged(BASE["live"], live), kept or {})


GROUPS_MAPPER = {
    "id": "m1",
    "name": "their groups",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-group-membership-mapper",
    "config": {"claim.name": "groups", "full.path": "true", "id.token.claim": "true", "foreign.key": "kept"},
}
FOREIGN_MAPPER = {
    "id": "m2",
    "name": "groups",
    "protocol": "openid-connect",
    "protocolMapper": "oidc-usermodel-attribute-mapper",
    "config": {"claim.name": "department", "id.token.claim": "true"},
}
FOREIGN_CLIENT = {
    "secret": LIVE_SECRET,
    "description": "somebody's words",
    "consentRequired": True,
    "redirectUris": ["https://old.example.com/callback"],
    "webOrigins": ["https://old.example.com"],
    "attributes": {"login_theme": "dark", "use.refresh.tokens": "false"},
    "protocolMappers": [FOREIGN_MAPPER],
}
OTHER = {"id": "0ther", "clientId": "grafana", "attributes": {"client.session.idle.timeout": "900"}, "secret": "other-canary-00"}  # fmt: skip
FULL_PLAN = {
    "client": {"name": "Coder", "groups_claim": "groups", "secret": {"store": STORE}},
    "refresh_tokens": {"idle_timeout": "20d", "max_lifetime": "50d"},
    "access_tokens": {"lifetime": "20m"},
    "shared": {"revoke_refresh_token": False, "sso_session_idle_timeout": "20m"},
}


def starts() -> Mapping[str, World]:
    """No client, a foreign one, a public one, one whose scopes stand the other way, one with the settings half there."""
    public = {"client": {"publicClient": True, "secret": ""}}
    moved = {"client": {"scopes": [{"name": "email", "kind": "optional"}, {"name": "phone", "kind": "default"}]}}
    lowered = {"realm": {"ssoSessionIdleTimeout": 900, "revokeRefreshToken": True}, "other_clients": [OTHER]}
    half = {"client": {**FOREIGN_CLIENT, "protocolMappers": [GROUPS_MAPPER, FOREIGN_MAPPER]}, "other_clients": [OTHER]}
    return {
        "nothing there": world({}, {"client": ABSENT}),
        "nothing there, everything asked for": world(FULL_PLAN, {"client": ABSENT}),
        "a store filled before the client": world(FULL_PLAN, {"client": ABSENT}, {STORE: STORED_SECRET}),
        "a client of somebody's": world(FULL_PLAN, {"client": FOREIGN_CLIENT}),
        "a public client": world({"client": {"secret": {"store": STORE}}}, public),
        "scopes the other way": world(moved, {"client": FOREIGN_CLIENT}),
        "the realm is shared": world(FULL_PLAN, lowered),
        "a mapper of somebody's": world(FULL_PLAN, half),
        "a secret that is ours to give": world({"client": {"secret": {"from": GIVEN}}}, {}),
        "nothing to change": world({}, {}),
    }


def maybe(values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """The key's value, or (None) that the key is not there."""
    return st.one_of(st.just(...), values)


def mapping(**values: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {name: maybe(value) for name, value in values.items()}
    ).map(lambda drawn: {name: value for name, value in drawn.items() if value is not ...})  # fmt: skip


SCOPES = ["profile", "email", "roles", "phone", "offline_access"]
KINDS = st.sampled_from([None, "default", "optional"])
ASKED = st.dictionaries(st.sampled_from(SCOPES), KINDS, max_size=4).map(
    lambda kinds: [{"name": name, "kind": kind} if kind else name for name, kind in kinds.items()]
)
CLAIMS = st.sampled_from(["groups", {"name": "groups", "from": "realm_roles"}, {"name": "groups", "full_path": True}])
SECRETS = st.sampled_from([{"store": STORE}, {"from": GIVEN}])
PLANS = st.fixed_dictionaries(
    {
        "coder": mapping(version=st.sampled_from(["2.20", "2.34"])),
        "client": mapping(
            name=st.sampled_from(["Coder", None]),
            secret=SECRETS,
            scopes=ASKED,
            groups_claim=CLAIMS,
            web_origins=st.sampled_from([None, ["https://more.example.com"]]),
            pkce=st.sampled_from([None, "S256"]),
            direct_access_grants=st.booleans(),
            session_idle_timeout=st.sampled_from([None, "10m"]),
        ),
        "refresh_tokens": mapping(
            idle_timeout=st.sampled_from([None, "20d"]), max_lifetime=st.sampled_from([None, "unlimited", "50d"])
        ),
        "access_tokens": mapping(lifetime=st.sampled_from([None, "20m"])),
        "shared": mapping(
            revoke_refresh_token=st.booleans(),
            sso_session_idle_timeout=st.sampled_from(["15m", "1h"]),
            default_roles=st.just(["offline_access"]),
        ),
    }
)
TEXT = st.sampled_from(["", "600", "1200"])
ATTRIBUTES = mapping(
    **{
        "use.refresh.tokens": st.sampled_from(["", "true", "false"]),
        "pkce.code.challenge.method": st.sampled_from(["", "S256", "plain"]),
        "client.offline.session.idle.timeout": TEXT,
        "client.offline.session.max.lifespan": TEXT,
        "client.session.idle.timeout": TEXT,
        "access.token.lifespan": TEXT,
        "login_theme": st.sampled_from(["", "dark"]),
    }
)
ATTACHED = st.dictionaries(st.sampled_from(SCOPES), st.sampled_from(["default", "optional"]))
URLS = st.lists(st.sampled_from([CALLBACK, "https://old.example.com/callback"]), max_size=2)
ORIGINS = st.lists(st.sampled_from([ORIGIN, "https://old.example.com"]), max_size=2)
MAPPERS = st.lists(st.sampled_from([GROUPS_MAPPER, FOREIGN_MAPPER]), max_size=2, unique_by=lambda m: m["id"])


@st.composite
def any_client(draw: st.DrawFn) -> Any:
    if draw(st.booleans()) and draw(st.booleans()):
        return ABSENT
    attached, public = draw(ATTACHED), draw(st.booleans())
    return {
        "publicClient": public,
        "bearerOnly": draw(st.booleans()),
        "standardFlowEnabled": draw(st.booleans()),
        "directAccessGrantsEnabled": draw(st.booleans()),
        "name": draw(st.sampled_from(["", "Coder", "Theirs"])),
        "secret": "" if public else LIVE_SECRET,
        "redirectUris": draw(URLS),
        "webOrigins": draw(ORIGINS),
        "defaultClientScopes": [name for name, kind in attached.items() if kind == "default"],
        "optionalClientScopes": [name for name, kind in attached.items() if kind == "optional"],
        "attributes": draw(ATTRIBUTES),
        "protocolMappers": draw(MAPPERS),
    }


LIVES = st.fixed_dictionaries(
    {
        "client": any_client(),
        "realm": mapping(revokeRefreshToken=st.booleans(), ssoSessionIdleTimeout=st.sampled_from([900, 1800])),
        "default_roles": st.sampled_from([["offline_access"], ["uma_authorization"]]),
        "other_clients": st.sampled_from([[], [OTHER]]),
    }
)


def any_start() -> SearchStrategy[World]:
    kept = st.sampled_from([{}, {STORE: STORED_SECRET}])
    return st.builds(world, PLANS, LIVES, kept)

"""Keycloak's world: a plan beside a realm on paper that takes writes."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.cases.paper import ABSENT, ACCOUNT
from tests.laws.paper_keycloak import InkRealm
from tests.laws.worlds.base import World
from tests.stranger import MemoryVault

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.plans.load import Deployment
from oidc_provision.provisioners.keycloak.provisioner import KeycloakProvisioner

BASE = yaml.safe_load((Path(__file__).parents[2] / "cases/base.yaml").read_text())
STORE, GIVEN = "file:coder.env#SECRET", "env:GIVEN"
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


class KeycloakWorld:
    def __init__(self, plan: dict[str, Any], live: dict[str, Any], kept: dict[str, str]) -> None:
        self.plan = plan
        self.writes: list[str] = []
        self.cut: int | None = None
        self._live = copy.deepcopy(live)
        self.server = InkRealm(self._live, self._wrote, self._done)
        self.vault = MemoryVault({GIVEN: GIVEN_SECRET, **kept}, log=self.writes)

    def _wrote(self, what: str) -> None:
        if self.cut is not None and len(self.writes) >= self.cut and self.cut % 2:
            raise RemoteFailure("cut off before it was done", where="realm/engineering", arrived=False)
        self.writes.append(what)

    def _done(self, _what: str) -> None:
        if self.cut is not None and len(self.writes) > self.cut:
            raise RemoteFailure("cut off after it was done", where="realm/engineering", ambiguous=True)

    async def open(self, deployment: Deployment) -> KeycloakProvisioner:
        async def issuer() -> str:
            return self._live["issuer"]

        return KeycloakProvisioner(self.server, issuer, ACCOUNT)

    def state(self) -> dict[str, Any]:
        return {"realm": self.server.state(), "stores": dict(self.vault.kept)}

    def secrets(self) -> frozenset[str]:
        live = (client.get("secret") for client in self.server.state()["clients"].values())
        return frozenset({*self.vault.kept.values(), *filter(None, live)})

    def foreign(self) -> Mapping[str, object]:
        state = self.server.state()
        ours, stated = state["clients"].pop("coder", None), self.plan.get("shared", {})
        realm = {k: v for k, v in state["realm"].items() if k not in {REALM_KEYS.get(each) for each in stated}}
        others = {**state, "realm": realm, "default_roles": set(state["default_roles"]) - {"offline_access"}}
        return others if ours is None else {**others, **self._foreign_of_client(ours)}

    def _foreign_of_client(self, client: dict[str, Any]) -> Mapping[str, object]:
        asked = {each["name"] if isinstance(each, dict) else each for each in self.plan["client"].get("scopes", [])}
        asked |= {"offline_access", *([] if "scopes" in self.plan["client"] else ["profile", "email"])}
        mappers = {mapper["name"]: mapper for mapper in client["protocolMappers"]}
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
def clients(draw: st.DrawFn) -> Any:
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
        "client": clients(),
        "realm": mapping(revokeRefreshToken=st.booleans(), ssoSessionIdleTimeout=st.sampled_from([900, 1800])),
        "default_roles": st.sampled_from([["offline_access"], ["uma_authorization"]]),
        "other_clients": st.sampled_from([[], [OTHER]]),
    }
)


def any_start() -> SearchStrategy[World]:
    kept = st.sampled_from([{}, {STORE: STORED_SECRET}])
    return st.builds(world, PLANS, LIVES, kept)

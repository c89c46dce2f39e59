"""Entra's world: a plan beside an emulated tenant whose application starts as a case states it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.laws.worlds.base import World
from tests.laws.worlds.emulated import EmulatedWorld
from tests.laws.worlds.keycloak import mapping, merged
from tests.servers import FakeClock

from oidc_provision.provisioners.entra.sandbox.building import (
    DELEGATED,
    GRAPH_APP,
    NEW_APPLICATION,
    TENANT,
    TOOL_APP,
    TOOL_SECRET,
    principal_of,
)
from oidc_provision.provisioners.entra.sandbox.emulation import EntraEmulation
from oidc_provision.provisioners.entra.sandbox.state import (
    APPLICATIONS,
    GRANTS,
    OWNERS,
    PRINCIPALS,
    Directory,
    Switches,
)
from oidc_provision.provisioners.sandbox.clock import MovableClock
from oidc_provision.provisioners.sandbox.sessions import Sessions

STORE, GIVEN, ADMIN, CERTIFICATE = "file:coder.env#SECRET", "env:GIVEN", "env:ENTRA_ADMIN_SECRET", "file:coder.crt"
LIVE_SECRET, OURS_SECRET, ORPHAN_SECRET = "liv8Q~live-canary-00", "our8Q~ours-canary-00", "orp8Q~orphan-canary-00"
CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
APP_ID, OBJECT_ID = "0c0ffee0-0000-4000-8000-000000000001", "0c0ffee0-0000-4000-8000-000000000002"
OWNER = "3f2a1b4c-5d6e-4f70-8192-a3b4c5d6e7f8"
HOST = "https://tenant.example.com"
RIGHTS = (
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Policy.ReadWrite.ApplicationConfiguration",
    "Policy.ReadWrite.ConditionalAccess",
)
PLAN: dict[str, Any] = {
    "version": 1,
    "coder": {"access_url": "https://coder.example.com", "version": "2.34"},
    "identity_provider": {
        "type": "entra",
        "tenant": TENANT,
        "admin": {"client_id": TOOL_APP, "client_secret": ADMIN},
        "authority": HOST,
        "graph": f"{HOST}/graph",
    },
    "client": {"id": "coder", "admin_consent": True, "secret": {"store": STORE}},
}
OTHER_API = {"resourceAppId": "0a0a0a0a-0000-4000-8000-00000000000a", "resourceAccess": [{"id": OWNER, "type": "Role"}]}


@lru_cache(maxsize=1)
def fresh() -> str:
    """Return one new tenant for all worlds: making its key takes longer than most tests."""
    numbers = count()
    return EntraEmulation(MovableClock(FakeClock()), lambda: guid(next(numbers))).dump()


def guid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-00000000face"


def scattered(number: int) -> str:
    """Return ids that do not begin alike, as random ones do not: the first characters of a secret tell it from others."""
    return guid(number * 0x9E3779B1 % 2**32)


def secret(key: int, text: str, name: str, start: str, end: str) -> tuple[dict[str, Any], str]:
    """Return a secret as the directory keeps it, and its text."""
    times = {"startDateTime": start, "endDateTime": end}
    told = {"customKeyIdentifier": None, "displayName": name, "hint": text[:3], "keyId": guid(key), "secretText": None}
    return {**told, **times}, text


BY_HAND = secret(0xA1, LIVE_SECRET, "by hand", "2025-06-01T00:00:00Z", "2027-06-01T00:00:00Z")
OURS = secret(0xA2, OURS_SECRET, "oidc-provision 11111111", "2025-12-01T00:00:00Z", "2026-06-01T00:00:00Z")
ORPHAN = secret(0xA3, ORPHAN_SECRET, "oidc-provision 22222222", "2025-12-31T00:00:00Z", "2026-07-01T00:00:00Z")
OLD = secret(0xA4, "old8Q~old-canary-00", "oidc-provision 33333333", "2025-10-01T00:00:00Z", "2026-05-01T00:00:00Z")


def with_application(directory: Directory, live: Mapping[str, Any]) -> Directory:
    """Return the directory with Coder's application as a case states it, whatever Graph would say to that."""
    secrets = live.get("secrets", [])
    stated = {name: value for name, value in live["application"].items() if name != "unique"}
    application = {
        "id": OBJECT_ID,
        **copy.deepcopy(dict(NEW_APPLICATION)),
        "appId": APP_ID,
        "createdByAppId": None,
        "createdDateTime": "2025-05-01T00:00:00Z",
        "displayName": "Coder",
        "publisherDomain": directory.domain,
        "uniqueName": "coder" if live["application"].get("unique", True) else None,
        "passwordCredentials": [each for each, _ in secrets],
    }
    directory = directory.with_object(APPLICATIONS, merged(application, stated))
    for each, text in secrets:
        directory = directory.with_secret(each["keyId"], text)
    tool = directory.principal_of(TOOL_APP)
    assert tool
    directory = directory.with_links(OBJECT_ID, OWNERS, (str(tool["id"]),))
    return with_principal(directory, live) if live.get("principal", True) else directory


def with_principal(directory: Directory, live: Mapping[str, Any]) -> Directory:
    application = directory.all(APPLICATIONS)[OBJECT_ID]
    principal = principal_of(application, guid(0xB1), directory.tenant)
    tool, graph = directory.principal_of(TOOL_APP), directory.principal_of(GRAPH_APP)
    assert tool and graph
    directory = directory.with_object(PRINCIPALS, principal).with_links(guid(0xB1), OWNERS, (str(tool["id"]),))
    if not live.get("consent"):
        return directory
    grant = {"clientId": guid(0xB1), "resourceId": graph["id"], "consentType": "AllPrincipals", "principalId": None}
    return directory.with_object(GRANTS, {"id": guid(0xC1), **grant, "scope": live["consent"]})


def with_others(directory: Directory) -> Directory:
    """Return the directory with an application that is nobody's affair here."""
    other = {**copy.deepcopy(dict(NEW_APPLICATION)), "displayName": "Grafana", "publisherDomain": directory.domain}
    made = {"id": guid(0xD1), **other, "appId": guid(0xD2), "createdByAppId": None}
    directory = directory.with_object(APPLICATIONS, {**made, "createdDateTime": "2025-05-01T00:00:00Z"})
    return directory.with_object(PRINCIPALS, principal_of(made, guid(0xD3), directory.tenant))


class EntraWorld(EmulatedWorld):
    def __init__(self, plan: dict[str, Any], live: dict[str, Any], kept: dict[str, str]) -> None:
        clock, numbers = FakeClock(), count(0x1000)
        self._emulated = EntraEmulation(MovableClock(clock), lambda: scattered(next(numbers)))
        self._emulated.load(fresh())
        directory = self._emulated.box.value
        tool = directory.principal_of(TOOL_APP)
        assert tool
        directory = with_others(directory.with_rights(str(tool["id"]), *RIGHTS))
        if live.get("application") is not None:
            directory = with_application(directory, live)
        directory = replace(directory, switches=replace(Switches(), **live.get("switches", {})))
        self._emulated.box.put(directory)
        super().__init__(self._emulated, clock, "/graph/", plan, {ADMIN: TOOL_SECRET, **kept})

    @property
    def directory(self) -> Directory:
        # when something was made or asked is not what it is
        return replace(self._emulated.box.value, sessions=Sessions(), stamps={}, access_asked=0.0)

    def state(self) -> object:
        return {"directory": self.directory, "stores": dict(self.vault.kept)}

    def secrets(self) -> frozenset[str]:
        return frozenset({*self.vault.kept.values(), *self.directory.secrets.values()})

    def ours(self) -> Mapping[str, Any] | None:
        key = self.plan["client"]["id"]
        directory = self.directory
        return directory.find(APPLICATIONS, "uniqueName", key) or directory.find(APPLICATIONS, "appId", key)

    def foreign(self) -> Mapping[str, object]:
        directory, ours = self.directory, self.ours()
        key, app_id = (None, None) if ours is None else (ours["id"], ours["appId"])
        others = {
            "applications": {k: v for k, v in directory.all(APPLICATIONS).items() if k != key},
            "principals": {k: v for k, v in directory.all(PRINCIPALS).items() if v["appId"] != app_id},
            "rest": (directory.people, directory.rights, directory.assigned, directory.default_policy, directory.bin),
        }
        return others if ours is None else {**others, **self._foreign_of(ours)}

    def _foreign_of(self, ours: Mapping[str, Any]) -> Mapping[str, object]:
        asked = set(DELEGATED.values())
        optional = ours["optionalClaims"] or {}
        redirects = {
            kind: [u for u in ours[kind]["redirectUris"] if u != CALLBACK] for kind in ("web", "spa", "publicClient")
        }
        held = {s for each in self.directory.all(GRANTS).values() for s in str(each["scope"]).split()} - set(DELEGATED)
        return {
            "redirects": redirects,
            "permissions": [
                (api["resourceAppId"], [each for each in api["resourceAccess"] if each["id"] not in asked])
                for api in ours["requiredResourceAccess"]
                if api["resourceAppId"] != GRAPH_APP or any(e["id"] not in asked for e in api["resourceAccess"])
            ],
            "claims": [each for each in optional.get("idToken", []) if each["name"] not in ("email", "upn", "groups")],
            "other claims": {name: value for name, value in optional.items() if name != "idToken" and value},
            "secrets": [each for each in ours["passwordCredentials"] if each["displayName"] == "by hand"],
            "certificates": [each for each in ours["keyCredentials"] if each["displayName"] == "by hand"],
            "owners": set(self.directory.linked(ours["id"], OWNERS)) - {OWNER},
            "consent": held,
            "own": {
                name: ours[name] for name in ("id", "appId", "notes", "tags", "api", "identifierUris", "uniqueName")
            },
        }


def world(plan: dict[str, Any], live: dict[str, Any] | None = None, kept: dict[str, str] | None = None) -> World:
    whole = merged(PLAN, plan)
    if "secret" in plan.get("client", {}):
        # one of `from` and `store`, and not both
        whole["client"]["secret"] = plan["client"]["secret"]
    return EntraWorld(whole, live or {}, kept or {})


THEIRS: dict[str, Any] = {
    "unique": False,
    "notes": "somebody's words",
    "isFallbackPublicClient": True,
    "web": {
        "redirectUris": ["https://old.example.com/callback"],
        "implicitGrantSettings": {"enableIdTokenIssuance": True, "enableAccessTokenIssuance": False},
    },
    "spa": {"redirectUris": [CALLBACK, "https://spa.example.com"]},
    "publicClient": {"redirectUris": ["myapp://callback"]},
    "requiredResourceAccess": [
        OTHER_API,
        {"resourceAppId": GRAPH_APP, "resourceAccess": [{"id": DELEGATED["User.Read"], "type": "Scope"}]},
    ],
    "optionalClaims": {
        "idToken": [{"name": "acct", "source": None, "essential": False, "additionalProperties": []}],
        "accessToken": [{"name": "acct", "source": None, "essential": False, "additionalProperties": []}],
        "saml2Token": [],
    },
}
ADOPTED = {"client": {"id": APP_ID, "name": "Coder"}}
FULL_PLAN: dict[str, Any] = {
    "client": {
        "name": "Coder for engineers",
        "sign_in_audience": "AzureADMyOrg",
        "groups_claim": "groups",
        "owners": [OWNER],
        "assignment_required": True,
        "rotate_before": "30d",
    },
    "shared": {"sign_in_frequency": "7d", "token_lifetime": "1h"},
}


def starts() -> Mapping[str, World]:
    """No application, ours, somebody's, secrets in every state, and a directory that lags."""
    slow = {"switches": {"lag": 20.0, "staleness": 15.0}}
    return {
        "nothing there": world({}),
        "nothing there, everything asked for": world(FULL_PLAN),
        "nothing there, and the directory lags": world(FULL_PLAN, slow),
        "an application of somebody's": world(
            ADOPTED, {"application": THEIRS, "secrets": [BY_HAND], "consent": " User.Read openid"}, {STORE: LIVE_SECRET}
        ),
        "somebody's, and the directory lags": world(
            merged(FULL_PLAN, ADOPTED), {"application": THEIRS, "secrets": [BY_HAND], **slow}, {STORE: LIVE_SECRET}
        ),
        "somebody's without a service principal": world(ADOPTED, {"application": THEIRS, "principal": False}),
        "a secret that nobody knows": world({}, {"application": {}, "secrets": [ORPHAN]}),
        "one in service and one that nobody knows": world(
            {}, {"application": {}, "secrets": [OURS, ORPHAN]}, {STORE: OURS_SECRET}
        ),
        "three of ours, and the store was lost": world({}, {"application": {}, "secrets": [OLD, OURS, ORPHAN]}),
        "one in service and the one before it": world(
            {}, {"application": {}, "secrets": [OLD, OURS]}, {STORE: OURS_SECRET}
        ),
        "a secret that ends soon": world(
            {"client": {"rotate_before": "170d"}}, {"application": {}, "secrets": [OURS]}, {STORE: OURS_SECRET}
        ),
        "a secret of somebody else's keeping": world(
            {"client": {"secret": {"from": GIVEN}}},
            {"application": THEIRS | {"unique": True}, "secrets": [BY_HAND]},
            {GIVEN: LIVE_SECRET},
        ),
    }


URIS = st.lists(st.sampled_from([CALLBACK, "https://old.example.com/callback"]), unique=True, max_size=2)
ACCESS = st.lists(st.sampled_from(sorted(DELEGATED)), unique=True, max_size=4)


@st.composite
def any_application(draw: st.DrawFn) -> dict[str, Any] | None:
    if draw(st.booleans()) and draw(st.booleans()):
        return None
    own = [{"id": DELEGATED[name], "type": "Scope"} for name in draw(ACCESS)]
    claims = draw(st.lists(st.sampled_from(["email", "upn", "groups", "acct"]), unique=True, max_size=3))
    implicit = {"enableIdTokenIssuance": draw(st.booleans()), "enableAccessTokenIssuance": draw(st.booleans())}
    apis = [OTHER_API] if draw(st.booleans()) else []
    return {
        "isFallbackPublicClient": draw(st.sampled_from([None, True, False])),
        "web": {"redirectUris": draw(URIS), "implicitGrantSettings": implicit},
        "spa": {"redirectUris": draw(URIS)},
        "publicClient": {"redirectUris": draw(URIS)},
        "requiredResourceAccess": [*apis, *([{"resourceAppId": GRAPH_APP, "resourceAccess": own}] if own else [])],
        "groupMembershipClaims": draw(
            st.sampled_from([None, "None", "All", "SecurityGroup", "SecurityGroup, DirectoryRole"])
        ),
        "optionalClaims": {
            "idToken": [{"name": n, "source": None, "essential": False, "additionalProperties": []} for n in claims],
            "accessToken": [],
            "saml2Token": [],
        }
        if claims
        else None,
    }


@st.composite
def any_live(draw: st.DrawFn) -> dict[str, Any]:
    secrets = draw(st.lists(st.sampled_from([BY_HAND, OURS, ORPHAN, OLD]), unique_by=lambda each: each[1], max_size=4))
    lags = draw(st.sampled_from([{}, {"lag": 20.0, "staleness": 15.0}]))
    return {
        "application": draw(any_application()),
        "secrets": secrets,
        "principal": draw(st.booleans()),
        "consent": draw(st.sampled_from([None, "openid", " offline_access User.Read email profile openid"])),
        "switches": lags,
    }


PLANS = st.fixed_dictionaries(
    {
        "client": mapping(
            name=st.sampled_from(["Coder", None]),
            groups_claim=st.just("groups"),
            group_membership=st.sampled_from(["SecurityGroup", "ApplicationGroup", "All"]),
            email_claim=st.sampled_from(["email", "upn", "preferred_username"]),
            assignment_required=st.booleans(),
            owners=st.just([OWNER]),
            rotate_before=st.sampled_from(["30d", "170d"]),
            # more than 10 days do not fit between two rotations of a secret that lasts 180
            rotation_overlap=st.sampled_from(["1d", "9d"]),
            scopes=st.just(["openid", "profile", "email", "User.Read"]),
        ),
        "shared": mapping(
            sign_in_frequency=st.sampled_from(["12h", "7d"]), token_lifetime=st.sampled_from(["10m", "1d"])
        ),
    }
)
KEPT = st.sampled_from(
    [{}, {STORE: OURS_SECRET}, {STORE: LIVE_SECRET}, {STORE: ORPHAN_SECRET}, {STORE: "unknown-canary-00"}]
)


def any_start() -> SearchStrategy[World]:
    return st.builds(world, PLANS, any_live(), KEPT)

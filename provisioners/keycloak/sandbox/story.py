"""What the demonstration needs of Keycloak: a realm, an account for this tool, somebody who signs in, and a slip of the hand."""

from __future__ import annotations

from dataclasses import replace

from ...sandbox.emulation import Story
from ...sandbox.state import Box
from . import clients, realms
from .building import with_new_realm
from .clients import Making
from .state import MANAGEMENT, OFFLINE_ACCESS, Server

REALM = "engineering"
TOOL = "oidc-provision"
PERSON = {"username": "anna", "email": "anna@example.com", "firstName": "Anna", "lastName": "Berg", "enabled": True}
PLAN = """\
version: 1
coder:
  access_url: https://coder.example.com      # the callback URL is derived from it
  version: "2.34"
  session_duration: 30d
identity_provider:
  type: keycloak
  url: {url}
  realm: engineering
  admin: {{client_id: oidc-provision, client_secret: "file:secrets/admin.env#KEYCLOAK_ADMIN_SECRET"}}
client:
  id: coder
  secret: {{store: "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"}}
  scopes: [openid, profile, email]           # offline_access is added
refresh_tokens:                              # the same words for every identity provider
  idle_timeout: 30d
  max_lifetime: 90d
  rotation: reuse
access_tokens:
  lifetime: 30m
"""


def prepared(box: Box[Server], making: Making, url: str) -> Story:
    """Make the realm and what is in it, and return the story. A realm of that name that is there already is replaced."""
    server = with_new_realm(box.value.without_realm(REALM), REALM, {"enabled": True}, making.draw)
    realm = server.realms[REALM]
    account = {"clientId": TOOL, "serviceAccountsEnabled": True, "standardFlowEnabled": False}
    realm, uuid = clients.created(realm, account, making)
    member = realm.service_account(uuid)
    management = realm.client(MANAGEMENT) or {}
    granted = [realm.role(name, str(management["id"])) for name in ("manage-clients", "view-realm")]
    if member is not None:
        roles = member.roles | {role.id for role in granted if role is not None}
        realm = realm.with_member(replace(member, roles=roles))
    password = making.secret()
    person = PERSON | {"credentials": [{"type": "password", "value": password}]}
    realm, _ = realms.member_made(realm, person, making.draw, making.now)
    box.put(server.with_realm(realm))
    secrets = {"secrets/admin.env": f"KEYCLOAK_ADMIN_SECRET={realm.clients[uuid]['secret']}\n"}
    return Story(PLAN.format(url=url), secrets, "anna", password, lambda: drift(box))


def drift(box: Box[Server]) -> str:
    """Take offline_access from the client, as somebody does in the console who does not know what it is for."""
    realm = box.value.realms[REALM]
    client, scope = realm.client("coder"), realm.scope(OFFLINE_ACCESS)
    if client is not None and scope is not None:
        realm = clients.detached(realm, str(client["id"]), str(scope["id"]))
        box.put(box.value.with_realm(realm))
    return "client `coder`: scope `offline_access` removed in the admin console"

"""What the demonstration needs of Entra: a plan, the tool's secret, somebody who signs in, and a slip of the hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...sandbox.emulation import Story
from ...sandbox.state import Box
from .building import PERSON, TOOL_APP, TOOL_SECRET
from .state import APPLICATIONS, Directory

PLAN = """\
version: 1
coder:
  access_url: https://coder.example.com      # the callback URL is derived from it
  version: "2.34"
  session_duration: 90d
identity_provider:
  type: entra
  tenant: {tenant}
  authority: {url}            # for the sandbox; Microsoft's own addresses are the defaults
  graph: {url}/graph
  admin: {{client_id: {tool}, client_secret: "file:secrets/admin.env#ENTRA_ADMIN_SECRET"}}
client:
  id: coder                                  # our name for the application; Entra draws its appId
  name: Coder
  secret: {{store: "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"}}
  rotate_before: 30d
  scopes: [openid, profile, email]           # offline_access is added
  admin_consent: true                        # else a step for an administrator
refresh_tokens:                              # the same words for every identity provider
  idle_timeout: 90d                          # Entra's own: nobody can change it
  rotation: reuse
"""


def prepared(box: Box[Directory], url: str) -> Story:
    """Return the story. An application `coder` that is there already goes."""
    directory = box.value
    old = directory.find(APPLICATIONS, "uniqueName", "coder")
    if old is not None:
        box.put(directory.without(APPLICATIONS, str(old["id"])))
    plan = PLAN.format(url=url, tenant=directory.tenant, tool=TOOL_APP)
    secrets = {"secrets/admin.env": f"ENTRA_ADMIN_SECRET={TOOL_SECRET}\n"}
    return Story(plan, secrets, PERSON.username, PERSON.password, lambda: drift(box))


def drift(box: Box[Directory]) -> str:
    """Move the callback to the single-page platform, as somebody does in the portal who picks the first that comes."""
    directory = box.value
    found = directory.find(APPLICATIONS, "uniqueName", "coder")
    if found is not None:
        web: dict[str, Any] = {**found["web"], "redirectUris": []}
        moved = {**found, "web": web, "spa": {"redirectUris": found["web"]["redirectUris"]}}
        box.put(replace(directory, objects=directory.with_object(APPLICATIONS, moved).objects))
    return "application `Coder`: the callback moved from Web to Single-page application in the portal"

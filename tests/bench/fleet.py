"""Plan files for N clients of one realm, and the same clients for Terraform."""

from __future__ import annotations

from pathlib import Path

PLAN = """\
version: 1
coder:
  access_url: https://coder{i}.example.com
  version: "2.34"
  session_duration: 30d
identity_provider:
  type: keycloak
  url: {url}
  realm: {realm}
  admin: {{realm: master, username: admin, password: env:KEYCLOAK_ADMIN_PASSWORD}}
client:
  id: coder-{i}
  scopes: [openid, profile, email]
refresh_tokens:
  idle_timeout: {idle}
  max_lifetime: 60d
access_tokens:
  lifetime: 30m
"""
TERRAFORM = """\
terraform {{
  required_providers {{
    keycloak = {{ source = "keycloak/keycloak" }}
  }}
}}
provider "keycloak" {{
  url       = "{url}"
  realm     = "master"
  client_id = "admin-cli"
  username  = "admin"
  password  = "{password}"
}}
resource "keycloak_openid_client" "coder" {{
  count                               = {n}
  realm_id                            = "{realm}"
  client_id                           = "coder-${{count.index}}"
  access_type                         = "CONFIDENTIAL"
  standard_flow_enabled               = true
  use_refresh_tokens                  = true
  valid_redirect_uris                 = ["https://coder${{count.index}}.example.com/api/v2/users/oidc/callback"]
  web_origins                         = ["https://coder${{count.index}}.example.com"]
  access_token_lifespan               = "1800"
  pkce_code_challenge_method          = "S256"
  client_offline_session_idle_timeout = "{idle_seconds}"
  client_offline_session_max_lifespan = "5184000"
}}
resource "keycloak_openid_client_optional_scopes" "coder" {{
  count           = {n}
  realm_id        = "{realm}"
  client_id       = keycloak_openid_client.coder[count.index].id
  optional_scopes = ["address", "phone", "organization", "offline_access", "microprofile-jwt"]
}}
"""
IDLE = {"14d": 1209600, "15d": 1296000}


def write_plans(folder: Path, url: str, realm: str, count: int, idle: str = "14d") -> None:
    """Write one plan file for each of `count` clients."""
    folder.mkdir(exist_ok=True)
    for i in range(count):
        (folder / f"plan-{i:04}.yaml").write_text(PLAN.format(i=i, url=url, realm=realm, idle=idle), encoding="utf-8")


def write_terraform(folder: Path, url: str, realm: str, count: int, password: str, idle: str = "14d") -> None:
    """Write the same clients for Terraform or OpenTofu."""
    folder.mkdir(exist_ok=True)
    text = TERRAFORM.format(url=url, realm=realm, n=count, password=password, idle_seconds=IDLE[idle])
    (folder / "main.tf").write_text(text, encoding="utf-8")

"""The README's transcript, run against a real Keycloak: every line of it must come out so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tests.command import ROOT, oidc_provision

pytestmark = pytest.mark.live
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
COST = re.compile(r"\d+ requests, [\d.]+ s, digest [0-9a-f]+")


def blocks(kind: str) -> list[str]:
    return [text for name, text in BLOCK.findall(README) if name == kind]


def sessions() -> list[tuple[list[str], str]]:
    """The commands of the transcript with what each prints; `...` stands for lines that are left out."""
    parts = re.split(r"^\$ oidc-provision ", blocks("console")[0], flags=re.MULTILINE)[1:]
    return [(shlex.split(part.partition("\n")[0]), part.partition("\n")[2].strip()) for part in parts]


def service_account(realm, client_id: str, secret: str, roles: list[str]) -> None:
    account = {"clientId": client_id, "secret": secret, "serviceAccountsEnabled": True, "standardFlowEnabled": False}
    realm.request("POST", f"{realm.admin}/clients", json=account)
    user = realm.request("GET", f"{realm.admin}/clients/{realm.client(client_id)['id']}/service-account-user").json()
    management = realm.client("realm-management")["id"]
    known = realm.request("GET", f"{realm.admin}/clients/{management}/roles").json()
    wanted = [role for role in known if role["name"] in roles]
    realm.request("POST", f"{realm.admin}/users/{user['id']}/role-mappings/clients/{management}", json=wanted)


def test_transcript_of_the_readme_comes_out_so(realm, tmp_path: Path):
    service_account(realm, "oidc-provision", "a-secret-of-the-readme", ["manage-clients", "view-realm"])

    def here(text: str) -> str:
        return text.replace("http://127.0.0.1:8080", realm.url).replace("engineering", realm.name)

    (tmp_path / "oidc-provision.yaml").write_text(here(blocks("yaml")[0]), encoding="utf-8")
    for args, expected in sessions():
        ran = oidc_provision(*args, cwd=tmp_path, env={"KEYCLOAK_ADMIN_SECRET": "a-secret-of-the-readme"})
        assert ran.code == 0, ran.all
        printed = COST.sub("(cost)", ran.out).strip()
        left_out, _, rest = COST.sub("(cost)", here(expected)).rpartition("...\n")
        assert printed.endswith(rest) if left_out or "...\n" in expected else printed == rest

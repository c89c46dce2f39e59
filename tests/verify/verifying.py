"""`verify` through the command line in this process, and what it said step by step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.live.running import here

PASSWORD = "correct horse 7Q"
SECRET = "the-secret-of-the-client-0123456789"
CALLBACK = "https://coder.example.com/api/v2/users/oidc/callback"
WITHOUT_A_USER = frozenset({"discovery", "credentials", "authorize"})
WITH_A_SIGN_IN = WITHOUT_A_USER | {
    "sign-in",
    "scopes",
    "id-token",
    "refresh-token",
    "refresh",
    "refreshed-id-token",
    "rotation",
    "lifetimes",
    "revoked",
}


@dataclass(frozen=True)
class Verified:
    """How verify ended, and the steps by name."""

    code: int
    steps: dict[str, dict[str, Any]]
    err: str

    def named(self, verdict: str) -> set[str]:
        """Return the steps that ended so."""
        return {name for name, step in self.steps.items() if step["verdict"] == verdict}

    def words(self, step: str) -> str:
        """Return all that one step says."""
        return json.dumps(self.steps[step], ensure_ascii=False)


def at(issuer: str, client_id: str = "coder", callback: str = CALLBACK) -> tuple[str, ...]:
    """Return the options that name an application at an issuer."""
    secret = ("--client-secret", "env:CLIENT_SECRET")
    return ("--issuer", issuer, "--client-id", client_id, *secret, "--redirect-uri", callback)


def by_form(username: str = "anna") -> tuple[str, ...]:
    """Return the options of an unattended sign-in."""
    return ("--login", "--username", username, "--password", "env:ANNA")


def verified(*args: str) -> Verified:
    """Run verify, which never asks a Coder here."""
    ran = here("verify", "--no-coder", "--format", "json", *args)
    assert ran.out, ran.err
    return Verified(ran.code, {step["name"]: step for step in json.loads(ran.out)["steps"]}, ran.err)

"""A person signs in through Keycloak's own form, as Coder would ask for it: code and PKCE, then refreshes.

Its cookies are `Secure` on plain http loopback too (26.7.3), so a jar that minds this would drop them: they are kept by hand.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

_FORM = re.compile(r'action="([^"]+)"')
CALLBACK = "/api/v2/users/oidc/callback"


@dataclass
class Application:
    """Coder as far as signing in goes, made of the emitted settings and nothing else."""

    settings: dict[str, str]
    http: httpx.Client
    discovered: dict[str, Any] = field(init=False)
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.discovered = self.http.get(
            self.settings["CODER_OIDC_ISSUER_URL"] + "/.well-known/openid-configuration"
        ).json()
        assert self.discovered["issuer"] == self.settings["CODER_OIDC_ISSUER_URL"]

    def sign_in(self, username: str, password: str, access_url: str = "https://coder.example.com") -> dict[str, Any]:
        """Return the token endpoint's answer; a refusal of the authorization endpoint comes back the same way."""
        verifier, callback = secrets.token_urlsafe(48), access_url + CALLBACK
        code = self._code(verifier, callback, username, password)
        if "code" not in code:
            return code
        form = {
            "grant_type": "authorization_code",
            "code": code["code"],
            "redirect_uri": callback,
            "code_verifier": verifier,
        }
        return self.token(**form)

    def _code(self, verifier: str, callback: str, username: str, password: str) -> dict[str, str]:
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.settings["CODER_OIDC_CLIENT_ID"],
            "redirect_uri": callback,
            "scope": self.settings["CODER_OIDC_SCOPES"].replace(",", " "),
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "state": secrets.token_urlsafe(),
            **json.loads(self.settings["CODER_OIDC_AUTH_URL_PARAMS"]),
        }
        page = self._browse("GET", self.discovered["authorization_endpoint"], params=query)
        if page.status_code == 200:
            action = html.unescape(_FORM.search(page.text)[1])
            page = self._browse("POST", action, data={"username": username, "password": password})
        return {name: values[0] for name, values in parse_qs(urlsplit(page.headers["Location"]).query).items()}

    def _browse(self, method: str, url: str, **more: Any) -> httpx.Response:
        jar = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        answer = self.http.request(method, url, headers=jar, **more)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        self.http.cookies.clear()
        return answer

    def token(self, **form: str) -> dict[str, Any]:
        who = {
            "client_id": self.settings["CODER_OIDC_CLIENT_ID"],
            "client_secret": self.settings["CODER_OIDC_CLIENT_SECRET"],
        }
        answer: dict[str, Any] = self.http.post(self.discovered["token_endpoint"], data={**who, **form}).json()
        return answer

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def refresh_at_once(self, refresh_token: str, times: int) -> list[dict[str, Any]]:
        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(self.refresh, [refresh_token] * times))


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found

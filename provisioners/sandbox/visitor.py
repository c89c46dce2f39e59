"""Somebody with a browser, who signs in at an application: code and PKCE through the HTML form, then refreshes.

It trusts whatever page it is shown, so it is for the sandbox alone. Cookies are kept by hand: they are `Secure` on plain http too, and a jar
that minds this would drop them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from ...plans.errors import Failed
from .signing import challenge_of

_FORM = re.compile(r'<form[^>]* action="([^"]+)"')
_FOUND = 302


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    status: int
    location: str
    text: str


class Visitor:
    """An application's settings (CODER_OIDC_*) and the browser of one person. `draw` returns a new random id."""

    def __init__(self, settings: Mapping[str, str], callback: str, draw: Callable[[], str]) -> None:
        self._settings = settings
        self._callback = callback
        self._draw = draw
        self._cookies: dict[str, str] = {}
        issuer = settings["CODER_OIDC_ISSUER_URL"]
        self._discovered = self._json(self._ask("GET", f"{issuer}/.well-known/openid-configuration"))

    def sign_in(self, username: str, password: str) -> dict[str, Any]:
        """Return the tokens. Raises Failed with what the server said instead."""
        verifier = self._draw() * 2
        query = {
            "response_type": "code",
            "client_id": self._settings["CODER_OIDC_CLIENT_ID"],
            "redirect_uri": self._callback,
            "scope": self._settings["CODER_OIDC_SCOPES"].replace(",", " "),
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "state": self._draw(),
            **json.loads(self._settings.get("CODER_OIDC_AUTH_URL_PARAMS", "{}")),
        }
        page = self._ask("GET", f"{self._discovered['authorization_endpoint']}?{urlencode(query)}")
        page = self._through_forms(page, {"username": username, "password": password, "accept": "Yes"})
        back = {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}
        if back.get("state") != query["state"] or "code" not in back:
            said = back.get("error_description") or back.get("error") or f"status {page.status}"
            raise Failed(f"the sign-in was refused: {said}", where=str(self._discovered["issuer"]))
        return self._token(
            grant_type="authorization_code",
            code=back["code"],
            redirect_uri=self._callback,
            code_verifier=verifier,
        )

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """Return new tokens. Raises Failed with what the server said instead."""
        return self._token(grant_type="refresh_token", refresh_token=refresh_token)

    def _through_forms(self, page: Page, typed: Mapping[str, str]) -> Page:
        """Fill in the page with the password, then the one that asks for consent, if there is one."""
        for _ in range(2):
            form = _FORM.search(page.text) if page.status != _FOUND else None
            if form is None:
                break
            page = self._ask("POST", unescape(form[1]), typed)
        return page

    def _token(self, **form: str) -> dict[str, Any]:
        who = {
            "client_id": self._settings["CODER_OIDC_CLIENT_ID"],
            "client_secret": self._settings["CODER_OIDC_CLIENT_SECRET"],
        }
        answer = self._json(self._ask("POST", str(self._discovered["token_endpoint"]), who | form))
        if "access_token" not in answer:
            said = answer.get("error_description") or answer.get("error") or "no token came"
            raise Failed(f"the token endpoint refused: {said}", where=str(self._discovered["token_endpoint"]))
        return answer

    def _ask(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Page:
        parts = urlsplit(url)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        connection = HTTPConnection(parts.netloc, timeout=10)
        try:
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request(method, path, urlencode(form) if form is not None else None, headers)
            answer = connection.getresponse()
            for line in answer.headers.get_all("set-cookie") or ():
                name, _, value = line.partition(";")[0].partition("=")
                self._cookies[name] = value
            return Page(answer.status, answer.headers.get("location", ""), answer.read().decode())
        finally:
            connection.close()

    @staticmethod
    def _json(page: Page) -> dict[str, Any]:
        found = json.loads(page.text or "{}")
        return found if isinstance(found, dict) else {}

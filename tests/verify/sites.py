"""A web site of canned pages at the transport, and the form driver that goes through it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx

from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.oidc.forms import FormDriver, Person
from oidc_provision.provisioners.transport import TransportSettings, open_client

SSO = "https://sso.example.com"
CALLBACK = "https://coder.example.com/callback"
DONE = f"{CALLBACK}?code=c&state=s"
PASSWORD = "correct horse 7Q"
NAME = '<input name="username">'
SECRET = '<input type="password" name="password">'
LOGIN = f'<form action="/in" method="post">{NAME}{SECRET}<button name="login">Sign in</button></form>'


def page(body: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200) -> httpx.Response:
    content = body.encode() if isinstance(body, str) else body
    return httpx.Response(status, content=content, headers={"content-type": kind})


def to(location: str, *cookies: str, status: int = 302) -> httpx.Response:
    headers = [("location", location), *(("set-cookie", each) for each in cookies)]
    return httpx.Response(status, headers=headers)


@dataclass
class Site:
    """What is answered to whom: `METHOD address` -> one answer, or one after the other. Everything else is a 404."""

    answers: Mapping[str, httpx.Response | list[httpx.Response]]
    seen: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        found = self.answers.get(f"{request.method} {request.url.copy_with(query=None)}", httpx.Response(404))
        chosen = found.pop(0) if isinstance(found, list) else found
        # unread, as an answer is that comes from a socket
        return httpx.Response(chosen.status_code, headers=chosen.headers, stream=httpx.ByteStream(chosen.content))

    def signed_in(self, *hosts: str, username: str = "anna", start: str = f"{SSO}/auth?state=s") -> str:
        """Go through it; return the address at the end."""

        async def whole() -> str:
            async with open_client(TransportSettings(wire=httpx.MockTransport(self.answer))) as http:
                driver = FormDriver(http, frozenset(hosts or ("sso.example.com",)))
                return await driver.sign_in(start, CALLBACK, Person(username, Sealed(PASSWORD)))

        return asyncio.run(whole())

    def typed(self, path: str) -> list[tuple[str, str]]:
        """Return what was posted there, first."""
        return self.typed_all(path)[0]

    def typed_all(self, path: str) -> list[list[tuple[str, str]]]:
        posts = [each for each in self.seen if each.method == "POST" and each.url.path == path]
        return [parse_qsl(each.content.decode(), keep_blank_values=True) for each in posts]

    @property
    def got_password(self) -> list[str]:
        """The hosts that the password was sent to."""
        return [each.url.host for each in self.seen if b"horse" in each.content or "horse" in str(each.url)]

"""What the provider answers: refusals, pages of a sign-in, and how a form or a client's credentials are read."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1>{body}</body></html>
"""
_LOGIN = """<p>{message}</p><form id="login" action="{action}" method="post">
<label>User name <input name="username" autofocus></label>
<label>Password <input name="password" type="password"></label>
<button name="login" type="submit">Sign in</button></form>"""
_CONSENT = """<p>Do you grant {app} these?</p><ul>{scopes}</ul><form action="{action}" method="post">
<button name="accept" value="Yes">Yes</button> <button name="cancel" value="No">No</button></form>"""
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class Refusal(Exception):  # noqa: N818  # an outcome of the protocol, not a fault
    """An answer in OAuth's words. `page` is one that a person reads, because there is no safe place to redirect to."""

    status: int
    error: str
    description: str = ""
    page: bool = False

    def answer(self) -> Response:
        """Return it as it is sent."""
        if self.page:
            return page("We are sorry...", f"<p>{escape(self.description)}</p>", self.status)
        body = {"error": self.error} | ({"error_description": self.description} if self.description else {})
        return JSONResponse(body, self.status, headers=_NO_STORE)


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """Return a page; `body` is HTML already."""
    return HTMLResponse(_PAGE.format(title=escape(title), body=body), status, headers=_NO_STORE)


def login_page(action: str, message: str = "") -> HTMLResponse:
    """Return the form for user name and password."""
    return page("Sign in", _LOGIN.format(action=escape(action), message=escape(message)))


def consent_page(action: str, app: str, scopes: tuple[str, ...]) -> HTMLResponse:
    """Return the form that asks for consent, one line a scope."""
    lines = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    return page("Grant access", _CONSENT.format(action=escape(action), app=escape(app), scopes=lines))


def tokens_answer(body: Mapping[str, Any]) -> JSONResponse:
    """Return tokens, which no cache may keep."""
    return JSONResponse(dict(body), headers=_NO_STORE)


def redirect(uri: str, **answer: str) -> RedirectResponse:
    """Send the browser to the application with an answer; empty values are left out."""
    query = urlencode({name: value for name, value in answer.items() if value})
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{query}", 302, headers=_NO_STORE)


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a posted form; of two of one name the last."""
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


def credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the client's id and secret from the header or the form; None where there is no secret."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", None
        return unquote_plus(name), unquote_plus(secret) if colon else None
    return form.get("client_id", ""), form.get("client_secret")


def base_of(request: Request) -> str:
    """Return the address that an emulation is served at, without a slash at its end."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}".rstrip("/")


def bearer(request: Request) -> str:
    """Return the bearer token of a request, "" where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""

"""A driver of HTML sign-in forms, for tests and unattended use: user name, password and consent typed as a person would.

A password goes to one place only: the host of the authorization endpoint, over https or on loopback. Cookies are kept by hand, by origin: real
servers send `Secure` ones on plain http loopback too, which a jar that minds this would drop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from ...plans.errors import Failed
from ...plans.sealed import Sealed
from ...plans.urls import is_loopback
from ..transport import ACCEPT_REDIRECT
from .discovery import is_metadata
from .pages import TYPED, Form, decoded, forms_of, the_form

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

MOST_PAGES = 20
BY_HAND = "sign in with a browser: leave --username out"
_REDIRECTS = range(300, 400)
_NAMES = ("username", "user", "login", "email", "identifier", "loginfmt", "signin")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs in."""

    username: str
    password: Sealed


@dataclass(frozen=True, slots=True)
class FormDriver:
    """Goes from the authorization URL to the callback. `hosts` are those that the password may be typed at."""

    http: AsyncClient
    hosts: frozenset[str]

    async def sign_in(self, address: str, callback: str, person: Person) -> str:
        """Return the callback address with its answer; nothing is sent there. Raises Failed saying which page it could not pass."""
        jar = _Jar()
        # what other requests were given is not this browser's
        self.http.cookies.clear()
        response, here = await self._ask("GET", address, jar), address
        for _ in range(MOST_PAGES):
            if response.status_code in _REDIRECTS:
                location = response.headers.get("location", "")
                if location.startswith(callback):
                    return str(location)
                here = _target(here, location)
                response = await self._ask("GET", here, jar)
                continue
            here, response = await self._fill(here, response, jar, person)
        raise Failed("the sign-in does not come to an end", where=_place(here), fix="sign in with a browser")

    async def _fill(self, here: str, response: Response, jar: _Jar, person: Person) -> tuple[str, Response]:
        page, charset = decoded(response.content, response.headers.get("content-type", ""))
        form = the_form(forms_of(page))
        if form is None:
            raise Failed(_no_form(response.status_code, page), where=_place(here), fix=BY_HAND)
        target = _target(here, form.action)
        if form.of("password"):
            self._refuse_elsewhere(target)
            jar.tried(form, target)
        elif jar.typed and form.of("number", *TYPED):
            # a user name in the field of a one-time code would lock the account in the end
            asked = form.of("number", *TYPED)[0].name
            raise Failed(f"the sign-in asks for more than a password: `{asked[:60]}`", where=_place(here), fix=BY_HAND)
        typed = urlencode(list(_typed(form, person)), encoding=charset, errors="xmlcharrefreplace")
        return target, await self._ask("POST", target, jar, typed)

    def _refuse_elsewhere(self, target: str) -> None:
        parts = urlsplit(target)
        if (parts.hostname or "") not in self.hosts:
            problem = f"the form would send the password to `{parts.hostname}`, which is not the identity provider"
            raise Failed(problem, where=_place(target), fix="name it with --trust-host, if you trust it")
        if parts.scheme != "https" and not is_loopback(target):
            fix = "let the identity provider serve its pages over https"
            raise Failed("the form would send the password over plain http", where=_place(target), fix=fix)

    async def _ask(self, method: str, address: str, jar: _Jar, typed: str | None = None) -> Response:
        headers = {"Accept": "text/html", **jar.header(address)}
        if typed is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        extensions = {**ACCEPT_REDIRECT}
        response = await self.http.request(method, address, headers=headers, content=typed, extensions=extensions)
        # httpx's own jar would send its cookies besides ours
        self.http.cookies.clear()
        jar.take(address, response.headers.get_list("set-cookie"))
        return response


class _Jar:
    """Cookies by origin, and where the password was typed: the same form again means that it was wrong."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, str]] = {}
        self.typed = False

    def header(self, address: str) -> dict[str, str]:
        kept = self._kept.get(_origin(address), {})
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())} if kept else {}

    def take(self, address: str, lines: Iterable[str]) -> None:
        kept = self._kept.setdefault(_origin(address), {})
        for line in lines:
            pair, *attributes = line.split(";")
            name, _, value = pair.partition("=")
            kept[name.strip()] = value.strip()
            if not value.strip() or any(_ends_it(each) for each in attributes):
                del kept[name.strip()]

    def tried(self, form: Form, target: str) -> None:
        if self.typed:
            fix = "check both, and whether the account is locked"
            raise Failed("the user name or the password is not accepted", where=_place(target), fix=fix)
        if len(form.of("password")) > 1:
            fix = "sign in once with a browser and set one"
            raise Failed("the identity provider wants a new password of this person", where=_place(target), fix=fix)
        self.typed = True


def _ends_it(attribute: str) -> bool:
    name, _, value = attribute.strip().lower().partition("=")
    return name == "max-age" and (value.startswith("-") or value == "0")


def _typed(form: Form, person: Person) -> Iterable[tuple[str, str]]:
    for each in form.of("hidden"):
        yield each.name, each.value
    yield from ((each.name, each.value) for each in form.of("checkbox", "radio") if each.checked)
    names = form.of(*TYPED)
    if names:
        known = [each for each in names if any(name in each.name.lower() for name in _NAMES)]
        yield (known or names)[0].name, person.username
    for each in form.of("password"):
        yield each.name, person.password.reveal()
    for button in form.willing[:1]:
        if button.name:
            yield button.name, button.value


def _no_form(status: int, page: str) -> str:
    return (
        f"the sign-in stops at a page ({status}) without a form to fill"
        if page
        else f"the sign-in stops at an empty answer ({status})"
    )


def _target(here: str, address: str) -> str:
    """Return where a redirect or a form leads. Raises Failed where no browser would go, or nobody should."""
    try:
        target = str(urljoin(here, address))
        parts = urlsplit(target)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Failed("the sign-in leads to an unreadable address", where=_place(here), fix=BY_HAND) from None
    if parts.scheme not in _PORTS or not host:
        raise Failed(f"the sign-in leads away from the web, to `{target[:60]}`", where=_place(here), fix=BY_HAND)
    if is_metadata(host):
        problem = f"the sign-in leads to a cloud's metadata service, `{host}`: nothing is sent there"
        raise Failed(problem, where=_place(here), fix="an identity provider that does this is not to be trusted")
    return target.partition("#")[0]


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _place(address: str) -> str:
    return f"{_origin(address)}{urlsplit(address).path}"

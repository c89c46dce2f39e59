"""Wrong behaviours of an OpenID provider that can be switched on, with those that OpenID's conformance suite shows relying parties at a refresh.

A lie is told in place of a good answer: one with tokens, or the issuer's keys. Answers that are late or do not come at all are `faults`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .signing import Signer, left_half_hash

Values = Mapping[str, Any]
ELSEWHERE = "https://elsewhere.example.com"
NOBODY = "nobody"
HOUR = 3600
_OK = 200
_BROKEN_KEYS = ({"kty": "RSA", "kid": "broken", "n": "%%%", "e": "AQAB"}, {"kty": "XYZ", "kid": "odd"}, "no key")


@dataclass(frozen=True, slots=True)
class Good:
    """A good answer with an ID token: the answer, the token's claims, and what signs them."""

    body: Values
    claims: Values
    signer: Signer


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered instead."""

    body: bytes
    status: int = _OK
    kind: str = "application/json"
    location: str = ""

    async def send(self, send: Send) -> None:
        """Answer it."""
        headers = {"content-type": self.kind, "content-length": str(len(self.body))}
        headers |= {"location": self.location} if self.location else {}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body})


def _json(value: object) -> Reply:
    return Reply(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _says(**claims: object) -> Callable[[Good], str]:
    """Return the lie that these claims are so, signed as it should be; None leaves a claim out."""
    return _says_of(lambda _good: claims)


def _says_of(change: Callable[[Good], Values]) -> Callable[[Good], str]:
    def lie(good: Good) -> str:
        merged = {**good.claims, **change(good)}
        return good.signer.signed({name: value for name, value in merged.items() if value is not None})

    return lie


def _moved(**seconds: int) -> Callable[[Good], str]:
    """Return the lie that these times are later by so many seconds."""
    return _says_of(lambda good: {name: good.claims[name] + by for name, by in seconds.items()})


def _headed(**header: str) -> Callable[[Good], str]:
    """Return the lie of another header over the right signature; "" leaves a name out."""

    def lie(good: Good) -> str:
        merged = {"alg": "RS256", "typ": "JWT", "kid": _kid(good.signer)} | header
        named = {name: value for name, value in merged.items() if value}
        return jwt.encode(named, dict(good.claims), RSAKey.import_key(good.signer.pem), algorithms=["RS256"])

    return lie


def _kid(signer: Signer) -> str:
    return str(signer.public_keys()["keys"][0]["kid"])


def _unsigned(good: Good) -> str:
    return f"{_signed_part(good, 'none')}."


def _by_public_key(good: Good) -> str:
    # by hand: libraries refuse a public key as the secret of an HMAC, and rightly
    text = _signed_part(good, "HS256")
    public = RSAKey.import_key(good.signer.pem).as_pem(private=False)
    return f"{text}.{_base64(hmac.digest(public, text.encode(), hashlib.sha256))}"


def _signed_part(good: Good, algorithm: str) -> str:
    header = {"alg": algorithm, "typ": "JWT", "kid": _kid(good.signer)}
    return ".".join(_base64(json.dumps(part).encode()) for part in (header, dict(good.claims)))


def _broken(good: Good) -> str:
    """The claims of another person under the signature of the right ones."""
    header, _, signature = str(good.body["id_token"]).split(".")
    return ".".join((header, _base64(json.dumps({**good.claims, "sub": NOBODY}).encode()), signature))


ID_TOKENS: Mapping[str, Callable[[Good], str]] = MappingProxyType(
    {
        "iss": _says(iss=ELSEWHERE),
        "sub": _says(sub=NOBODY),
        "no-sub": _says(sub=None),
        "aud": _says(aud=NOBODY),
        "azp": _says(azp=NOBODY),
        "nonce": _says(nonce=NOBODY),
        "at-hash": _says(at_hash=left_half_hash(NOBODY)),
        "rt-hash": _says(rt_hash=left_half_hash(NOBODY)),
        "auth-time": _moved(auth_time=-HOUR),
        "older": _moved(iat=-HOUR),
        "expired": _moved(iat=-24 * HOUR, exp=-24 * HOUR),
        "future": _moved(iat=HOUR, exp=HOUR),
        "alg-none": _unsigned,
        "hs256": _by_public_key,
        "kid": _headed(kid=NOBODY),
        "signature": _broken,
        # odd, and right all the same: a relying party that refuses these is wrong
        "no-kid": _headed(kid=""),
        "aud-list": _says_of(lambda good: {"aud": [good.claims["aud"]]}),
        "no-nonce": _says(nonce=None),
        "no-auth-time": _says(auth_time=None),
        "right-rt-hash": _says_of(lambda good: {"rt_hash": left_half_hash(str(good.body.get("refresh_token")))}),
    }
)
"""How an ID token becomes another one."""
TOKENS: Mapping[str, Callable[[Values], Reply]] = MappingProxyType(
    {
        "error-200": lambda _: _json({"error": "invalid_grant", "error_description": "answered with status 200"}),
        "no-access-token": lambda body: _json({name: each for name, each in body.items() if name != "access_token"}),
        "no-id-token": lambda body: _json({name: each for name, each in body.items() if name != "id_token"}),
        "html": lambda _: Reply(b"<!doctype html><title>Welcome</title>", kind="text/html"),
        "redirect": lambda _: Reply(b"", 307, "text/plain", f"{ELSEWHERE}/token"),
    }
)
"""How a whole answer of the token endpoint becomes another one."""
KEYS: Mapping[str, Callable[[Values], Reply]] = MappingProxyType(
    {
        "jwks-one-unparseable": lambda good: _json({**good, "keys": [*_BROKEN_KEYS, *good["keys"]]}),
        "jwks-unparseable": lambda _: _json({"keys": list(_BROKEN_KEYS)}),
        "jwks-no-keys": lambda _: _json({"error": "no keys here"}),
    }
)
"""How the issuer's keys become others."""
NAMES = (*ID_TOKENS, *TOKENS, *KEYS)


@dataclass(frozen=True, slots=True)
class Lie:
    """What is told in place of the next `times` good answers, of requests whose path matches the expression `path`.

    `what` is one of `NAMES`; `grant` says which answers with tokens, those to a code, those to a refresh token, or both.
    """

    what: str
    grant: Literal["", "authorization_code", "refresh_token"] = ""
    times: int = 1
    path: str = ""

    def __post_init__(self) -> None:
        if self.what not in NAMES:
            raise ValueError(f"`what` is one of {', '.join(NAMES)}")
        if self.grant not in ("", "authorization_code", "refresh_token"):
            raise ValueError("`grant` is authorization_code, refresh_token or left out")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"`path` is no expression: {error}") from None

    def fits(self, path: str, grant: str, body: Values) -> bool:
        """Tell whether this can be told in place of that answer."""
        if not re.search(self.path, path):
            return False
        if self.what in KEYS:
            return isinstance(body.get("keys"), list)
        # an administrator's sign-in is none of an application's
        wanted = (self.grant,) if self.grant else ("authorization_code", "refresh_token")
        return grant in wanted and "id_token" in body


class Lies:
    """The lies that are still to be told. Empty unless somebody tells some."""

    def __init__(self, waiting: Iterable[Lie] = ()) -> None:
        self._waiting = tuple(waiting)

    @property
    def waiting(self) -> tuple[Lie, ...]:
        """Those still to come."""
        return self._waiting

    def tell(self, *lies: Lie) -> None:
        """Add lies behind those that wait."""
        self._waiting += lies

    def forget(self) -> None:
        """Tell the truth from now on."""
        self._waiting = ()

    def take(self, path: str, grant: str, body: Values) -> Lie | None:
        """Return the first lie for an answer, which then has one time less to come."""
        for i, lie in enumerate(self._waiting):
            if lie.fits(path, grant, body):
                left = (replace(lie, times=lie.times - 1),) if lie.times > 1 else ()
                self._waiting = (*self._waiting[:i], *left, *self._waiting[i + 1 :])
                return lie
        return None


class Lying:
    """An application with lies in front of it. `signer_of` returns what signs the ID tokens of a path."""

    def __init__(self, app: ASGIApp, lies: Lies, signer_of: Callable[[str], Signer]) -> None:
        self._app = app
        self._lies = lies
        self._signer_of = signer_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, with a lie where one is to be told."""
        if scope["type"] != "http" or not self._lies.waiting:
            await self._app(scope, receive, send)
            return
        asked, kept = await _heard(receive), list[Message]()

        async def again() -> Message:
            return asked.pop(0) if asked else await receive()

        async def keep(message: Message) -> None:
            kept.append(message)

        form = dict(parse_qsl(b"".join(each.get("body", b"") for each in asked).decode(errors="replace")))
        await self._app(scope, again, keep)
        reply = self._told(scope["path"], form.get("grant_type", ""), kept)
        for message in () if reply else kept:
            await send(message)
        if reply:
            await reply.send(send)

    def _told(self, path: str, grant: str, kept: Iterable[Message]) -> Reply | None:
        body = _body(kept)
        lie = self._lies.take(path, grant, body)
        if lie is None:
            return None
        if lie.what in ID_TOKENS:
            signer = self._signer_of(path)
            good = Good(body, signer.read(str(body["id_token"])) or {}, signer)
            return _json({**body, "id_token": ID_TOKENS[lie.what](good)})
        return {**TOKENS, **KEYS}[lie.what](body)


async def _heard(receive: Receive) -> list[Message]:
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


def _body(kept: Iterable[Message]) -> Values:
    """Return the JSON object of a good answer; nothing for any other."""
    start, *rest = chain(kept, [{"status": 0}])
    if start.get("status") != _OK:
        return {}
    try:
        value = json.loads(b"".join(each.get("body", b"") for each in rest))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}

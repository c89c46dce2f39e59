"""The token endpoint as a confidential client meets it: one form in, tokens or a refusal out. What comes is made known to the redactor."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from ...plans.errors import RemoteFailure
from ...plans.redaction import Redactor
from ...plans.sealed import Sealed

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

_OK = 200
_LONGEST = 10**12
TOKENS = ("access_token", "refresh_token", "id_token")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client shows. Without a secret it is a public one."""

    client_id: str
    secret: Sealed | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the token endpoint said. `body` holds tokens: it is never shown."""

    status: int
    body: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @property
    def error(self) -> str:
        """OAuth's error, "" for tokens."""
        return _text(self.body.get("error"))

    @property
    def description(self) -> str:
        """The server's own words."""
        return _text(self.body.get("error_description"))

    @property
    def said(self) -> str:
        """The refusal in one line."""
        words = f": {self.description}" if self.description else ""
        return f"{self.status} {self.error or 'without an OAuth error'}{words}"

    def token(self, name: str) -> str:
        """Return one token, "" where none came."""
        return _text(self.body.get(name))

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """The granted scopes; None where the answer does not say, which means those that were asked for (RFC 6749, 5.1)."""
        value = self.body.get("scope")
        return tuple(value.split()) if isinstance(value, str) else None

    @property
    def expires_in(self) -> int | None:
        """Seconds of the access token."""
        return _number(self.body.get("expires_in"))


def _kind(response: Response) -> str:
    if not response.content:
        return "nothing"
    kind = response.headers.get("content-type", "no type").partition(";")[0].strip()
    return "JSON that is no object" if kind.endswith("json") else f"{kind[:60]}, not with JSON"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value[:12])
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return int(value) if 0 <= value < _LONGEST else None


class TokenEndpoint:
    """One issuer's token endpoint. Nothing is repeated: a code is good once, and a refresh token may be."""

    def __init__(self, http: AsyncClient, address: str, redactor: Redactor) -> None:
        self._http = http
        self._redactor = redactor
        self.address = address

    async def ask(self, who: Credentials, *, in_header: bool, **form: str) -> Answer:
        """Send a form, the credentials as HTTP Basic or in the form. Raises RemoteFailure where no OAuth answer comes."""
        headers = {"Accept": "application/json"}
        if in_header and who.secret is not None:
            headers["Authorization"] = _basic(who.client_id, who.secret)
        else:
            form |= {"client_id": who.client_id}
            form |= {} if who.secret is None else {"client_secret": who.secret.reveal()}
        response = await self._http.post(self.address, data=form, headers=headers)
        return self._answer(response)

    async def send(self, address: str, who: Credentials, **form: str) -> int:
        """Send a form to another endpoint of the same issuer (revocation) and return the status."""
        secret = {} if who.secret is None else {"client_secret": who.secret.reveal()}
        response = await self._http.post(address, data={**form, "client_id": who.client_id, **secret})
        return response.status_code

    def _answer(self, response: Response) -> Answer:
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, Mapping):
            problem = f"the token endpoint answered {response.status_code} with {_kind(response)}"
            fix = "check that the address is the identity provider's, and what stands before it"
            raise RemoteFailure(problem, where=f"POST {self.address}", fix=fix, status=response.status_code)
        for name in TOKENS:
            if isinstance(body.get(name), str):
                self._redactor.add(Sealed(body[name]))
        return self._checked(Answer(response.status_code, body))

    def _checked(self, answer: Answer) -> Answer:
        # some servers answer 200 with an error, others an error without its name
        if answer.error or (answer.status == _OK and answer.token("access_token")):
            return answer
        words = "without an access token" if answer.status == _OK else "and no OAuth error"
        problem = f"the token endpoint answered {answer.status} {words}"
        raise RemoteFailure(problem, where=f"POST {self.address}", status=answer.status)


def _basic(client_id: str, secret: Sealed) -> str:
    # form-encoded first (RFC 6749, 2.3.1): a secret with a colon or an umlaut would be another one
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return f"Basic {b64encode(pair.encode()).decode()}"

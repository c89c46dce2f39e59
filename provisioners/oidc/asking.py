"""What Coder asks of the authorization endpoint, and what comes back to its callback."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from ...plans.errors import Failed

VERIFIER_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Request:
    """What Coder is set to ask: scopes in their order, and more parameters, which override its own (`facts`: Coder, 1.3)."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    pkce: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """One sign-in begun: what must come back with the code, and what proves that the code is ours."""

    request: Request
    state: str
    nonce: str
    verifier: str = field(repr=False, default="")

    def address(self, endpoint: str, **more: str) -> str:
        """Return the authorization URL."""
        request = self.request
        query = {
            "response_type": "code",
            "client_id": request.client_id,
            "redirect_uri": request.redirect_uri,
            "scope": " ".join(request.scopes),
            "state": self.state,
            "nonce": self.nonce,
            # before the parameters, which may say otherwise: so does Coder
            "access_type": "offline",
            **(_challenge(self.verifier) if request.pkce else {}),
            **request.parameters,
            **more,
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def read(self, address: str) -> Returned:
        """Return what a callback address brings. Raises Failed where it is not the answer to this question."""
        # not by `urlsplit`, which raises for what a server or a person may well give
        query = address.strip().partition("?")[2].partition("#")[0]
        answer = dict(parse_qsl(query, keep_blank_values=True))
        if not address.strip().startswith(self.request.redirect_uri) or not {"code", "error"} & answer.keys():
            raise Failed(
                "this is no answer of the identity provider",
                fix=f"give the whole address that begins with {self.request.redirect_uri}?",
            )
        if answer.get("state") != self.state:
            raise Failed("the answer belongs to another sign-in: its `state` is not ours", fix="begin again")
        return Returned(
            answer.get("code", ""), answer.get("error", ""), answer.get("error_description", ""), answer.get("iss", "")
        )


@dataclass(frozen=True, slots=True)
class Returned:
    """A code, or a refusal in OAuth's words."""

    code: str = field(repr=False, default="")
    error: str = ""
    description: str = ""
    issuer: str = ""

    @property
    def said(self) -> str:
        """The refusal in one line."""
        return f"{self.error}: {self.description}" if self.description else self.error


def begin(request: Request, draw: Callable[[], str]) -> Question:
    """Return a new question; `draw` gives random text that is safe in a URL."""
    verifier = (draw() + draw() + draw())[:VERIFIER_LENGTH].ljust(43, "0") if request.pkce else ""
    return Question(request, draw(), draw(), verifier)


def _challenge(verifier: str) -> dict[str, str]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    return {"code_challenge": digest.rstrip(b"=").decode(), "code_challenge_method": "S256"}

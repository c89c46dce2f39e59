"""One request to sign in, and the refusals that it may get: OAuth's errors with Microsoft's AADSTS numbers, which may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.responses import JSONResponse, Response

from ...sandbox.answers import Refusal

NO_CONSENT = 65001


@dataclass(frozen=True, slots=True)
class Aadsts(Refusal):
    """A refusal in Microsoft's form."""

    number: int = 0
    at: int = 0
    trace: str = ""

    def answer(self) -> Response:
        """Return it as it is sent."""
        if self.page:
            return Refusal.answer(self)
        moment = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        traced = f"Trace ID: {self.trace} Correlation ID: {self.trace} Timestamp: {moment}"
        body = {
            "error": self.error,
            "error_description": f"{self.description} {traced}",
            "error_codes": [self.number],
            "timestamp": moment,
            "trace_id": self.trace,
            "correlation_id": self.trace,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
        more = {"suberror": "consent_required"} if self.number == NO_CONSENT else {}
        return JSONResponse(body | more, self.status, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


@dataclass(frozen=True, slots=True)
class Opened:
    """What one request brings: the tenant it names, the scopes it is about where they are known, its form; `draw` returns a new id."""

    named: str
    base: str
    now: int
    draw: Callable[[], str]
    scope: str = ""
    form: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, number: int, error: str, words: str, status: int = 400, *, page: bool = False) -> Aadsts:
        """Return a refusal with its AADSTS number."""
        said = f"AADSTS{number}: {words}"
        return Aadsts(status, error, said, page, number=number, at=self.now, trace=self.draw())

    def grant(self, number: int, words: str) -> Aadsts:
        """Return the refusal of a code, a password or a refresh token."""
        return self.refusal(number, "invalid_grant", words)

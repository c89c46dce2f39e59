"""What the admin API says no with, in its three shapes."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import JSONResponse


@dataclass(frozen=True, slots=True)
class AdminRefusal(Exception):  # noqa: N818  # an answer, not a fault
    """A refusal: `shape` is the key of `words`; `code` is the error where `words` describe it."""

    status: int
    words: str
    shape: str = "error"
    code: str = ""

    def answer(self) -> JSONResponse:
        """Return it as it is sent."""
        return JSONResponse(({"error": self.code} if self.code else {}) | {self.shape: self.words}, self.status)


def plain(status: int, words: str) -> AdminRefusal:
    """Return one of the shape `error`."""
    return AdminRefusal(status, words)


def described(status: int, code: str, words: str) -> AdminRefusal:
    """Return one of the shape `error` and `error_description`."""
    return AdminRefusal(status, words, "error_description", code)


def message(status: int, words: str) -> AdminRefusal:
    """Return one of the shape `errorMessage`."""
    return AdminRefusal(status, words, "errorMessage")


def missing(what: str) -> AdminRefusal:
    """Return the 404 for something that is not there."""
    return plain(404, what)


UNAUTHORIZED = plain(401, "HTTP 401 Unauthorized")
FORBIDDEN = plain(403, "HTTP 403 Forbidden")
NO_PATH = plain(404, "HTTP 404 Not Found")
NO_CLIENT = missing("Could not find client")
NO_SCOPE = missing("Client scope not found")
NO_MAPPER = missing("Model not found")
NO_ROLE = missing("Could not find role")
NO_USER = missing("User not found")
NO_REALM = missing("Realm not found.")
DUPLICATE = described(409, "conflict", "Duplicate resource error")
NO_JSON = described(400, "invalid_request", "Cannot parse the JSON")
WRONG_JSON = described(400, "unknown_error", "Cannot parse the JSON")
BROKEN = described(500, "unknown_error", "For more on this error consult the server log.")

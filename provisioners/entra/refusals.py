"""What Graph says no with, in plain words. Pure."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from ...plans.errors import RemoteFailure
from .. import foreign_words

T = TypeVar("T")

NOT_GRAPH = "check that `identity_provider.graph` is Microsoft Graph"
"""The fix where an answer makes no sense."""
UNAUTHORISED = 401
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
NO_BACKING = "NoBackingApplicationObject"
SAME_KEY = "Request_MultipleObjectsWithSameKeyValue"
_WRITES = "grant the tool's application `Application.ReadWrite.OwnedBy` and make it an owner, or grant `Application.ReadWrite.All`"
# codes are stable where messages are not; names from Microsoft's documents and public clients
_BY_CODE = {
    "Authorization_RequestDenied": _WRITES,
    "Directory_QuotaExceeded": "remove objects or secrets that nobody uses; the quota is the tenant's or the application's",
    "CredentialTypeNotAllowedAsPerAppPolicy": "a policy of the tenant forbids secrets: use `client.certificate`",
    "CredentialInvalidLifetimeAsPerAppPolicy": "a policy of the tenant limits it: lower `client.secret_validity`",
    "SignInAudienceNotAllowedAsPerAppPolicy": "a policy of the tenant forbids this audience: use another `client.sign_in_audience`",
    "Directory_ConcurrencyViolation": "somebody else changed it at the same moment: run it again",
    "InvalidAuthenticationToken": "check `identity_provider.admin` and `identity_provider.graph`",
}
_BY_STATUS = {
    UNAUTHORISED: "check `identity_provider.admin`",
    FORBIDDEN: _WRITES,
    NOT_FOUND: "check the name; what was made a moment ago may need a minute to be found",
    CONFLICT: "somebody else changed it at the same moment: run it again",
}


class GraphFailure(RemoteFailure):
    """A refusal of Graph's. `code` is to be branched on, the words are for people."""

    def __init__(self, message: str, *, code: str, where: str, fix: str, status: int) -> None:
        super().__init__(message, where=where, fix=fix, status=status)
        self.code = code

    @property
    def is_early(self) -> bool:
        """Whether an object that was made a moment ago is not found yet."""
        return self.status == NOT_FOUND or self.code == NO_BACKING

    @property
    def is_conflict(self) -> bool:
        """Whether another write was under way."""
        return self.code == "Directory_ConcurrencyViolation"


def refusal(what: str, status: int, code: object, message: object, request_id: object) -> GraphFailure:
    """Return the error for an answer that is none of 2xx."""
    name = printable(code)
    said = ": ".join(filter(None, (name, printable(message)))) or "no reason given"
    traced = printable(request_id)
    where = f"request-id {traced}" if traced else ""
    fix = _BY_CODE.get(name) or _BY_STATUS.get(status, "")
    return GraphFailure(f"{what} was answered {status}, {said}", code=name, where=where, fix=fix, status=status)


async def unless_forbidden(asked: Awaitable[T]) -> T | None:
    """Return an answer, None where the sign-in may not ask for it."""
    try:
        return await asked
    except GraphFailure as failure:
        if failure.status != FORBIDDEN:
            raise
        return None


def printable(text: object) -> str:
    """Return a server's words as one short line; "" for what is no text."""
    # `message` may be an object
    return foreign_words.printable(text) if isinstance(text, str) else ""

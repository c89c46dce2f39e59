"""What Graph says no with: one shape, a code to branch on, and words that may change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GraphRefusal(Exception):  # noqa: N818  # an answer, not a fault
    """A refusal. The names of codes are Microsoft's; statuses beside 404 and 409 are [memory]."""

    status: int
    code: str
    message: str


def bad(message: str, code: str = "Request_BadRequest") -> GraphRefusal:
    """Return the 400 for what was sent."""
    return GraphRefusal(400, code, message)


def missing(key: str) -> GraphRefusal:
    """Return the 404 for an object, also for one that is not there yet."""
    words = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    return GraphRefusal(404, "Request_ResourceNotFound", words)


def same_key(name: str) -> GraphRefusal:
    """Return the 400 for a value that another object has and must not."""
    words = f"Another object with the same value for property {name} already exists."
    return GraphRefusal(400, "Request_MultipleObjectsWithSameKeyValue", words)


NO_TOKEN = GraphRefusal(401, "InvalidAuthenticationToken", "Access token is empty.")
BAD_TOKEN = GraphRefusal(401, "InvalidAuthenticationToken", "Access token validation failure.")
OLD_TOKEN = GraphRefusal(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
DENIED = GraphRefusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
NO_PATH = GraphRefusal(400, "BadRequest", "Resource not found for the segment.")
NO_METHOD = GraphRefusal(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
NO_JSON = GraphRefusal(400, "BadRequest", "Unable to read JSON request payload.")
TOO_FAST = GraphRefusal(429, "TooManyRequests", "Too many requests.")
NO_SECRETS = bad("Credential type not allowed as per assigned policy.", "CredentialTypeNotAllowedAsPerAppPolicy")
TOO_LONG = bad("Credential lifetime exceeds the max value.", "CredentialInvalidLifetimeAsPerAppPolicy")

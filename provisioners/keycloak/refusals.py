"""What Keycloak says no with, in plain words: its three error shapes and what each means at sign-in. Pure."""

from __future__ import annotations

import json

from ...plans.errors import RemoteFailure
from .. import foreign_words

NOT_KEYCLOAK = "check that `identity_provider.url` is that of a Keycloak of a supported version"
"""The fix where an answer makes no sense."""
# statuses and codes as Keycloak 26.7.3 answers them at its token endpoint; most of the 401s share one description
_SIGN_IN = {
    (401, "unauthorized_client"): ("the client secret is wrong", "check `admin.client_secret`"),
    (401, "invalid_client"): ("the client is unknown or disabled", "check `admin.client_id` and `admin.realm`"),
    (401, "invalid_grant"): ("the user name or password is wrong", "check `admin.username` and `admin.password`"),
    (400, "invalid_grant"): ("the user name or password is wrong", "check `admin.username` and `admin.password`"),
    (400, "unauthorized_client"): (
        "the client may not sign in this way",
        "switch on its service account, or its direct access grants for a user name and password",
    ),
    (403, "access_denied"): ("the realm is disabled", "enable it, or sign in to another one with `admin.realm`"),
}
_FIX = {
    401: "the token was not accepted: check `identity_provider.admin`",
    403: "give the account the missing role of the client `realm-management`",
    404: "check the name, and that the address is that of Keycloak",
    409: "somebody else has made it meanwhile: run it again",
}


def refusal(status: int, body: bytes, what: str) -> RemoteFailure:
    """Return the error for an answer of the admin API."""
    code, words = error_words(body)
    text = ": ".join(filter(None, (code, words))) or "no reason given"
    return RemoteFailure(f"{what} was answered {status}, {text}", fix=_FIX.get(status, ""), status=status)


def sign_in_refusal(status: int, body: bytes, realm: str, url: str) -> RemoteFailure:
    """Return the error for an answer of the token endpoint that is no token."""
    code, words = error_words(body)
    if status == 404:  # noqa: PLR2004  # HTTP's own number
        reason, fix = f"realm `{realm}` does not exist", "check `admin.realm`, and the path of the address, as `/auth`"
    else:
        said = ": ".join(filter(None, (code, words))) or "no reason given"
        reason, fix = _SIGN_IN.get((status, code), (f"answered {status}, {said}", _FIX.get(status, "")))
        # an account that is not set up, or disabled, is an invalid_grant as well, and only the words tell
        if code == "invalid_grant" and words and "credentials" not in words.lower():
            reason, fix = f"the user may not sign in: {words}", "finish or enable the account in Keycloak"
        # the same 401 for a wrong secret and for a client without a service account
        if code == "unauthorized_client" and "service account" in words:
            reason, fix = _SIGN_IN[400, code]
    message = f"cannot sign in to realm `{realm}`: {reason}"
    return RemoteFailure(message, where=url, fix=fix, status=status, arrived=False)


def error_words(body: bytes) -> tuple[str, str]:
    """Return Keycloak's error code and its words, printable and short, from any of its shapes."""
    try:
        answer = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return "", "not JSON"
    if not isinstance(answer, dict):
        return "", "no error object"
    # three shapes (26.7.3): `error`, `error` with `error_description`, `errorMessage`
    words = answer.get("error_description") or answer.get("errorMessage") or answer.get("message")
    return _printable(answer.get("error")), _printable(words)


def _printable(text: object) -> str:
    return foreign_words.printable(str(text)) if isinstance(text, (str, int)) else ""

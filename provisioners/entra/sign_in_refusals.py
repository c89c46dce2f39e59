"""Why Entra did not let the tool itself in, in plain words. What a refusal means is `meanings`'; what to do at the tool's end is here. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ...plans.errors import RemoteFailure
from ...plans.meanings import meaning_of
from .. import foreign_words
from .meanings import MEANINGS

_NUMBER = re.compile(r"AADSTS\d{4,9}")
_CHECK_APP = "check `admin.client_id`, and that it is an application of this tenant that is enabled"
FIXES: Mapping[str, str] = {
    "entra-7000215": "give the secret's value, not its id, to `admin.client_secret`",
    "entra-7000222": "add a new secret to the tool's application, and give its value to `admin.client_secret`",
    "entra-7000218": "give `admin.client_secret` or `admin.certificate`",
    "entra-700025": "use an application that is not a public client, with a secret or certificate",
    "entra-700027": "upload the certificate of `admin.certificate` to the tool's application",
    "entra-700016": _CHECK_APP,
    "entra-90002": "check `tenant`, and `authority` for a national cloud",
    "entra-50076": "look at the Conditional Access policies; then `az login`, or sign in as an application",
    "entra-70021": "add a federated credential with them to the tool's application",
    "entra-7000229": "give it one: `az ad sp create --id` with `admin.client_id`",
    "entra-500011": "check `graph`: its address is what the tool asks a token for",
    "entra-1002012": "check `graph`: its address is what the tool asks a token for",
    "entra-70011": "check `graph`: its address is what the tool asks a token for",
    "entra-65001": "grant consent for the tool's application",
    "oauth-invalid-client": "check `admin.client_id` with its secret or certificate",
    "oauth-unauthorized-client": _CHECK_APP,
    "oauth-invalid-grant": "sign in again: `az login`",
    "oauth-invalid-scope": "check `graph`: its address is what the tool asks a token for",
}
"""What to do at the tool's own end, by the meaning's code; the table's own fixes are for Coder's sign-in."""


def refusal(body: str, status: int, tenant: str, who: str, where: str) -> RemoteFailure:
    """Return the error for an answer that is a refusal; a text that is no JSON counts as the refusal's words."""
    error, words = _error_words(body)
    meaning = meaning_of(error, words, MEANINGS)
    number = _NUMBER.search(words)
    if meaning is not None:
        reason, fix = meaning.cause + (f" ({number[0]})" if number else ""), FIXES.get(meaning.code, meaning.fix)
    else:
        said = ": ".join(filter(None, (printable(error), printable(words)))) or "no reason given"
        reason, fix = (f"answered {status}, {said}" if status else said), ""
    return cannot(tenant, who, reason, where=where, fix=fix, status=status)


def cannot(tenant: str, who: str, reason: str, *, where: str = "", fix: str = "", status: int = 0) -> RemoteFailure:
    """Return the error that every failed sign-in ends in."""
    message = f"cannot sign in to tenant `{tenant}` {who}".rstrip() + f": {reason}"
    return RemoteFailure(message, where=where, fix=fix, status=status, arrived=False)


def printable(text: str) -> str:
    """Return the first line of foreign words, short and without characters that a terminal obeys."""
    first = next(filter(None, map(str.strip, text.splitlines())), "")
    return foreign_words.printable(first)


def _error_words(body: str) -> tuple[str, str]:
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "", body
    if not isinstance(answer, dict):
        return "", ""
    # Entra's own shape, and that of the managed identity endpoints
    words = answer.get("error_description") or answer.get("message") or answer.get("Message")
    return tuple(each if isinstance(each, str) else "" for each in (answer.get("error"), words))  # type: ignore[return-value]  # two

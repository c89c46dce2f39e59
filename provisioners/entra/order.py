"""The order that Entra demands between an application and what hangs on it, and which steps are an administrator's. Pure."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from ...plans.diff import Change
from ...plans.resources import Live
from .fields import SCOPES, client_address, members
from .settings import EntraSettings

# one after the other: two writes to one application at the same moment are refused with 409 Directory_ConcurrencyViolation
CHAIN = ("client", "certificate", "secret", "service-principal", "consent")


def arrange(
    changes: tuple[Change, ...], live: Live, by_hand: frozenset[str], settings: EntraSettings
) -> tuple[Change, ...]:
    """Return the changes with `depends_on` set and `manual` where an administrator must do it; policies come after all applications."""
    last: dict[str, str] = {}
    placed: list[Change] = []
    for change in sorted(changes, key=_rank):
        name = change.address.name
        if change.address.kind == "consent" and name in by_hand:
            placed.append(replace(change, manual=_step(change, live, settings)))
        elif change.address.kind in CHAIN:
            placed.append(replace(change, depends_on=frozenset({last[name]} if name in last else ())))
            last[name] = change.key
        else:
            placed.append(replace(change, depends_on=frozenset(last.values())))
    return tuple(sorted(placed, key=lambda change: change.address))


def _rank(change: Change) -> tuple[int, str]:
    kind = change.address.kind
    return (CHAIN.index(kind) if kind in CHAIN else len(CHAIN), change.address.name)


def _step(change: Change, live: Live, settings: EntraSettings) -> str:
    edit = change.edit(SCOPES)
    scopes = " ".join(sorted(members(edit.after))) if edit is not None else ""
    app_id = live.get(client_address(change.address.name), {}).get("appId")
    if app_id is None:
        return f"an administrator consents to {scopes} for everybody; the address is shown once the application exists"
    return f"an administrator opens {consent_url(settings, str(app_id))} and consents to {scopes} for everybody"


def consent_url(settings: EntraSettings, app_id: str) -> str:
    """Return the page where an administrator consents for everybody to what the application asks for."""
    return f"{settings.authority}/{settings.tenant}/adminconsent?{urlencode({'client_id': app_id})}"

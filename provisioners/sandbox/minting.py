"""Tokens made: pure but for the signer's key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .refreshing import Family, RefreshRules, access_lifetime, is_renewed, token_lifetime
from .signing import left_half_hash
from .tenant import App, Person, Tenant, TokenKind


@dataclass(frozen=True, slots=True)
class Shown:
    """A refresh token that was shown for new tokens, and when it was issued."""

    token: str
    issued: int


@dataclass(frozen=True, slots=True)
class Minting:
    """What every token of one answer shares. `draw` returns a new random id."""

    tenant: Tenant
    app: App
    person: Person
    now: int
    draw: Callable[[], str]

    def answer(self, family: Family, rules: RefreshRules, shown: Shown | None = None) -> dict[str, Any]:
        """Return the token endpoint's answer for a session; `shown` is the refresh token that was shown for it."""
        lifetime = access_lifetime(family, rules, self.now)
        access = self._access(family.scopes, lifetime, family.login)
        body: dict[str, Any] = {"access_token": access, "expires_in": lifetime, "token_type": "Bearer"}
        refresh_expires = None
        if family.issued and rules.issue != "never" and not (shown and rules.renewal == "never"):
            refresh_expires = token_lifetime(family, rules, self.now)
            kept = shown is not None and not is_renewed(rules, shown.issued, self.now)
            body["refresh_token"] = shown.token if shown and kept else self._refresh(family, refresh_expires)
        if "openid" in family.scopes:
            body["id_token"] = self._id(family, lifetime, access)
        body["scope"] = self.tenant.shown(self.app, family.scopes)
        return body | self.tenant.extras(family, refresh_expires)

    def service_answer(self, scopes: tuple[str, ...], lifetime: int) -> dict[str, Any]:
        """Return the answer for an application that signs in as itself: no session, no refresh token."""
        body = {"access_token": self._access(scopes, lifetime, ""), "expires_in": lifetime, "token_type": "Bearer"}
        body["scope"] = self.tenant.shown(self.app, scopes)
        return body | self.tenant.extras(None, None)

    def _claims(self, kind: TokenKind, scopes: tuple[str, ...], own: dict[str, Any]) -> dict[str, Any]:
        standard = {"iss": self.tenant.issuer, "sub": self.person.id, "iat": self.now, "jti": self.draw()}
        merged = standard | own | self.tenant.claims(kind, self.app, self.person, scopes)
        return {name: value for name, value in merged.items() if value is not None}

    def _access(self, scopes: tuple[str, ...], lifetime: int, sid: str) -> str:
        scope = self.tenant.shown(self.app, scopes)
        own = {"exp": self.now + lifetime, "typ": "Bearer", "azp": self.app.client_id, "scope": scope}
        return self.tenant.signer.signed(self._claims("access", scopes, own | ({"sid": sid} if sid else {})))

    def _id(self, family: Family, lifetime: int, access: str) -> str:
        own = {
            "exp": self.now + lifetime,
            "typ": "ID",
            "aud": self.app.client_id,
            "azp": self.app.client_id,
            "sid": family.login,
            "auth_time": family.started,
            "at_hash": left_half_hash(access),
            "nonce": family.nonce or None,
        }
        return self.tenant.signer.signed(self._claims("id", family.scopes, own))

    def _refresh(self, family: Family, lifetime: int | None) -> str:
        claims = {
            "iss": self.tenant.issuer,
            "aud": self.tenant.issuer,
            "sub": self.person.id,
            "iat": self.now,
            "jti": self.draw(),
            "typ": self.tenant.refresh_type(family),
            "azp": self.app.client_id,
            "sid": family.login,
            "family": family.id,
            "scope": " ".join(family.scopes),
        }
        return self.tenant.signer.signed(claims | ({} if lifetime is None else {"exp": self.now + lifetime}), own=True)

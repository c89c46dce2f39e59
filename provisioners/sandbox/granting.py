"""The token endpoint: a code, a refresh token, a password or an application's own credentials for tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .answers import Refusal
from .minting import Minting, Shown
from .refreshing import Family, Verdict, crowded_out, is_issued, is_renewed, judge, reused, used
from .sessions import Code
from .tenant import App, Person, Tenant


@dataclass(frozen=True, slots=True)
class Granting:
    """One request of an application that showed who it is. Every method returns the answer's body, or raises Refusal."""

    tenant: Tenant
    app: App
    now: int
    draw: Callable[[], str]

    def grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the tokens for a form, by its `grant_type`."""
        grants = {
            "authorization_code": self._code,
            "refresh_token": self._refresh,
            "password": self._password,
            "client_credentials": self._service,
        }
        kind = form.get("grant_type", "")
        if kind not in grants:
            raise self.tenant.unsupported(kind)
        return grants[kind](form)

    def _minting(self, person: Person) -> Minting:
        return Minting(self.tenant, self.app, person, self.now, self.draw)

    def _code(self, form: Mapping[str, str]) -> dict[str, Any]:
        key = form.get("code", "")
        found = self.tenant.sessions.codes.get(key)
        if found is not None and found.family:
            self._end(found.family)
        code = self.tenant.check_code(found, form, self.app, self.now)
        person = self.tenant.person(code.person)
        if person is None:
            raise Refusal(400, "invalid_grant", "the person is gone")
        scopes = self.tenant.scopes(self.app, code.asked.scope)
        family = self._family(person, scopes, code.login, code)
        self.tenant.keep(self.tenant.sessions.with_code(key, replace(code, family=family.id)))
        return self._first(person, family)

    def _password(self, form: Mapping[str, str]) -> dict[str, Any]:
        self.tenant.check_flow(self.app, "password")
        scopes = self.tenant.scopes(self.app, form.get("scope", ""))
        person = self.tenant.sign_in(form.get("username", ""), form.get("password", ""))
        return self._first(person, self._family(person, scopes, self.draw()))

    def _service(self, form: Mapping[str, str]) -> dict[str, Any]:
        self.tenant.check_flow(self.app, "client_credentials")
        scopes = self.tenant.scopes(self.app, form.get("scope", ""))
        rules = self.tenant.rules(self.app, offline=False)
        return self._minting(self.tenant.service(self.app)).service_answer(scopes, rules.access)

    def _family(self, person: Person, scopes: tuple[str, ...], login: str, code: Code | None = None) -> Family:
        offline = self.tenant.is_offline(scopes)
        rules = self.tenant.rules(self.app, offline=offline)
        asked = code is not None and code.asked.access_type == "offline"
        issued = is_issued(rules, offline=offline, asked_offline=asked, consented=code is not None and code.consented)
        nonce = "" if code is None else code.asked.nonce
        return Family(self.draw(), login, self.app.id, person.id, scopes, offline, self.now, self.now, nonce, issued)

    def _first(self, person: Person, family: Family) -> dict[str, Any]:
        self.tenant.check_person(person, family.scopes)
        rules = self.tenant.rules(self.app, offline=family.offline)
        for ended in crowded_out(self.tenant.sessions.families.values(), family, rules):
            self.tenant.keep(self.tenant.sessions.with_family(ended))
        self.tenant.keep(self.tenant.sessions.with_family(family))
        return self._minting(person).answer(family, rules)

    def _refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        claims = self.tenant.signer.read(form.get("refresh_token", ""), own=True)
        self.tenant.check_token(claims, form, self.now)
        claims = claims or {}
        found = self.tenant.sessions.families.get(str(claims.get("family")))
        shown = Shown(form.get("refresh_token", ""), int(claims.get("iat", 0)))
        family = self.tenant.check_family(found, self.app, form, shown.issued)
        rules = self.tenant.rules(self.app, offline=family.offline)
        token = str(claims.get("jti"))
        verdict = judge(family, token, rules, self.now)
        if verdict is Verdict.REUSED:
            self.tenant.keep(self.tenant.sessions.with_family(reused(family, rules)))
        if verdict is not Verdict.GOOD:
            raise self.tenant.refuse(verdict, family, self.now)
        person = self.tenant.person(family.person)
        if person is None:
            raise Refusal(400, "invalid_grant", "the person is gone")
        after = used(family, token, rules, self.now, replaced=is_renewed(rules, shown.issued, self.now))
        self.tenant.keep(self.tenant.sessions.with_family(after))
        return self._minting(person).answer(after, rules, shown)

    def _end(self, family: str) -> None:
        """A code shown twice is a stolen one: what it was exchanged for ends (RFC 6749, 4.1.2)."""
        found = self.tenant.sessions.families.get(family)
        if found is not None:
            self.tenant.keep(self.tenant.sessions.with_family(replace(found, ended="revoked")))

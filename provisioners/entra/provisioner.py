"""Reads a tenant and writes what was decided. Decides nothing itself: that is `wants`, `rules` and `order`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from ...plans.client_secret import given_address, secret_of_coder
from ...plans.coder_env import CoderEnv
from ...plans.diff import Change, Edit
from ...plans.errors import Failed, RemoteFailure
from ...plans.findings import Finding
from ...plans.model import Plan
from ...plans.resources import Address, Desired, Fields, Live
from ...plans.sealed import Sealed
from ...plans.steps import Step
from ..base import Outcome
from . import adopting, coder_settings, confirming, credentials, order, rights, rules, wants
from .certificates import Facts, facts_of
from .credentials import Credential
from .fields import (
    BY_HAND,
    ISSUER,
    ISSUER_PROBLEM,
    READ_AT,
    SECRETS,
    SPA,
    TENANT,
    WEB,
    members,
    secret_address,
    validity_field,
)
from .ground import Ground
from .reading import Allowed, Reading, Scopes, read_scopes
from .refusals import FORBIDDEN, GraphFailure
from .rights import READING_GRANTS, READING_LIFETIMES
from .settings import DAY, EntraSettings, EntraShared
from .writing import write_application, write_consent, write_principal
from .writing_credentials import write_certificates, write_secrets
from .writing_policies import write_frequency, write_lifetime

DEFAULT_VALIDITY = 180 * DAY


class EntraProvisioner:
    """One tenant. `sign_in` returns the access token, `discovery` the issuer that the tenant's discovery document states."""

    def __init__(
        self,
        settings: EntraSettings,
        ground: Ground,
        sign_in: Callable[[], Awaitable[str]],
        discovery: Callable[[], Awaitable[str]],
    ) -> None:
        self._settings = settings
        self._ground = ground
        self._sign_in = sign_in
        self._discovery = discovery
        self._scopes: Scopes | None = None
        self._written: dict[Address, tuple[Edit, ...]] = {}

    async def preflight(self, plans: Sequence[Plan], *, writing: bool) -> tuple[Finding, ...]:
        """Return an error for each right that the access token shows to be missing; a person's token shows nothing."""
        held = rights.held(await self._sign_in())
        if held is None:
            return ()
        shared = [plan.shared for plan in plans if isinstance(plan.shared, EntraShared)]
        needs = rights.needed(
            writing=writing,
            consent=any(wants.client_part(plan).admin_consent for plan in plans),
            frequency=any(each.sign_in_frequency is not None for each in shared),
            lifetime=any(each.token_lifetime is not None for each in shared),
        )
        who = self._settings.admin.client_id or ""
        tenant = self._settings.tenant
        return tuple(rights.finding(need, client_id=who, tenant=tenant) for need in rights.missing(held, needs))

    async def read(self, plans: Sequence[Plan], given: object, *, writing: bool) -> Live:  # noqa: ARG002  # the protocol's signature
        """Return the applications that the plans name, with what belongs to them; what was written in this run is waited for."""
        ground = self._ground
        reading = Reading(ground.api, ground.patience, self._known_scopes, await self._allowed(), ground.now())
        try:
            live, issuer = await asyncio.gather(reading.live(plans), self._issuer())
        except GraphFailure as failure:
            raise _not_ours(failure) from None
        for plan in plans:
            live = await self._caught_up(reading, plan, live)
        return {**live, TENANT: {**live[TENANT], **issuer}}

    async def _known_scopes(self) -> Scopes:
        if self._scopes is None:
            # of the tenant, and the same for the whole run
            self._scopes = self._ground.scopes = await read_scopes(self._ground.api)
        return self._scopes

    async def _allowed(self) -> Allowed:
        held = rights.held(await self._sign_in())
        if held is None:
            return Allowed()
        return Allowed(
            grants=not rights.missing(held, [READING_GRANTS]), policies=not rights.missing(held, [READING_LIFETIMES])
        )

    async def _caught_up(self, reading: Reading, plan: Plan, live: Live) -> Live:
        """Wait until reads show what this run has written: Entra answers from copies that lag."""
        expected = {address: edits for address, edits in self._written.items() if address.name == plan.client.id}

        def shows(found: Live) -> bool:
            return all(_shows(found.get(address), edits) for address, edits in expected.items())

        if not shows(live):
            caught_up: Live = await self._ground.patience.until(lambda: reading.one(plan), shows)
            live = {**live, **caught_up}
        for address in expected:
            # seen once; from now on somebody else may change it
            del self._written[address]
        return live

    async def _issuer(self) -> Fields:
        try:
            return {ISSUER: await self._discovery()}
        except RemoteFailure as error:
            return {ISSUER_PROBLEM: f"{error.message} ({error.where})"}

    def desired(self, plan: Plan, live: Live, *, rotate: bool) -> Desired:
        """Return what the plan wants of the tenant."""
        return wants.desired(plan, live, rotate=rotate)

    def arrange(self, changes: tuple[Change, ...], live: Live) -> tuple[Change, ...]:
        """Return the changes in order, those for an administrator marked so."""
        by_hand = members(live.get(TENANT, {}).get(BY_HAND))
        return order.arrange(changes, live, by_hand, self._settings)

    def check(self, plan: Plan, live: Live, changes: tuple[Change, ...]) -> tuple[Finding, ...]:
        """Return Entra's own findings."""
        return rules.check(plan, live, changes)

    def coder_env(self, plan: Plan, live: Live) -> CoderEnv:
        """Return the settings for Coder."""
        return coder_settings.coder_env(plan, live)

    def adopt(self, plan: Plan, live: Live) -> Mapping[str, object]:
        """Return the smallest plan data for the live application."""
        return adopting.adopt(plan, live)

    async def confirm(self, plan: Plan, live: Live) -> tuple[Step, ...]:
        """Return what of consent, credentials and service principal stands in a sign-in's way."""
        return confirming.confirm(plan, live)

    def offline_access(self, change: Change) -> tuple[bool, bool]:
        """Tell whether users get refresh tokens that last before and after: not from a redirect URI under `spa`, which ends them after 24 h."""
        if change.address.kind != "client":
            return False, False
        return _lasts(change.before or {}), _lasts(change.after)

    async def confirm_rights(self, changes: tuple[Change, ...]) -> None:
        """Do nothing: an application's token names its rights, and a person's rights show in no harmless write."""

    async def apply(self, change: Change, live: Live) -> Outcome:
        """Make one change."""
        await self._known_scopes()
        try:
            outcome, expected = await self._made(change, live)
        except GraphFailure as failure:
            raise _not_ours(failure) from None
        self._written[change.address] = (*self._written.get(change.address, ()), *expected)
        return outcome

    async def _made(self, change: Change, live: Live) -> tuple[Outcome, tuple[Edit, ...]]:
        if change.address.kind == "secret":
            return await self._secrets(change, live)
        if change.address.kind == "certificate":
            facts = _certificate(change.address.name, live)
            return await write_certificates(self._ground, change, live, facts), change.edits
        write = {
            "client": write_application,
            "service-principal": write_principal,
            "consent": write_consent,
            wants.FREQUENCY.kind: write_frequency,
            wants.LIFETIME.kind: write_lifetime,
        }[change.address.kind]
        return await write(self._ground, change, live), change.edits

    async def _secrets(self, change: Change, live: Live) -> tuple[Outcome, tuple[Edit, ...]]:
        name, tenant = change.address.name, live.get(TENANT, {})
        seconds, now = tenant.get(validity_field(name)), tenant.get(READ_AT)
        before = _in_service(name, live, now if isinstance(now, int) else 0)
        lasting = seconds if isinstance(seconds, int) else DEFAULT_VALIDITY
        outcome, made = await write_secrets(self._ground, change, live, seconds=lasting, before=before)
        edit = change.edit(SECRETS)
        gone = frozenset() if edit is None else members(edit.before) - members(edit.after)
        there = frozenset() if made is None else frozenset({made.label})
        return outcome, (Edit(SECRETS, gone, there),)


def _shows(fields: Fields | None, edits: tuple[Edit, ...]) -> bool:
    return fields is not None and all(_shown(fields, edit) for edit in edits)


def _shown(fields: Fields, edit: Edit) -> bool:
    if isinstance(edit.after, frozenset):
        now, lost = members(fields.get(edit.field)), members(edit.before) - edit.after
        return edit.after - members(edit.before) <= now and not lost & now
    return fields.get(edit.field) == edit.after


def _lasts(fields: Fields) -> bool:
    own = members(fields.get(WEB))
    return bool(own) and not own & members(fields.get(SPA))


def _in_service(name: str, live: Live, now: int) -> Credential | None:
    stored = secret_of_coder(name, live)
    secret = None if stored is None else stored.reveal()
    return credentials.in_service(credentials.of_fields(live.get(secret_address(name), {})), secret, now)


def _certificate(name: str, live: Live) -> Facts:
    value = live.get(given_address(name), {}).get("certificate")
    if not isinstance(value, Sealed):
        raise Failed(f"the certificate of `{name}` was not read", fix="run `plan` again")
    return facts_of(value.reveal())


def _not_ours(failure: GraphFailure) -> RemoteFailure:
    """An application that exists and is not ours to read says the same 403 as a right that is missing."""
    if failure.status != FORBIDDEN or failure.code != "Authorization_RequestDenied":
        return failure
    fix = "make the tool's service principal an owner of the application, or grant it `Application.ReadWrite.All`"
    return GraphFailure(failure.message, code=failure.code, where=failure.where, fix=fix, status=failure.status)

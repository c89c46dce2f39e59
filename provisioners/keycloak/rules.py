"""Keycloak's judgements about a plan, the live realm and the changes between them. Pure; the texts behind the codes are in `codes`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from urllib.parse import unquote

from ...plans.diff import Change
from ...plans.durations import format_duration
from ...plans.findings import Finding
from ...plans.lifetimes import LifetimeRules, smaller
from ...plans.model import Plan
from ...plans.resources import Address, Fields, Live, Value
from ...plans.rules import ISSUER_MISMATCH, ISSUER_UNKNOWN, check_lifetimes, check_urls
from ...plans.sealed import Sealed
from . import codes
from .fields import (
    ACCESS_LIFESPAN,
    ATTRIBUTE,
    DEFAULT_ROLES,
    ISSUER,
    ISSUER_PROBLEM,
    KNOWN_ROLES,
    OFFLINE_ACCESS,
    OFFLINE_IDLE,
    OFFLINE_MAX,
    SECONDS,
    SESSION_IDLE,
    SESSION_MAX,
    client_address,
    mapper_field,
    realm_address,
    scope_address,
    wire_claim,
)
from .settings import KeycloakShared
from .wants import claim_from_scope, desired, keycloak, members, requested_scopes, shared_wants

SESSION_PAIRS = (
    (SESSION_IDLE, "ssoSessionIdleTimeout", "session_idle_timeout", "sso_session_idle_timeout"),
    (SESSION_MAX, "ssoSessionMaxLifespan", "session_max_lifespan", "sso_session_max_lifespan"),
)


def check(plan: Plan, live: Live, changes: tuple[Change, ...]) -> tuple[Finding, ...]:
    """Return every finding about one plan; `changes` are all those of the resources that it wants."""
    client, realm = settled(plan, live, changes)
    after = effective(client, realm)
    where = str(client_address(plan.client.id))
    return (
        *_unknown_names(plan, live),
        *_existing_client(plan, live),
        *_realm_state(plan, live),
        *_intents(plan, realm),
        *_caps(plan, client, realm, after, where),
        *_session_lifetimes(plan, live, client, realm, changes),
        *_mappers(plan, live, where),
        *check_urls(
            members(client.get("redirectUris")) | members(client.get("webOrigins")), where, ("coder", "access_url")
        ),
        *check_lifetimes(plan, after, where),
        *_changes(plan, changes, live, after),
    )


def settled(plan: Plan, live: Live, changes: tuple[Change, ...]) -> tuple[Fields, Fields]:
    """Return client and realm as they will be after the plan."""
    client, address = client_address(plan.client.id), realm_address(keycloak(plan).realm)
    # what no change is about is as it is wanted already
    after = {name: value for change in changes if change.address == client for name, value in change.after.items()}
    realm = live.get(address, {})
    # not from the changes: other plans of the realm have a share in them
    own = {name: want.settle(realm.get(name)) for name, want in shared_wants(plan.shared).items()}
    return {**live.get(client, {}), **after}, {**realm, **own}


def effective(client: Fields, realm: Fields) -> LifetimeRules:
    """Return the lifetimes that count (26.7.3): idle is the smaller of client and realm; the realm's maximum only where it is switched on."""
    realm_max = (
        number(realm.get("offlineSessionMaxLifespan")) if realm.get("offlineSessionMaxLifespanEnabled") else None
    )
    return LifetimeRules(
        access=number(client.get(ACCESS_LIFESPAN)) or number(realm.get("accessTokenLifespan")),
        idle=smaller(number(client.get(OFFLINE_IDLE)), number(realm.get("offlineSessionIdleTimeout"))),
        maximum=smaller(number(client.get(OFFLINE_MAX)), realm_max),
        rotates=realm.get("revokeRefreshToken") is True,
        reuses=number(realm.get("refreshTokenMaxReuse")) or 0,
        known="offlineSessionIdleTimeout" in realm,
    )


def number(value: Value) -> int | None:
    """Return a positive number of seconds; Keycloak reads 0 as `inherit`, and text that is no number is reported elsewhere."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _unknown_names(plan: Plan, live: Live) -> Iterator[Finding]:
    lacking = [scope.name for scope in requested_scopes(plan) if scope_address(scope.name) not in live]
    if lacking:
        yield from _unknown_scopes(plan, live, lacking)
    fields = live.get(realm_address(keycloak(plan).realm), {})
    asked = plan.shared.default_roles or () if isinstance(plan.shared, KeycloakShared) else ()
    for index, role in enumerate(asked):
        # not there where the realm is hidden: then nothing can be said of its roles
        if KNOWN_ROLES in fields and role not in members(fields[KNOWN_ROLES]):
            problem = f"realm role `{role}` does not exist in realm `{keycloak(plan).realm}`"
            fix = _meant(role, sorted(members(fields[KNOWN_ROLES])), "role")
            yield codes.UNKNOWN_ROLE.finding(problem, fix=fix, path=("shared", "default_roles", index))


def _unknown_scopes(plan: Plan, live: Live, lacking: list[str]) -> Iterator[Finding]:
    known = sorted(address.name for address in live if address.kind == "client-scope")
    paths = {scope.name: ("client", "scopes", index) for index, scope in enumerate(plan.client.scopes)}
    for name in lacking:
        problem = f"client scope `{name}` does not exist in realm `{keycloak(plan).realm}`"
        yield codes.UNKNOWN_SCOPE.finding(problem, fix=_meant(name, known, "scope"), path=paths.get(name, ("client",)))


def _meant(name: str, known: list[str], what: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return (
        f"did you mean `{close[0]}`?" if close else f"create the {what} in Keycloak first, or take it out of the plan"
    )


def _existing_client(plan: Plan, live: Live) -> Iterator[Finding]:
    client = live.get(client_address(plan.client.id))
    if client is None:
        return
    where, name, path = str(client_address(plan.client.id)), plan.client.id, ("client", "id")
    if client.get("protocol", "openid-connect") != "openid-connect":
        fix = "choose another client id, or remove that client"
        yield codes.NOT_OPENID.finding(
            f"client `{name}` has protocol `{client['protocol']}`", fix=fix, where=where, path=path
        )
    # not switched on by us: somebody may have had a reason
    if client.get("enabled") is False:
        yield codes.CLIENT_DISABLED.finding(
            f"client `{name}` is disabled", fix="enable it in Keycloak", where=where, path=path
        )
    kind = client.get("clientAuthenticatorType", "client-secret")
    if kind != "client-secret":
        yield codes.NOT_BY_SECRET.finding(
            f"client `{name}` authenticates by `{kind}`",
            fix="choose `Client Id and Secret` in Keycloak",
            where=where,
            path=path,
        )
    # 26.7.3 takes "abc" with a 204, and then fails every sign-in at the token endpoint
    for field in SECONDS:
        if isinstance(client.get(field), str) or (isinstance(client.get(field), int) and client[field] <= 0):  # type: ignore[operator]
            problem = f"`{field}` of client `{name}` is `{client[field]}`"
            yield codes.PROBLEMATIC_LIFESPAN.finding(
                problem, fix="state the lifetime in the plan", where=where, path=path
            )


def _realm_state(plan: Plan, live: Live) -> Iterator[Finding]:
    settings = keycloak(plan)
    fields, where, path = live.get(realm_address(settings.realm), {}), f"realm/{settings.realm}", ("identity_provider",)
    if fields.get("enabled") is False:
        yield codes.REALM_DISABLED.finding(
            f"realm `{settings.realm}` is disabled", fix="enable it in Keycloak", where=where, path=(*path, "realm")
        )
    if "accessTokenLifespan" not in fields:
        problem = "the admin account may not see the realm's lifetimes and default roles"
        yield codes.REALM_HIDDEN.finding(
            problem, fix="grant it the role `view-realm`", where=where, path=(*path, "admin")
        )
    elif (
        DEFAULT_ROLES in fields
        # the token endpoint answers 400 not_allowed without it, whatever the scopes say (26.7.3)
        and OFFLINE_ACCESS not in members(fields[DEFAULT_ROLES])
        and not _adds_offline_role(plan)
    ):
        problem = f"`{OFFLINE_ACCESS}` is not among the default roles of realm `{settings.realm}`: users without it get no refresh token"
        fix = "add `shared: {default_roles: [offline_access]}`, or give the role to Coder's users"
        yield codes.ROLE_NOT_DEFAULT.finding(problem, fix=fix, where=where, path=path)
    if ISSUER_PROBLEM in fields:
        fix = "check `identity_provider.url`, and that its discovery document can be reached from here"
        yield ISSUER_UNKNOWN.finding(str(fields[ISSUER_PROBLEM]), fix=fix, where=where, path=(*path, "url"))
    issuer = fields.get(ISSUER)
    # Keycloak leaves more characters of a realm's name as they are (`'`) than we do: both are the same address
    if isinstance(issuer, str) and unquote(issuer) != unquote(settings.issuer()):
        problem = f"the realm's issuer is `{issuer}`, the plan's address gives `{settings.issuer()}`"
        yield ISSUER_MISMATCH.finding(
            problem,
            fix=f"make sure that Coder reaches {issuer}, or set `url` to that host",
            where=where,
            path=(*path, "url"),
        )


def _adds_offline_role(plan: Plan) -> bool:
    return isinstance(plan.shared, KeycloakShared) and OFFLINE_ACCESS in (plan.shared.default_roles or ())


def _intents(plan: Plan, realm: Fields) -> Iterator[Finding]:
    """Rotation exists only for the whole realm."""
    rotation, rotates = plan.refresh_tokens.rotation, realm.get("revokeRefreshToken")
    # no bool: the realm is hidden from us, which is a finding of its own
    if rotation is None or not isinstance(rotates, bool) or (rotation == "rotate") == rotates:
        return
    wanted = "true" if rotation == "rotate" else "false"
    problem = f"`refresh_tokens.rotation` is {rotation}, but the realm {'uses up' if rotates else 'keeps'} refresh tokens for all its clients"
    fix = f"add `shared: {{revoke_refresh_token: {wanted}}}`, knowing that it counts for every client of the realm"
    yield codes.SHARED_NEEDED.finding(
        problem, fix=fix, where=f"realm/{keycloak(plan).realm}", path=("refresh_tokens", "rotation")
    )


def _caps(plan: Plan, client: Fields, realm: Fields, rules: LifetimeRules, where: str) -> Iterator[Finding]:
    idle, realm_idle = number(client.get(OFFLINE_IDLE)), number(realm.get("offlineSessionIdleTimeout"))
    if idle is not None and realm_idle is not None and idle > realm_idle:
        asked, counts = format_duration(idle), format_duration(realm_idle)
        problem = f"the offline idle timeout is {asked} but realm `{keycloak(plan).realm}` ends offline sessions after {counts}"
        fix = f"lower it, or add `shared: {{offline_session_idle_timeout: {asked}}}`"
        # 26.7.3 may advertise the client's value in `refresh_expires_in`, and ends the session at the realm's all the same
        yield codes.OFFLINE_IDLE_CAPPED.finding(
            f"{problem}: effective is {counts}", fix=fix, where=where, path=("refresh_tokens", "idle_timeout")
        )
    own = number(client.get(OFFLINE_MAX))
    if (
        rules.maximum is not None
        and rules.maximum != own
        and (own is not None or plan.refresh_tokens.stated("max_lifetime"))
    ):
        yield _capped_maximum(own, rules.maximum, keycloak(plan).realm, where)


def _capped_maximum(own: int | None, ceiling: int, realm: str, where: str) -> Finding:
    asked = "unlimited" if own is None else format_duration(own)
    counts = format_duration(ceiling)
    problem = f"the offline maximum is {asked} but realm `{realm}` ends every offline session after {counts}: effective is {counts}"
    raised = "offline_session_max_lifespan_enabled: false" if own is None else f"offline_session_max_lifespan: {asked}"
    return codes.OFFLINE_MAX_CAPPED.finding(
        problem, fix=f"lower it, or add `shared: {{{raised}}}`", where=where, path=("refresh_tokens", "max_lifetime")
    )


def _session_lifetimes(
    plan: Plan, live: Live, client: Fields, realm: Fields, changes: tuple[Change, ...]
) -> Iterator[Finding]:
    """An error where we would send the client; a warning where only the realm sinks below it: nobody can change it any more then."""
    address = client_address(plan.client.id)
    changing = any(change.address == address for change in changes)
    moving = {edit.field for change in changes if change.address.kind == "realm" for edit in change.edits}
    for field, realm_field, key, shared_key in SESSION_PAIRS:
        own, ceiling = number(client.get(field)), number(realm.get(realm_field))
        if own is None or ceiling is None or own <= ceiling:
            continue
        refused = changing or field in desired(plan, live)[address]
        if not refused and realm_field not in moving:
            continue
        rule = codes.SESSION_ABOVE_REALM if refused else codes.LOWERED_BELOW_CLIENTS
        values = f"is {format_duration(own)} but the realm's SSO session value is {format_duration(ceiling)}"
        effect = "the client" if refused else "every later change of it"
        problem = f"`{field.removeprefix(ATTRIBUTE)}` of `{plan.client.id}` {values}: Keycloak refuses {effect}"
        fix = f"state `client: {{{key}: {format_duration(ceiling)}}}` or `shared: {{{shared_key}: {format_duration(own)}}}`"
        yield rule.finding(problem, fix=fix, where=str(address), path=("client", key))


def _mappers(plan: Plan, live: Live, where: str) -> Iterator[Finding]:
    claim = plan.client.groups_claim
    if claim is None:
        return
    path = ("client", "groups_claim")
    others = members(live.get(client_address(plan.client.id), {}).get(mapper_field(wire_claim(claim.name), "others")))
    if others:
        problem = f"claim `{claim.name}` is also emitted by {', '.join(f'mapper `{name}`' for name in sorted(others))}"
        yield codes.SECOND_MAPPER.finding(problem, fix="remove all but one in Keycloak", where=where, path=path)
    scope = claim_from_scope(claim, plan, live)
    if scope is not None:
        yield codes.CLAIM_BY_SCOPE.finding(
            f"client scope `{scope}` emits claim `{claim.name}` already", where=where, path=path
        )


def _changes(plan: Plan, changes: tuple[Change, ...], live: Live, after: LifetimeRules) -> Iterator[Finding]:
    realm, client = realm_address(keycloak(plan).realm), client_address(plan.client.id)
    for change in changes:
        if change.address == client and change.before is not None:
            yield from _secret_in_one_step(change)
            yield from _shortened(change, effective(live.get(client, {}), live.get(realm, {})), after)
        if change.address == realm:
            yield from _realm_changes(change, live)


def _secret_in_one_step(change: Change) -> Iterator[Finding]:
    edit = change.edit("secret")
    if edit is not None and isinstance(edit.before, Sealed):
        problem = f"the secret of client `{change.address.name}` is replaced and the old one stops working at once"
        yield codes.SECRET_IN_ONE_STEP.finding(
            problem, fix="restart Coder with the new secret right after apply", where=str(change.address)
        )


def _shortened(change: Change, before: LifetimeRules, after: LifetimeRules) -> Iterator[Finding]:
    """What counts is compared, not what is stored: a client without a value of its own has the realm's."""
    if change.edit(OFFLINE_IDLE) is not None and before.known and _shorter(before.idle, after.idle):
        yield _falls("the offline idle timeout", after.idle, "users who are away", change.address)
    if change.edit(OFFLINE_MAX) is not None and _shorter(before.maximum, after.maximum):
        yield _falls("the offline maximum", after.maximum, "users who signed in", change.address)


def _shorter(before: int | None, after: int | None) -> bool:
    return after is not None and (before is None or after < before)


def _falls(what: str, seconds: int | None, who: str, where: Address) -> Finding:
    after = format_duration(seconds or 0)
    problem = f"{what} of `{where}` falls to {after}: {who} longer ago than that are signed out at their next refresh"
    return codes.LIFETIME_SHORTENED.finding(problem, fix="tell them, or keep the longer value", where=str(where))


def _realm_shortened(change: Change, fields: Fields) -> Iterator[Finding]:
    """The maximum counts only where its switch is on, which has a finding of its own."""
    idle, maximum = change.edit("offlineSessionIdleTimeout"), change.edit("offlineSessionMaxLifespan")
    if idle is not None and _shorter(number(idle.before), number(idle.after)):
        yield _falls("the offline idle timeout", number(idle.after), "users who are away", change.address)
    is_on = fields.get("offlineSessionMaxLifespanEnabled") is True
    if maximum is not None and is_on and _shorter(number(maximum.before), number(maximum.after)):
        yield _falls("the offline maximum", number(maximum.after), "users who signed in", change.address)


def _realm_changes(change: Change, live: Live) -> Iterator[Finding]:
    where = str(change.address)
    yield from _realm_shortened(change, live.get(change.address, {}))
    switch = change.edit("offlineSessionMaxLifespanEnabled")
    if switch is not None and switch.after is True:
        ceiling = change.after.get(
            "offlineSessionMaxLifespan", live.get(change.address, {}).get("offlineSessionMaxLifespan")
        )
        problem = f"every client of realm `{change.address.name}` is capped at {format_duration(number(ceiling) or 0)}"
        yield codes.MAX_CAPS_ALL.finding(
            problem, fix="state `shared: {offline_session_max_lifespan: ...}` as high as the longest needs", where=where
        )
    revoke = change.edit("revokeRefreshToken")
    if revoke is not None and revoke.after is True:
        problem = f"refresh tokens already issued by realm `{change.address.name}` become one-time tokens at once"
        yield codes.ROTATION_HITS_ISSUED.finding(
            problem, fix="leave `revoke_refresh_token` off unless every client can rotate", where=where
        )
    yield from _lowered(change, live)


def _lowered(change: Change, live: Live) -> Iterator[Finding]:
    for field, realm_field, _, _ in SESSION_PAIRS:
        edit = change.edit(realm_field)
        ceiling = number(edit.after) if edit is not None else None
        if ceiling is None:
            continue
        above = sorted(
            a.name
            for a, fields in live.items()
            if a.kind == "other-client" and (number(fields.get(field)) or 0) > ceiling
        )
        if above:
            problem = f"`{realm_field}` falls to {format_duration(ceiling)}, below what {', '.join(f'client `{name}`' for name in above)} has stored"
            yield codes.LOWERED_BELOW_CLIENTS.finding(
                problem, fix="lower those clients first", where=str(change.address)
            )

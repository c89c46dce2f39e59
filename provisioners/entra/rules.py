"""Entra's judgements about a plan, the live tenant and the changes between them. Pure; the texts behind the codes are in `codes`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from ...plans.diff import Change
from ...plans.durations import format_duration
from ...plans.findings import Finding
from ...plans.model import Plan
from ...plans.resources import Fields, Live, Value
from ...plans.rules import ISSUER_MISMATCH, ISSUER_UNKNOWN, check_lifetimes, check_urls
from . import codes
from .fields import (
    AS_ROLES,
    ASSIGNMENT,
    AUDIENCE,
    BIN,
    DELEGATED,
    EMIT_AS_ROLES,
    EVERYBODYS,
    ISSUER,
    ISSUER_PROBLEM,
    KNOWN_SCOPES,
    PUBLIC,
    PUBLIC_FLOWS,
    SPA,
    TENANT,
    UNKNOWN_CONSENT,
    WEB,
    client_address,
    members,
    other_lifetime_field,
    principal_address,
)
from .lifetimes import IDLE, effective
from .order import consent_url
from .rules_of_credentials import check_credentials
from .settings import DAY, EntraClient, EntraShared
from .wants import LIFETIME, OWN_TENANT, client_part, entra, graph_name, graph_scopes, is_adopted


def check(plan: Plan, live: Live, changes: tuple[Change, ...]) -> tuple[Finding, ...]:
    """Return every finding about one plan; `changes` are all those of the resources that it wants."""
    where = str(client_address(plan.client.id))
    fields, tenant = live.get(client_address(plan.client.id)), live.get(TENANT, {})
    after = settled(plan, live, changes)
    return (
        *_existence(plan, fields, tenant, where),
        *_scopes(plan, tenant),
        *_as_found(plan, fields or {}, where),
        *_principal(plan, live, tenant),
        *_claims(plan, fields or {}, where),
        *_intents(plan, where),
        *_shared(plan, live),
        *_issuer(plan, tenant),
        *check_credentials(plan, live, changes),
        *check_urls(members(after.get(WEB)), where, ("coder", "access_url")),
        *check_lifetimes(_without_idle_promise(plan), effective(plan, after), where),
    )


def settled(plan: Plan, live: Live, changes: tuple[Change, ...]) -> Fields:
    """Return the application as it will be after the plan."""
    address = client_address(plan.client.id)
    after = {name: value for change in changes if change.address == address for name, value in change.after.items()}
    return {**live.get(address, {}), **after}


def _without_idle_promise(plan: Plan) -> Plan:
    # an idle timeout that cannot be set is a finding of its own
    tokens = plan.refresh_tokens
    if tokens.idle_timeout in (None, IDLE):
        return plan
    return plan.model_copy(update={"refresh_tokens": tokens.model_copy(update={"idle_timeout": None})})


def _existence(plan: Plan, fields: Fields | None, tenant: Fields, where: str) -> Iterator[Finding]:
    if fields is not None:
        return
    name, path = plan.client.id, ("client", "id")
    deleted = tenant.get(f"{BIN}[{name}]")
    if is_adopted(plan):
        problem = f"tenant `{entra(plan).tenant}` has no application with appId `{name}`"
        fix = "check appId and tenant; for a new application write a name, as `id: coder`"
        if deleted:
            problem, fix = (
                f"the application with appId `{name}` was deleted",
                f"restore it: {_restoring(plan, deleted)}",
            )
        yield codes.UNKNOWN_APPLICATION.finding(problem, fix=fix, where=where, path=path)
    elif deleted:
        problem = f"application `{name}` was deleted; a new one has another appId, and its users other `sub`s"
        fix = f"to have the old one back: {_restoring(plan, deleted)}"
        yield codes.DELETED.finding(problem, fix=fix, where=where, path=path)


def _restoring(plan: Plan, deleted: Value) -> str:
    return f"az rest --method POST --url {entra(plan).graph}/v1.0/directory/deletedItems/{deleted}/restore"


def _scopes(plan: Plan, tenant: Fields) -> Iterator[Finding]:
    known, named = members(tenant.get(KNOWN_SCOPES)), [scope.name for scope in plan.client.scopes]
    paths = {graph_name(plan, name) or name: ("client", "scopes", index) for index, name in enumerate(named)}
    for name in sorted(graph_scopes(plan) - known if known else ()):
        problem, fix = _unknown(name, known)
        yield codes.UNKNOWN_SCOPE.finding(problem, fix=fix, path=paths.get(name, ("client",)))
    for name in sorted(name for name in named if not graph_name(plan, name)):
        problem = f"scope `{name}` is another API's: it is asked for, but not added to the application"
        fix = "add its permission to the application by hand, under API permissions"
        yield codes.NOT_MANAGED_SCOPE.finding(problem, fix=fix, path=paths[name])


def _unknown(name: str, known: frozenset[str]) -> tuple[str, str]:
    if known == frozenset(DELEGATED):
        fix = "grant the tool `Application.Read.All`, or leave the scope out"
        return f"the id of Microsoft Graph's permission `{name}` cannot be read", fix
    close = difflib.get_close_matches(name, sorted(known), n=1)
    fix = f"did you mean `{close[0]}`?" if close else "see Microsoft Graph's permissions reference for its name"
    return f"Microsoft Graph has no delegated permission `{name}`", fix


def _as_found(plan: Plan, fields: Fields, where: str) -> Iterator[Finding]:
    """What is wrong with the application as it is; apply mends the first three."""
    callback, path = plan.coder.callback, ("coder", "access_url")
    rows = (
        (SPA, codes.SPA_REDIRECT, "refresh tokens end after 24h"),
        (PUBLIC, codes.PUBLIC_REDIRECT, "Coder's secret is refused"),
    )
    for field, rule, effect in rows:
        if callback in members(fields.get(field)):
            problem = f"`{callback}` is under `{field.partition('.')[0]}`: {effect}"
            yield rule.finding(
                problem, fix="apply moves it to `web`; then everybody signs in anew", where=where, path=path
            )
    if fields.get(PUBLIC_FLOWS) is True:
        problem = "`Allow public client flows` is on"
        yield codes.PUBLIC_FLOWS_ON.finding(problem, fix="apply switches it off", where=where, path=("client",))
    if fields.get("isDisabled") is True:
        problem = f"application `{plan.client.id}` is disabled"
        yield codes.DISABLED.finding(problem, fix="enable it in Entra", where=where, path=("client", "id"))
    audience = client_part(plan).sign_in_audience or fields.get(AUDIENCE) or OWN_TENANT
    if audience != OWN_TENANT:
        problem = f"the sign-in audience is {audience}, and Coder accepts tokens of one tenant"
        fix = f"state `client: {{sign_in_audience: {OWN_TENANT}}}`"
        yield codes.OTHER_TENANTS.finding(problem, fix=fix, where=where, path=("client", "sign_in_audience"))


def _principal(plan: Plan, live: Live, tenant: Fields) -> Iterator[Finding]:
    client, address = client_part(plan), principal_address(plan.client.id)
    found, where = live.get(address, {}), str(address)
    if found.get("accountEnabled") is False:
        problem = f"the service principal of `{plan.client.id}` is disabled: nobody may sign in"
        yield codes.DISABLED.finding(
            problem, fix="enable it under Enterprise applications", where=where, path=("client", "id")
        )
    required = client.assignment_required
    if found.get(ASSIGNMENT) is True if required is None else required:
        problem = "people who are not assigned to the application are refused"
        yield codes.ASSIGNMENT_REQUIRED.finding(
            problem, fix="assign Coder's users or a group", where=where, path=("client", "assignment_required")
        )
    if plan.client.id in members(tenant.get(UNKNOWN_CONSENT)):
        app_id = live.get(client_address(plan.client.id), {}).get("appId")
        fix = (
            f"an administrator opens {consent_url(entra(plan), str(app_id))} once"
            if app_id
            else "consent once it exists"
        )
        rule, problem = codes.CONSENT_UNKNOWN, "whether an administrator has consented for everybody cannot be read"
        if client.admin_consent:
            rule, problem = codes.CONSENT_NOT_GIVEN, f"`client.admin_consent` is true, and {problem}: apply gives none"
        yield rule.finding(problem, fix=fix, where=where, path=("client", "admin_consent"))


def _claims(plan: Plan, fields: Fields, where: str) -> Iterator[Finding]:
    client, claim = client_part(plan), plan.client.groups_claim
    if client.email_claim != "email":
        problem = f"`{client.email_claim}` is taken for the email address"
        fix = "leave `email_claim` out where everybody has a mailbox"
        yield codes.UPN_OF_GUESTS.finding(problem, fix=fix, where=where, path=("client", "email_claim"))
    if claim is None:
        yield from _without_claim(client, where)
        return
    path = ("client", "groups_claim")
    wrong = claim.name != "groups" or claim.from_ != "groups" or claim.full_path
    if wrong:
        problem = f"a groups claim `{claim.name}` from {claim.from_}{' with full paths' if claim.full_path else ''} is asked for"
        yield codes.GROUPS_SHAPE.finding(problem, fix="write `groups_claim: groups`", where=where, path=path)
    elif fields.get(AS_ROLES):
        problem = f"the optional claim `groups` has `{EMIT_AS_ROLES}`, so groups come as `roles` and Coder sees none"
        fix = "take it out, under Token configuration of the application"
        yield codes.GROUPS_AS_ROLES.finding(problem, fix=fix, where=where, path=path)
    elif client.group_membership != "ApplicationGroup":
        problem = f"the claim holds every group of {client.group_membership}"
        fix = "state `group_membership: ApplicationGroup` and assign Coder's groups to the application"
        yield codes.MANY_GROUPS.finding(problem, fix=fix, where=where, path=path)


def _without_claim(client: EntraClient, where: str) -> Iterator[Finding]:
    if client.stated("group_membership"):
        problem = f"`client.group_membership` is {client.group_membership}, and the plan asks for no claim of groups"
        fix, path = (
            "state `client: {groups_claim: groups}`, or leave `group_membership` out",
            ("client", "group_membership"),
        )
        yield codes.MEMBERSHIP_WITHOUT_CLAIM.finding(problem, fix=fix, where=where, path=path)


def _intents(plan: Plan, where: str) -> Iterator[Finding]:
    """What no tenant can be told: each with the fact, its source and what to do instead."""
    tokens, access = plan.refresh_tokens, plan.access_tokens.lifetime
    if tokens.idle_timeout not in (None, IDLE):
        yield _idle_fixed(tokens.idle_timeout, where)
    if isinstance(tokens.max_lifetime, int):
        yield _maximum_fixed(tokens.max_lifetime, where)
    if tokens.rotation == "rotate":
        problem = "`refresh_tokens.rotation` is rotate, but Entra never uses a refresh token up"
        fix = "state `refresh_tokens: {rotation: reuse}`"
        yield codes.NO_ROTATION.finding(problem, fix=fix, where=where, path=("refresh_tokens", "rotation"))
    if access is not None:
        problem = f"`access_tokens.lifetime` is {format_duration(access)}, but Coder's access tokens are Graph's: they last 60 to 90 minutes"
        fix = "leave `access_tokens` out; Coder refreshes whatever it is"
        yield codes.ACCESS_FIXED.finding(problem, fix=fix, where=where, path=("access_tokens", "lifetime"))


def _idle_fixed(idle: int, where: str) -> Finding:
    asked = format_duration(idle)
    guide = " (24h is what the guide says; it holds for single-page applications only)" if idle == DAY else ""
    problem = f"`refresh_tokens.idle_timeout` is {asked}, but Entra's is 90d and nobody can change it{guide}"
    fix = "state `refresh_tokens: {idle_timeout: 90d}`"
    if idle < IDLE:
        # who is away for longer signs in again at Coder, whatever Entra would allow
        fix = f"{fix}, and `coder: {{session_duration: {asked}}}` for who is away longer"
    return codes.LIFETIME_FIXED.finding(problem, fix=fix, where=where, path=("refresh_tokens", "idle_timeout"))


def _maximum_fixed(maximum: int, where: str) -> Finding:
    asked = format_duration(maximum)
    guide = " (90d is what the guide says; that is the time without use)" if maximum == IDLE else ""
    problem = f"`refresh_tokens.max_lifetime` is {asked}, but Entra's refresh tokens have no maximum and nobody can set one{guide}"
    fix = "state `refresh_tokens: {max_lifetime: unlimited}`; to end sessions earlier, revoke them by hand"
    return codes.LIFETIME_FIXED.finding(problem, fix=fix, where=where, path=("refresh_tokens", "max_lifetime"))


def _shared(plan: Plan, live: Live) -> Iterator[Finding]:
    shared = plan.shared
    if not isinstance(shared, EntraShared):
        return
    frequency, lifetime = shared.sign_in_frequency, shared.token_lifetime
    if frequency is not None:
        problem = (
            f"a sign-in every {format_duration(frequency)} is asked for, and Coder's refreshes do not count as one"
        )
        fix = f"bound Coder's own session: `coder: {{session_duration: {format_duration(frequency)}}}`"
        yield codes.FREQUENCY_DEFERRED.finding(problem, fix=fix, path=("shared", "sign_in_frequency"))
    if lifetime is not None:
        problem = f"a token lifetime of {format_duration(lifetime)} counts for Coder's ID tokens alone"
        yield codes.ID_TOKEN_ONLY.finding(
            problem, fix="leave it out unless ID tokens are meant", path=("shared", "token_lifetime")
        )
    if frequency is not None and lifetime is not None:
        problem = "`shared` states a sign-in frequency and a token lifetime for one application"
        yield codes.POLICIES_TOGETHER.finding(problem, fix="keep one of the two", path=("shared",))
    held = live.get(TENANT, {}).get(other_lifetime_field(str(live.get(client_address(plan.client.id), {}).get("id"))))
    if lifetime is not None and held:
        problem = (
            f"application `{plan.client.id}` has the token lifetime policy `{held}` already, and can have one alone"
        )
        fix = "take that one off the application, or take the line out"
        yield codes.OTHER_LIFETIME.finding(problem, fix=fix, path=("shared", "token_lifetime"))
    if lifetime is not None and live.get(TENANT, {}).get(EVERYBODYS):
        problem = f"the organization has a default token lifetime policy `{live[TENANT][EVERYBODYS]}`"
        fix = f"make that one no default any more, or take the line out: until then `{LIFETIME.name}` does nothing"
        yield codes.ORGANIZATION_POLICY.finding(problem, fix=fix, path=("shared", "token_lifetime"))


def _issuer(plan: Plan, tenant: Fields) -> Iterator[Finding]:
    settings = entra(plan)
    where, path = f"tenant/{settings.tenant}", ("identity_provider", "tenant")
    if ISSUER_PROBLEM in tenant:
        fix = "check `identity_provider.authority`, and that its discovery document can be reached from here"
        yield ISSUER_UNKNOWN.finding(str(tenant[ISSUER_PROBLEM]), fix=fix, where=where, path=path)
    issuer = tenant.get(ISSUER)
    if isinstance(issuer, str) and issuer != settings.issuer():
        problem = f"the tenant's issuer is `{issuer}`, the plan's address gives `{settings.issuer()}`"
        yield ISSUER_MISMATCH.finding(
            problem, fix="check `identity_provider.authority` and `tenant`", where=where, path=path
        )

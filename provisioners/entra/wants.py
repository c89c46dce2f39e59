"""From a plan to what Entra must hold: pure. What is always ours stands in `ALWAYS`; everything else only where the plan states it."""

from __future__ import annotations

from ...plans.client_secret import given_address, secret_of_coder
from ...plans.errors import Refused
from ...plans.model import Plan
from ...plans.redirects import temporary_of
from ...plans.resources import Address, Desired, Exactly, Fields, Includes, Live, Want, Wants
from ...plans.sealed import Sealed
from . import credentials
from .certificates import Facts, facts_of
from .credentials import Terms, Verdict
from .fields import (
    ACCESS_GRANT,
    API_VERSION,
    ASSIGNMENT,
    AUDIENCE,
    CERTIFICATES,
    GROUPS,
    ID_CLAIMS,
    ID_GRANT,
    NAME,
    OFFLINE_ACCESS,
    OWNERS,
    PERMISSIONS,
    PUBLIC,
    PUBLIC_FLOWS,
    READ_AT,
    SCOPES,
    SECRETS,
    SPA,
    TENANT,
    UNKNOWN_CONSENT,
    WEB,
    certificate_address,
    client_address,
    consent_address,
    group_kinds,
    members,
    principal_address,
    secret_address,
)
from .settings import EntraClient, EntraSettings, EntraShared, is_guid

NO = Exactly(False)  # noqa: FBT003  # the wanted value itself
NOT_OURS = "leave `--rotate-secret` out, or let the tool keep the secret: `client: {secret: {store: ...}}`"
ALWAYS: Wants = {PUBLIC_FLOWS: NO, ID_GRANT: NO, ACCESS_GRANT: NO}
OWN_TENANT = "AzureADMyOrg"
PERSONAL = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
# of these one is enough, and one gives way to another (application resource, groupMembershipClaims)
_OF_GROUPS = frozenset({"SecurityGroup", "ApplicationGroup", "All"})
_WIDER = {"SecurityGroup": frozenset({"All"})}
FREQUENCY = Address("conditional-access-policy", "oidc-provision: sign-in frequency")
LIFETIME = Address("token-lifetime-policy", "oidc-provision: token lifetime")
REPORT_ONLY = "enabledForReportingButNotEnforced"


def desired(plan: Plan, live: Live, *, rotate: bool = False) -> Desired:
    """Return what is ours of the tenant: nothing, where an application that is to be adopted does not exist.

    Raises Refused where a secret is to be replaced that the plan does not keep.
    """
    if is_adopted(plan) and TENANT in live and client_address(plan.client.id) not in live:
        return {}
    name, client = plan.client.id, client_part(plan)
    if rotate and (client.secret is None or client.secret.store is None):
        raise Refused(f"the secret of `{name}` is not this tool's to make", fix=NOT_OURS)
    wanted: dict[Address, Wants] = {
        client_address(name): _application_wants(plan, live),
        principal_address(name): _principal_wants(client),
        **_consent_wants(plan, live),
        **_shared_wants(plan, live),
    }
    if client.secret is not None and client.secret.store is not None:
        wanted[secret_address(name)] = {SECRETS: _secret_want(plan, live, rotate=rotate)}
    if client.certificate is not None:
        wanted[certificate_address(name)] = {CERTIFICATES: _certificate_want(plan, live)}
    return wanted


def entra(plan: Plan) -> EntraSettings:
    """Return the plan's Entra settings; a plan of another kind here is a bug of the caller."""
    if not isinstance(plan.identity_provider, EntraSettings):
        msg = f"not an Entra plan: {plan.identity_provider.type}"
        raise TypeError(msg)
    return plan.identity_provider


def client_part(plan: Plan) -> EntraClient:
    """Return the client section with Entra's own keys; a plan of another kind here is a bug of the caller."""
    if not isinstance(plan.client, EntraClient):
        msg = "not an Entra plan: its client has no Entra keys"
        raise TypeError(msg)
    return plan.client


def scopes_of(plan: Plan) -> tuple[str, ...]:
    """Return what Coder asks for: the plan's scopes, and `offline_access` last, where the guide prints it."""
    named = tuple(scope.name for scope in plan.client.scopes)
    return named if OFFLINE_ACCESS in named else (*named, OFFLINE_ACCESS)


def graph_name(plan: Plan, scope: str) -> str:
    """Return what Graph calls a scope, with or without its address; "" for one of another API, which carries that API's address."""
    name = scope.removeprefix(f"{entra(plan).graph}/")
    return "" if set(name) & set(":/") else name


def graph_scopes(plan: Plan) -> frozenset[str]:
    """Return those of Coder's scopes that are Graph's, by the names of its permissions."""
    return frozenset(graph_name(plan, scope) for scope in scopes_of(plan)) - {""}


def _application_wants(plan: Plan, live: Live) -> Wants:
    client, fields = client_part(plan), live.get(client_address(plan.client.id))
    web = frozenset({plan.coder.callback, *client.redirect_uris})
    wants: dict[str, Want] = {
        **ALWAYS,
        WEB: Includes(web, temporary_of(members((fields or {}).get(WEB))) - web),
        # under `spa` refresh tokens end after 24 hours, under `publicClient` Coder's secret is refused (facts 0, 6);
        # and one address under two platforms is refused
        SPA: Includes(frozenset(), web),
        PUBLIC: Includes(frozenset(), web),
        PERMISSIONS: Includes(graph_scopes(plan)),
        ID_CLAIMS: Includes(_claims(plan, new=fields is None)),
        **_named(plan, client, fields),
    }
    if client.groups_claim is not None:
        wants[GROUPS] = Exactly(_groups(client, fields or {}))
    if client.owners:
        wants[OWNERS] = Includes(frozenset(client.owners))
    return wants


def _named(plan: Plan, client: EntraClient, fields: Fields | None) -> Wants:
    wants: dict[str, Want] = {}
    if client.name is not None or fields is None:
        wants[NAME] = Exactly(client.name or plan.client.id)
    if client.sign_in_audience is not None or fields is None:
        wants[AUDIENCE] = Exactly(client.sign_in_audience or OWN_TENANT)
    if client.sign_in_audience in PERSONAL:
        # Entra takes these audiences with version 2 alone (facts 1)
        wants[API_VERSION] = Exactly(2)
    return wants


def _claims(plan: Plan, *, new: bool) -> frozenset[str]:
    # `preferred_username` comes with `profile`; `email` and `upn` are optional claims (facts 7)
    client = client_part(plan)
    email = {client.email_claim} - {"preferred_username"}
    if "email" in graph_scopes(plan) and not new:
        # the scope brings it as well, so an application that runs without the claim is left as it is
        email -= {"email"}
    return frozenset(email | ({"groups"} if client.groups_claim is not None else set()))


def _groups(client: EntraClient, fields: Fields) -> str:
    held, wanted = group_kinds(fields.get(GROUPS)), client.group_membership
    if held & ({wanted} | _WIDER.get(wanted, frozenset())):
        return str(fields[GROUPS])
    return ",".join(sorted((held - _OF_GROUPS) | {wanted}))


def _principal_wants(client: EntraClient) -> Wants:
    return {} if client.assignment_required is None else {ASSIGNMENT: Exactly(client.assignment_required)}


def _consent_wants(plan: Plan, live: Live) -> Desired:
    tenant = live.get(TENANT, {})
    # what cannot be read is nobody's difference: a finding says so
    if plan.client.id in members(tenant.get(UNKNOWN_CONSENT)):
        return {}
    return {consent_address(plan.client.id): {SCOPES: Includes(graph_scopes(plan))}}


def terms_of(client: EntraClient) -> Terms:
    """Return what the plan says of secrets."""
    return Terms(client.secret_validity, client.rotation_overlap, client.rotate_before)


def now_of(live: Live) -> int:
    """Return when the tenant was read."""
    at = live.get(TENANT, {}).get(READ_AT)
    return at if isinstance(at, int) else 0


def secret_verdict(plan: Plan, live: Live, *, rotate: bool = False) -> Verdict:
    """Return what is to become of the application's secrets."""
    stored = secret_of_coder(plan.client.id, live)
    found = credentials.of_fields(live.get(secret_address(plan.client.id), {}))
    told = None if stored is None else stored.reveal()
    return credentials.decide(found, told, now_of(live), terms_of(client_part(plan)), rotate=rotate)


def _secret_want(plan: Plan, live: Live, *, rotate: bool) -> Want:
    verdict, client = secret_verdict(plan, live, rotate=rotate), client_part(plan)
    place = str(client.secret.reference) if client.secret is not None else ""
    new = {credentials.new_label(terms_of(client), place)} if verdict.add else set()
    return Includes(frozenset(new), frozenset(each.label for each in verdict.remove))


def certificate_facts(plan: Plan, live: Live) -> Facts:
    """Return what the plan's certificate says."""
    value = live.get(given_address(plan.client.id), {}).get("certificate")
    return facts_of(value.reveal()) if isinstance(value, Sealed) else Facts(problem="was not read")


def certificate_verdict(plan: Plan, live: Live) -> Verdict:
    """Return what is to become of the application's certificates."""
    facts, now = certificate_facts(plan, live), now_of(live)
    found = credentials.of_fields(live.get(certificate_address(plan.client.id), {}))
    return credentials.decide_certificate(
        found, facts.credential, now, terms_of(client_part(plan)), usable=not facts.problem_at(now)
    )


def _certificate_want(plan: Plan, live: Live) -> Want:
    verdict = certificate_verdict(plan, live)
    new = {certificate_facts(plan, live).credential.label} if verdict.add else set()
    return Includes(frozenset(new), frozenset(each.label for each in verdict.remove))


def _shared_wants(plan: Plan, live: Live) -> Desired:
    shared, wanted = plan.shared, dict[Address, Wants]()
    if not isinstance(shared, EntraShared):
        return {}
    applications = Includes(frozenset({plan.client.id}))
    # an administrator may have widened it to all of them
    everything = "All" in members(live.get(FREQUENCY, {}).get("applications"))
    if shared.sign_in_frequency is not None:
        wants: Wants = {"frequency": Exactly(shared.sign_in_frequency)}
        wants = wants if everything else {**wants, "applications": applications}
        # only where we make it: an administrator may have switched it on since
        wanted[FREQUENCY] = wants if FREQUENCY in live else {**wants, "state": Exactly(REPORT_ONLY)}
    if shared.token_lifetime is not None:
        wanted[LIFETIME] = {"lifetime": Exactly(shared.token_lifetime), "applications": applications}
    return wanted


def is_adopted(plan: Plan) -> bool:
    """Tell whether the plan names an application that exists, by its appId."""
    return is_guid(plan.client.id)

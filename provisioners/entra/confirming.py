"""What of an application stands in a sign-in's way, as evidence for `verify`. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from ...plans.model import Plan
from ...plans.resources import Live
from ...plans.steps import Step, failed, not_reached, ok, unclear
from .credentials import Credential
from .fields import (
    PUBLIC,
    SCOPES,
    SPA,
    TENANT,
    UNKNOWN_CONSENT,
    certificate_address,
    client_address,
    consent_address,
    members,
    principal_address,
    secret_address,
)
from .order import consent_url
from .rules_of_credentials import renewal
from .settings import DAY
from .wants import certificate_verdict, client_part, entra, graph_scopes, now_of, secret_verdict

PLATFORM = ("platform", "the callback belongs to a web application that is switched on")
CONSENT = ("consent", "an administrator has consented for everybody")
CREDENTIAL = ("credential", "the secret or certificate is good for a while")
SOON = 7
"""Days."""
MISPLACED = {SPA: "refresh tokens end after 24h, whatever is done", PUBLIC: "Coder's secret is refused"}


def confirm(plan: Plan, live: Live) -> tuple[Step, ...]:
    """Return the steps; none of them asks anything."""
    if client_address(plan.client.id) not in live:
        return tuple(not_reached(*names, breaks=["client"]) for names in (PLATFORM, CONSENT, CREDENTIAL))
    return _platform(plan, live), _consent(plan, live), _credential(plan, live)


def _platform(plan: Plan, live: Live) -> Step:
    application, principal = live[client_address(plan.client.id)], live.get(principal_address(plan.client.id))
    for field, effect in MISPLACED.items():
        if plan.coder.callback in members(application.get(field)):
            problem = f"the callback is under `{field.partition('.')[0]}`: {effect}"
            return failed(*PLATFORM, problem, fix="run `oidc-provision apply`", breaks=["redirect"])
    if principal is None:
        problem = "the application has no service principal, so nobody can sign in"
        return failed(*PLATFORM, problem, fix="run `oidc-provision apply`", breaks=["client"])
    if application.get("isDisabled") is True or principal.get("accountEnabled") is False:
        return failed(*PLATFORM, "it is disabled", fix="enable it in Entra", breaks=["client"])
    return ok(*PLATFORM, f"appId {application['appId']}")


def _consent(plan: Plan, live: Live) -> Step:
    app_id = live[client_address(plan.client.id)].get("appId")
    fix = f"an administrator opens {consent_url(entra(plan), str(app_id))}"
    if plan.client.id in members(live.get(TENANT, {}).get(UNKNOWN_CONSENT)):
        return unclear(*CONSENT, "reading consent needs a right that the sign-in lacks", fix=fix)
    held = members(live.get(consent_address(plan.client.id), {}).get(SCOPES))
    missing = sorted(graph_scopes(plan) - held)
    if missing:
        # people may be allowed to consent for themselves
        return unclear(*CONSENT, f"nobody has consented to {' '.join(missing)} for everybody", fix=fix)
    return ok(*CONSENT, f"granted: {' '.join(sorted(held))}")


def _credential(plan: Plan, live: Live) -> Step:
    client, now = client_part(plan), now_of(live)
    if client.secret is None and client.certificate is None:
        return unclear(*CREDENTIAL, "the plan names neither", fix="state `client.secret` or `client.certificate`")
    verdict = secret_verdict(plan, live) if client.certificate is None else certificate_verdict(plan, live)
    if verdict.unclear:
        return unclear(*CREDENTIAL, "Entra tells no hint of the secrets, so it cannot be told which is in use")
    if verdict.in_service is None:
        kind = secret_address if client.certificate is None else certificate_address
        fix = "run `oidc-provision apply`, then give Coder what `env` prints"
        if client.secret is not None and client.secret.store is None:
            fix = renewal(plan)
        problem, where = "Coder's is none of the application's that are good", str(kind(plan.client.id))
        return failed(*CREDENTIAL, problem, where, fix=fix, breaks=["secret"])
    return _lasting(plan, verdict.in_service, now)


def _lasting(plan: Plan, current: Credential, now: int) -> Step:
    if not current.end:
        return ok(*CREDENTIAL, current.label)
    days, before = (current.end - now) // DAY, client_part(plan).rotate_before or 0
    if days < max(before // DAY, SOON):
        until = datetime.fromtimestamp(current.end, UTC).strftime("%Y-%m-%d")
        return unclear(*CREDENTIAL, f"it ends on {until}, in {days} days", current.label, fix=renewal(plan))
    return ok(*CREDENTIAL, f"{current.label}: {days} days left")

"""Judgements about an application's secrets and certificates. Pure; the texts behind the codes are in `codes`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ...plans.client_secret import given_address
from ...plans.diff import Change
from ...plans.durations import format_duration
from ...plans.findings import Finding
from ...plans.model import Plan
from ...plans.resources import Live
from ...plans.sealed import Sealed
from . import codes, credentials
from .certificates import key_problem
from .credentials import Credential, Verdict
from .fields import TENANT, certificate_address, client_address, secret_address
from .policies import Limits, of_fields
from .settings import DAY
from .wants import certificate_facts, certificate_verdict, client_part, now_of, secret_verdict

SOON = 30 * DAY
"""Who has not said `rotate_before` is warned this long ahead."""
SECRET, CERTIFICATE = ("client", "secret"), ("client", "certificate")


def check_credentials(plan: Plan, live: Live, changes: tuple[Change, ...]) -> Iterator[Finding]:
    """Yield what is to be said of the plan's secret or certificate."""
    limits = of_fields(plan.client.id, live.get(TENANT, {}))
    if plan.client.secret is not None:
        # what the changes say: a rotation that was asked for shows there alone
        rotating = any(change.address == secret_address(plan.client.id) and change.edits for change in changes)
        yield from _secret(plan, live, limits, rotating=rotating)
    elif client_part(plan).certificate is not None:
        yield from _certificate(plan, live, limits)
    else:
        yield _none(plan, live)


def _none(plan: Plan, live: Live) -> Finding:
    where, name = str(client_address(plan.client.id)), plan.client.id
    if client_address(name) in live:
        problem = f"the plan says nothing of the secret or certificate of `{name}`"
        fix = "state `client: {secret: {store: ...}}`, or `{from: ...}` where somebody else keeps it"
        return codes.CREDENTIAL_ELSEWHERE.finding(problem, fix=fix, where=where, path=("client",))
    problem = f"application `{name}` would be made without a secret, and Entra shows one only once"
    fix = 'state `client: {secret: {store: "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"}}`, or a `certificate`'
    return codes.NO_CREDENTIAL.finding(problem, fix=fix, where=where, path=("client",))


def _secret(plan: Plan, live: Live, limits: Limits, *, rotating: bool) -> Iterator[Finding]:
    verdict, where, client = secret_verdict(plan, live), str(secret_address(plan.client.id)), client_part(plan)
    given = client.secret is not None and client.secret.store is None
    if verdict.unclear:
        problem = f"some secrets of `{plan.client.id}` have no hint, so it cannot be told which is in use"
        yield codes.UNCLEAR.finding(problem, fix="run `verify`", where=where, path=SECRET)
    elif given and verdict.in_service is None:
        yield _not_there(plan, live, where)
    elif not given:
        yield from _kept(plan, verdict, where, known=client_address(plan.client.id) in live)
        if verdict.add or rotating:
            yield from _limited(plan, limits, where)
    if verdict.in_service is not None:
        yield from _ending(plan, verdict.in_service, now_of(live), where, renewed=verdict.add and not given)


def _not_there(plan: Plan, live: Live, where: str) -> Finding:
    listed = credentials.of_fields(live.get(secret_address(plan.client.id), {}))
    over = [each for each in listed if 0 < each.end <= now_of(live)]
    fix = "add a secret in Entra and put it there, or let the tool keep it: `client: {secret: {store: ...}}`"
    if over and len(over) == len(listed):
        problem = f"every secret of `{plan.client.id}` has ended"
        return codes.ENDED.finding(problem, fix=fix, where=where, path=SECRET)
    problem = f"no good secret of `{plan.client.id}` begins as the one does that the plan gives"
    return codes.SECRET_NOT_THERE.finding(problem, fix=fix, where=where, path=SECRET)


def _kept(plan: Plan, verdict: Verdict, where: str, *, known: bool) -> Iterator[Finding]:
    if verdict.orphans and not verdict.lost:
        names = ", ".join(each.label for each in verdict.orphans)
        count = len(verdict.orphans)
        problem = f"{count} {'secret' if count == 1 else 'secrets'} of ours that nobody knows: {names}"
        # with an empty store nobody can tell an orphan from one whose store was lost
        fix = "apply removes what it may, makes one that is kept, and removes the rest after `client.rotation_overlap`"
        yield codes.ORPHAN.finding(problem, fix=fix, where=where, path=SECRET)
    if known and verdict.lost:
        problem = f"what the store of `{plan.client.id}` holds is none of the application's secrets that are good"
        overlap = format_duration(client_part(plan).rotation_overlap)
        fix = f"if another file was meant, correct the plan; else apply makes a new one, and Coder must have it within {overlap}"
        yield codes.STORE_LOST.finding(problem, fix=fix, where=where, path=SECRET)


def _limited(plan: Plan, limits: Limits, where: str) -> Iterator[Finding]:
    validity, path = client_part(plan).secret_validity, ("client", "secret_validity")
    if limits.forbidden:
        problem = f"a policy of the tenant forbids secrets for `{plan.client.id}`"
        fix = "use a certificate: `client: {certificate: {file: ..., key: ...}}`"
        yield codes.SECRET_FORBIDDEN.finding(problem, fix=fix, where=where, path=SECRET)
    elif limits.longest is not None and validity > limits.longest:
        most = format_duration(limits.longest)
        problem = f"`client.secret_validity` is {format_duration(validity)}, and a policy of the tenant allows {most}"
        fix = f"state `client: {{secret_validity: {most}}}`"
        yield codes.SECRET_TOO_LONG.finding(problem, fix=fix, where=where, path=path)


def _ending(plan: Plan, current: Credential, now: int, where: str, *, renewed: bool) -> Iterator[Finding]:
    client = client_part(plan)
    if renewed or not current.end or current.end - now > (client.rotate_before or SOON):
        return
    left, until = format_duration(max((current.end - now) // DAY * DAY, 0)), _date(current.end)
    fix = f"apply --rotate-secret {plan.client.id}; and state `client: {{rotate_before: 30d}}`"
    if client.certificate is not None:
        fix = "put a new certificate where the plan's is: both are good for the overlap"
    problem = f"{current.label} of `{plan.client.id}` ends on {until}, in {left}"
    yield codes.ENDING.finding(problem, fix=fix, where=where, path=CERTIFICATE if client.certificate else SECRET)


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _certificate(plan: Plan, live: Live, limits: Limits) -> Iterator[Finding]:
    facts, where, now = certificate_facts(plan, live), str(certificate_address(plan.client.id)), now_of(live)
    over = "has ended" if facts.end and facts.end <= now else "is not good yet" if facts.start > now else ""
    if facts.problem or over:
        problem = f"the certificate of `{plan.client.id}` {facts.problem or over}"
        fix = "give an X.509 certificate in PEM with an RSA key, good from now on"
        yield codes.CERTIFICATE_UNUSABLE.finding(problem, fix=fix, where=where, path=(*CERTIFICATE, "file"))
        return
    verdict = certificate_verdict(plan, live)
    key = live.get(given_address(plan.client.id), {}).get("key")
    problem, fix = key_problem(key.reveal(), facts) if isinstance(key, Sealed) else ("", "")
    if problem:
        yield codes.KEY_UNUSABLE.finding(
            f"the private key of `{plan.client.id}` {problem}", fix=fix, where=where, path=(*CERTIFICATE, "key")
        )
    longest = limits.longest_certificate
    if verdict.add and longest is not None and facts.end - max(facts.start, now) > longest:
        problem = f"the certificate is good until {_date(facts.end)}, and a policy of the tenant allows {format_duration(longest)}"
        yield codes.CERTIFICATE_TOO_LONG.finding(
            problem, fix="use a shorter one", where=where, path=(*CERTIFICATE, "file")
        )
    current = verdict.in_service or facts.credential
    yield from _ending(plan, current, now, where, renewed=False)

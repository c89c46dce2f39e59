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
from .certificates import Facts, key_problem
from .credentials import NEW, Credential, Verdict
from .fields import SECRETS, TENANT, certificate_address, client_address, members, secret_address
from .policies import Limits, of_fields
from .settings import DAY, EntraClient
from .wants import certificate_facts, certificate_verdict, client_part, is_adopted, now_of, secret_verdict

SOON = 30 * DAY
"""Who has not said `rotate_before` is warned this long ahead."""
SKEW = 600
"""What begins no later than this is good by most clocks."""
SECRET, CERTIFICATE = ("client", "secret"), ("client", "certificate")


def check_credentials(plan: Plan, live: Live, changes: tuple[Change, ...]) -> Iterator[Finding]:
    """Yield what is to be said of the plan's secret or certificate; nothing where there cannot be an application."""
    if is_adopted(plan) and client_address(plan.client.id) not in live:
        return
    limits = of_fields(plan.client.id, live.get(TENANT, {}))
    if plan.client.secret is not None:
        yield from _secret(plan, live, limits, adding=_adds(plan, changes))
    elif client_part(plan).certificate is not None:
        yield from _certificate(plan, live, limits)
    else:
        yield _none(plan, live)
        return
    yield from _left(plan, live)


def _adds(plan: Plan, changes: tuple[Change, ...]) -> bool:
    # what the changes say: a rotation that was asked for shows there alone
    edits = (change.edit(SECRETS) for change in changes if change.address == secret_address(plan.client.id))
    return any(label.startswith(NEW) for edit in edits if edit is not None for label in members(edit.after))


def _left(plan: Plan, live: Live) -> Iterator[Finding]:
    """What Coder used before a move to the other kind: it is good until somebody removes it."""
    name, now = plan.client.id, now_of(live)
    kind, address = "certificate", certificate_address(name)
    if client_part(plan).certificate is not None:
        kind, address = "secret", secret_address(name)
    for each in credentials.of_fields(live.get(address, {})):
        if each.is_ours and not each.is_over(now):
            yield _unused(plan, live, each, kind, "is still good, and the plan uses none")


def _unused(plan: Plan, live: Live, each: Credential, kind: str, why: str) -> Finding:
    address, switch = (secret_address, "") if kind == "secret" else (certificate_address, " --cert")
    app_id = live.get(client_address(plan.client.id), {}).get("appId")
    fix = f"once Coder runs without it: `az ad app credential delete --id {app_id} --key-id {each.key_id}{switch}`"
    problem, where = f"{kind} {each.label} of `{plan.client.id}` {why}", str(address(plan.client.id))
    return codes.CREDENTIAL_LEFT.finding(problem, fix=fix, where=where, path=("client",))


def _none(plan: Plan, live: Live) -> Finding:
    where, name = str(client_address(plan.client.id)), plan.client.id
    if client_address(name) in live:
        problem = f"the plan says nothing of the secret or certificate of `{name}`"
        fix = "state `client: {secret: {store: ...}}`, or `{from: ...}` where somebody else keeps it"
        return codes.CREDENTIAL_ELSEWHERE.finding(problem, fix=fix, where=where, path=("client",))
    problem = f"application `{name}` would be made without a secret, and Entra shows one only once"
    fix = 'state `client: {secret: {store: "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"}}`, or a `certificate`'
    return codes.NO_CREDENTIAL.finding(problem, fix=fix, where=where, path=("client",))


def _secret(plan: Plan, live: Live, limits: Limits, *, adding: bool) -> Iterator[Finding]:
    verdict, where, client = secret_verdict(plan, live), str(secret_address(plan.client.id)), client_part(plan)
    given = client.secret is not None and client.secret.store is None
    if adding and not given:
        yield from _limited(plan, limits, where)
    if verdict.unclear:
        problem = f"some secrets of `{plan.client.id}` have no hint, so it cannot be told which is in use"
        fix = f"run `oidc-provision verify`; where it is not accepted, `apply --rotate-secret {plan.client.id}`"
        if given:
            fix = "run `oidc-provision verify`"
        yield codes.UNCLEAR.finding(problem, fix=fix, where=where, path=SECRET)
    elif given and verdict.in_service is None:
        yield _not_there(plan, live, where)
    elif not given:
        yield from _orphans(plan, verdict, where)
        if verdict.lost and client_address(plan.client.id) in live:
            yield _lost(plan, live, verdict, where)
        yield from _overlapping(plan, live, verdict, where, adding=adding)
    if verdict.in_service is not None and (given or not adding):
        yield from _ending(plan, verdict.in_service, now_of(live), where)


def _overlapping(plan: Plan, live: Live, verdict: Verdict, where: str, *, adding: bool) -> Iterator[Finding]:
    """Two that are good at once: until when, so that Coder gets the new one in time."""
    current, overlap = verdict.in_service, client_part(plan).rotation_overlap
    fix = "before that, restart Coder with what `oidc-provision env` prints"
    if adding and current is not None:
        problem = f"{current.label}, which Coder uses, stays {_stays(current, now_of(live) + overlap, overlap)} beside the new secret"
        yield codes.OVERLAP.finding(problem, fix=fix, where=where, path=SECRET)
    elif verdict.before is not None and current is not None:
        until = current.start + overlap
        goes = f"stays until {_date(until)}; the first apply after that removes it"
        if _ends_first(verdict.before, until):
            goes = f"ends on {_date(verdict.before.end)}"
        problem = f"{verdict.before.label}, the secret before, {goes}"
        yield codes.OVERLAP.finding(problem, fix=fix, where=where, path=SECRET)
    hurried = secret_verdict(plan, live, rotate=adding).hurried
    if current is not None and hurried is not None:
        problem = f"{hurried.label}, the secret before, was to stay until {_date(current.start + overlap)} and goes with this rotation"
        fix = "where Coder may still use it, restart Coder with what `oidc-provision env` prints before this is applied"
        yield codes.HURRIED.finding(problem, fix=fix, where=where, path=SECRET)


def _stays(current: Credential, until: int, overlap: int) -> str:
    if _ends_first(current, until):
        return f"until it ends on {_date(current.end)}"
    # what somebody else made is never taken away
    return f"for {format_duration(overlap)}" if current.is_ours else "until somebody removes it"


def _ends_first(each: Credential, until: int) -> bool:
    return 0 < each.end < until


def _not_there(plan: Plan, live: Live, where: str) -> Finding:
    fix = "add a secret in Entra and put it there, or let the tool keep it: `client: {secret: {store: ...}}`"
    if _all_over(plan, live):
        problem = f"every secret of `{plan.client.id}` has ended"
        return codes.ENDED.finding(problem, fix=fix, where=where, path=SECRET)
    problem = f"no good secret of `{plan.client.id}` begins as the one does that the plan gives"
    if client_address(plan.client.id) not in live:
        problem = (
            f"application `{plan.client.id}` does not exist yet, so the secret that the plan gives cannot be its own"
        )
    return codes.SECRET_NOT_THERE.finding(problem, fix=fix, where=where, path=SECRET)


def _all_over(plan: Plan, live: Live) -> bool:
    listed, now = credentials.of_fields(live.get(secret_address(plan.client.id), {})), now_of(live)
    return bool(listed) and all(each.is_over(now) for each in listed)


def _orphans(plan: Plan, verdict: Verdict, where: str) -> Iterator[Finding]:
    if not verdict.orphans or verdict.lost:
        return
    names, count = ", ".join(each.label for each in verdict.orphans), len(verdict.orphans)
    problem = f"{count} {'secret' if count == 1 else 'secrets'} of ours that nobody knows: {names}"
    fix = "run `oidc-provision apply`: it removes what nobody can use"
    if verdict.in_service is None:
        # with an empty store nobody can tell an orphan from one whose store was lost
        overlap = format_duration(client_part(plan).rotation_overlap)
        fix = f"{fix}, and makes one that is kept; one that may be in service stays for {overlap}"
    yield codes.ORPHAN.finding(problem, fix=fix, where=where, path=SECRET)


def _lost(plan: Plan, live: Live, verdict: Verdict, where: str) -> Finding:
    if _all_over(plan, live):
        problem = f"every secret of `{plan.client.id}` has ended"
        fix = "run `oidc-provision apply`: it makes a new one, which Coder needs at once"
        return codes.ENDED.finding(problem, fix=fix, where=where, path=SECRET)
    problem = f"what the store of `{plan.client.id}` holds is none of the application's secrets that are good"
    overlap = format_duration(client_part(plan).rotation_overlap)
    # only one of ours is taken away after the overlap
    soon = f"must have it within {overlap}" if verdict.orphans else "needs it"
    fix = f"if another place was meant, correct `client.secret.store`; else apply makes a new one, and Coder {soon}"
    return codes.STORE_LOST.finding(problem, fix=fix, where=where, path=SECRET)


def _limited(plan: Plan, limits: Limits, where: str) -> Iterator[Finding]:
    validity, path = client_part(plan).secret_validity, ("client", "secret_validity")
    if limits.forbidden:
        problem = f"a policy of the tenant forbids secrets for `{plan.client.id}`"
        fix = "state a `client: {certificate: ...}` in place of `secret`, with `file`, `key`, `coder_cert_file` and `coder_key_file`"
        yield codes.SECRET_FORBIDDEN.finding(problem, fix=fix, where=where, path=SECRET)
    elif limits.longest is not None and validity > limits.longest:
        most = format_duration(limits.longest)
        problem = f"`client.secret_validity` is {format_duration(validity)}, and a policy of the tenant allows {most}"
        fix = f"state `client: {{secret_validity: {most}}}`"
        yield codes.SECRET_TOO_LONG.finding(problem, fix=fix, where=where, path=path)


def _ending(plan: Plan, current: Credential, now: int, where: str) -> Iterator[Finding]:
    client = client_part(plan)
    kind, path = ("certificate", CERTIFICATE) if client.certificate is not None else ("secret", SECRET)
    if current.start > now + SKEW:
        problem = f"{kind} {current.label} of `{plan.client.id}` is good from {_date(current.start)} on, and not before"
        yield codes.NOT_YET.finding(problem, fix=renewal(plan), where=where, path=path)
    if not current.ends_within(client.rotate_before or SOON, now):
        return
    left = format_duration((current.end - now) // DAY * DAY) if current.end - now >= DAY else "less than a day"
    problem = f"{kind} {current.label} of `{plan.client.id}` ends on {_date(current.end)}, in {left}"
    yield codes.ENDING.finding(problem, fix=renewal(plan), where=where, path=path)


def renewal(plan: Plan) -> str:
    """Return what somebody does so that the credential in use gives way to a new one."""
    client = client_part(plan)
    if client.certificate is not None:
        return "put a new certificate where the plan's is and run `oidc-provision apply`: both are good for the overlap"
    if client.secret is not None and client.secret.store is not None:
        rotate = f"run `oidc-provision apply --rotate-secret {plan.client.id}`"
        return rotate if client.rotate_before else f"{rotate}, and state `client: {{{_in_time(client)}}}`"
    return "add a secret in Entra, put it where `client.secret.from` points, and restart Coder with it"


def _in_time(client: EntraClient) -> str:
    """What renews a secret by itself: a third of its validity ahead, and with an overlap that fits into the rest."""
    third = client.secret_validity // 3
    before = f"rotate_before: {format_duration(min(SOON, third))}"
    fits = client.rotation_overlap <= client.secret_validity - min(SOON, third)
    return before if fits else f"{before}, rotation_overlap: {format_duration(third)}"


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _certificate(plan: Plan, live: Live, limits: Limits) -> Iterator[Finding]:
    facts, where, now = certificate_facts(plan, live), str(certificate_address(plan.client.id)), now_of(live)
    useless = facts.problem_at(now)
    if useless:
        problem = f"the certificate of `{plan.client.id}` {useless}"
        fix = "give an X.509 certificate in PEM with an RSA key, good from now on"
        yield codes.CERTIFICATE_UNUSABLE.finding(problem, fix=fix, where=where, path=(*CERTIFICATE, "file"))
        return
    yield from _key(plan, live, facts, where)
    verdict, longest = certificate_verdict(plan, live), limits.longest_certificate
    if verdict.add and longest is not None and facts.end - now > longest:
        problem = f"the certificate is good until {_date(facts.end)}, and a policy of the tenant allows {format_duration(longest)}"
        fix = f"use one that ends within {format_duration(longest)} from now"
        yield codes.CERTIFICATE_TOO_LONG.finding(problem, fix=fix, where=where, path=(*CERTIFICATE, "file"))
    yield from _ending(plan, verdict.in_service or facts.credential, now, where)
    for each in verdict.newer:
        yield _unused(plan, live, each, "certificate", "came after the one that the plan gives")


def _key(plan: Plan, live: Live, facts: Facts, where: str) -> Iterator[Finding]:
    key = live.get(given_address(plan.client.id), {}).get("key")
    problem, fix = key_problem(key.reveal(), facts) if isinstance(key, Sealed) else ("", "")
    if problem:
        said = f"the private key of `{plan.client.id}` {problem}"
        yield codes.KEY_UNUSABLE.finding(said, fix=fix, where=where, path=(*CERTIFICATE, "key"))

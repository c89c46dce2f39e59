"""From a plan and what was seen at its identity provider to what is verified, and the step that says whether the plan is empty."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ...plans.client_secret import secret_of_coder
from ...plans.coder_env import CoderEnv
from ...plans.diff import Action, Change, ChangeSet, Edit
from ...plans.errors import ProvisionError
from ...plans.findings import Severity
from ...plans.load import Deployment
from ...plans.model import Plan
from ...plans.proposal import View
from ...plans.resources import Live
from ...plans.sealed import Sealed
from ...plans.steps import Step, Verdict, failed, ok
from ...plans.versions import PKCE_SINCE
from ..habits import Habits
from .asking import Request
from .subject import Promise, Subject
from .tokens import Credentials

PLAN = ("plan", "the live state is as the plan wants it")
ENV = ("env", "the settings that Coder needs can be told")
FEW = 8


def subject_of(deployment: Deployment, live: Live, env: CoderEnv, habits: Habits) -> Subject:
    """Return what is verified: the settings that Coder is given, with the secret that it has."""
    plan = deployment.plan
    scopes = tuple(_text(env, "CODER_OIDC_SCOPES").split(","))
    parameters = _parameters(_text(env, "CODER_OIDC_AUTH_URL_PARAMS"))
    secret = env.get("CODER_OIDC_CLIENT_SECRET")
    known = secret if isinstance(secret, Sealed) else None
    # not the plan's: some identity providers name a client themselves
    client_id = _text(env, "CODER_OIDC_CLIENT_ID")
    who = Credentials(client_id, secret_of_coder(plan.client.id, live) or known)
    promise = _promise(plan, habits.lifetimes(plan, live).rules.grace)
    request = _request(plan, client_id, scopes, parameters)
    return _subject(_text(env, "CODER_OIDC_ISSUER_URL"), who, request, promise, habits)


def assumed(deployment: Deployment, live: Live, secret: Sealed | None, habits: Habits) -> Subject:
    """Return what is verified where nobody can say what Coder is given; its client id is "" where nothing tells it."""
    plan, wishes = deployment.plan, habits.wishes(deployment.plan)
    client_id = habits.client_id(plan, live)
    request = _request(plan, client_id, wishes.scopes, wishes.parameters)
    return _subject(plan.identity_provider.issuer(), Credentials(client_id, secret), request, _promise(plan, 0), habits)


def _subject(issuer: str, who: Credentials, request: Request, promise: Promise, habits: Habits) -> Subject:
    return Subject(
        issuer,
        who,
        request,
        habits.hosts,
        habits.meanings,
        promise,
        habits.fixes,
        habits.silent,
        habits.scope_names,
        habits.revokes_grant,
        habits.refusal_at,
    )


def stated(issuer: str, who: Credentials, request: Request, habits: Habits | None) -> Subject:
    """Return what is verified without a plan; `habits` are those of the issuer's vendor, where it is known."""
    if habits is None:
        return Subject(issuer, who, request)
    # what mends a part in a plan is of no use without one
    return replace(_subject(issuer, who, request, Promise(), habits), fixes={})


def _lacking(subject: Subject) -> str:
    if not subject.who.client_id:
        return "client id"
    return "client secret" if subject.who.secret is None else ""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a look and the plan tell of a deployment; without `env` the subject is assumed. `untold` says why where no other step does."""

    planned: Step
    subject: Subject
    env: CoderEnv | None = None
    untold: Step | None = None

    @property
    def lacking(self) -> str:
        """What is missing to show the client to the identity provider, "" for nothing."""
        return "" if self.env is not None else _lacking(self.subject)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What the picture itself shows."""
        return (self.planned,) if self.untold is None else (self.planned, self.untold)

    @property
    def broken(self) -> frozenset[str]:
        """The parts that whatever is not tried follows from."""
        return self.steps[-1].breaks


def untold(view: View, refusal: ProvisionError | None, subject: Subject) -> Step | None:
    """Say why nobody can tell what Coder is to be given; None where the plan's step has said it, or all of it can be assumed."""
    lacking = _lacking(subject)
    if any(_makes_client(change) for change in view.changes):
        return None
    if refusal is not None:
        parts = ("client",) if lacking == "client id" else ("client", "issuer")
        problem = f"Coder cannot be given its settings: {refusal.message}"
        return failed(*ENV, problem, refusal.where, fix=refusal.fix, breaks=parts, either=len(parts) > 1)
    if not lacking:
        return None
    options = f"--client-id ID --redirect-uri {subject.request.redirect_uri}"
    told = f"with the one that Coder has, `verify --issuer {subject.issuer} {options}` needs no plan"
    return Step(*ENV, Verdict.FOLLOWS, (told,), f"without a look nothing tells the {lacking}", cause=PLAN[0])


def _request(plan: Plan, client_id: str, scopes: tuple[str, ...], parameters: Mapping[str, str]) -> Request:
    version = plan.coder.version
    pkce = version is None or version >= PKCE_SINCE
    return Request(client_id, plan.coder.callback, scopes, parameters, pkce)


def _promise(plan: Plan, grace: int) -> Promise:
    tokens = plan.refresh_tokens
    maximum = tokens.max_lifetime if isinstance(tokens.max_lifetime, int) else None
    return Promise(plan.access_tokens.lifetime, tokens.idle_timeout, maximum, tokens.rotation, grace)


def _text(env: CoderEnv, name: str) -> str:
    value = env.get(name)
    return value if isinstance(value, str) else ""


def _parameters(text: str) -> Mapping[str, str]:
    value = json.loads(text) if text else {}
    return {str(name): str(each) for name, each in value.items()} if isinstance(value, dict) else {}


def plan_step(view: View, habits: Habits) -> Step:
    """Judge a look: nothing to change and nothing wrong, or what is."""
    if view.error is not None:
        problem = f"the identity provider could not be looked at: {view.error.message}"
        return failed(*PLAN, problem, view.error.where, fix=view.error.fix)
    errors = [finding for finding in view.findings if finding.severity is Severity.ERROR]
    changes = view.changes.changes
    if not changes and not errors:
        return ok(*PLAN, "nothing to change")
    found = [*(f"{finding.problem} [{finding.code}]" for finding in errors), *_told(changes)]
    more = (f"and {len(found) - FEW} more",) if len(found) > FEW else ()
    fix = errors[0].fix if errors else _fix(view.changes)
    parts = {part for change in changes for part in _parts(change, habits)}
    problem = "a finding of the plan is an error" if errors else "the live state differs from the plan"
    return failed(*PLAN, problem, *found[:FEW], *more, fix=fix, breaks=parts)


def _fix(changes: ChangeSet) -> str:
    """Return what we do, then what is left for a person."""
    ours = ["run `oidc-provision apply`"] if changes.sendable else []
    # one step may stand at several changes
    return "; then ".join([*ours, *dict.fromkeys(change.manual for change in changes.by_hand)])


def _parts(change: Change, habits: Habits) -> Iterator[str]:
    if _makes_client(change):
        yield "client"
    # what has no fields of ours is missed all the same
    names = [edit.field for edit in change.edits] or [""]
    yield from (part for name in names if (part := habits.part(change.address, name)))


def _makes_client(change: Change) -> bool:
    return change.action is Action.CREATE and change.address.kind == "client"


def _told(changes: tuple[Change, ...]) -> Iterator[str]:
    for change in changes:
        if change.action is not Action.UPDATE:
            yield f"`{change.address}` does not exist" if change.action is Action.CREATE else f"`{change.address}`"
            continue
        yield from (f"`{change.address}`: {_edit(edit)}" for edit in change.edits)


def _edit(edit: Edit) -> str:
    before, after = edit.before, edit.after
    if isinstance(after, frozenset):
        old = before if isinstance(before, frozenset) else frozenset()
        parts = [("lacks", after - old), ("should not have", old - after)]
        return f"{edit.field} " + " and ".join(f"{word} {', '.join(sorted(each))}" for word, each in parts if each)
    if isinstance(before, Sealed) or isinstance(after, Sealed):
        return f"{edit.field} is another one"
    return f"{edit.field} is {_shown(before)}, not {_shown(after)}"


def _shown(value: object) -> str:
    if value is None:
        return "absent"
    return str(value).lower() if isinstance(value, bool) else str(value)

"""What keeps an apply from starting, with the figures and the way past."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .diff import Action, Change
from .errors import Refused
from .proposal import Proposal, View
from .sealed import Sealed

MANY = 10
SHARE = 0.3
"""octoDNS's measure: from ten existing resources on, changing more than 30 % of them at once is more likely a mistake than a wish."""


def refusal(proposal: Proposal, is_loss: Callable[[View, Change], bool], *, force: str = "") -> Refused | None:
    """Return why this proposal must not be applied, None where it may. Error findings and missing rights do not yield to `force`."""
    # asked before `force` is looked at: neither of these two yields to it (design 9)
    if proposal.errors:
        return _by_findings(proposal)
    refused = next((view.error for view in proposal.failed if isinstance(view.error, Refused)), None)
    if refused is not None:
        return refused
    held = [
        reason for view in proposal.views for reason in _reasons(view, proposal.rotate, is_loss, forced=bool(force))
    ]
    if not held:
        return None
    return Refused(
        held[0][0], where=held[0][1], fix=held[0][2], notes=tuple(f"{problem}; {fix}" for problem, _, fix in held[1:])
    )


def _by_findings(proposal: Proposal) -> Refused:
    count = len(proposal.errors)
    first = proposal.errors[0]
    where = str(first.position) if first.position else first.where
    notes = tuple(f"{finding.problem} [{finding.code}]" for finding in proposal.errors[1:])
    plural = "error finding" if count == 1 else "error findings"
    return Refused(
        f"the plan has {count} {plural}: {first.problem} [{first.code}]", where=where, fix=first.fix, notes=notes
    )


Reason = tuple[str, str, str]


def _reasons(
    view: View, rotate: frozenset[str], is_loss: Callable[[View, Change], bool], *, forced: bool
) -> Iterator[Reason]:
    for change in view.changes.sendable:
        secret = change.edit("secret")
        # not behind `forced`: a reason for many changes is none for a new secret, that one is asked for by name
        if secret is not None and isinstance(secret.before, Sealed) and change.address.name not in rotate:
            name = change.address.name
            yield (
                f"the secret of `{name}` would be replaced",
                str(change.address),
                f"if that is meant: --rotate-secret {name}",
            )
        if not forced and is_loss(view, change):
            yield (
                f"offline access of `{change.address.name}` would be taken away",
                str(change.address),
                "if that is meant: --force REASON",
            )
        if not forced and change.action is Action.DELETE:
            problem = f"`{change.address}` would be deleted: tokens of its users die with it"
            yield problem, str(change.address), "if that is meant: --force REASON"
    if not forced:
        yield from _too_many(view)


def _too_many(view: View) -> Iterator[Reason]:
    # only what exists: fifty new clients take nobody's sign-in away
    existing = [address for address in view.desired if address.kind == "client" and address in view.live]
    touched = [c for c in view.changes.sendable if c.address.kind == "client" and c.action is not Action.CREATE]
    if len(existing) >= MANY and len(touched) > SHARE * len(existing):
        share = round(100 * len(touched) / len(existing))
        problem = f"{len(touched)} of {len(existing)} existing clients ({share} %) would change at once, more than {round(100 * SHARE)} %"
        yield problem, str(view.target), "look at the plan again; if that is meant: --force REASON"

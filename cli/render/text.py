"""A proposal as text: Terraform's symbols, unchanged hidden, equal changes grouped, findings with their fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ...plans.diff import Action, Change, Edit
from ...plans.findings import Finding
from ...plans.proposal import Proposal, View
from ...plans.resources import Generated, Target
from ...plans.sealed import Sealed
from .errors import place_and_fix, visible
from .values import members_changed, shown

SYMBOLS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}
VERBS = {Action.CREATE: "will be created", Action.UPDATE: "will be changed", Action.DELETE: "will be deleted"}
FEW = 3
Style = Callable[[str, str], str]


def plain(text: str, _name: str) -> str:
    """Return the text without colour."""
    return text


@dataclass(frozen=True, slots=True)
class Cost:
    """What a look cost: requests and seconds."""

    requests: int
    seconds: float


def render_text(proposal: Proposal, cost: Cost | None = None, style: Style = plain, *, failures: bool = True) -> str:
    """Return the whole proposal for a terminal."""
    blocks = ["\n".join(_target(target, changes, style)) for target, changes in _by_target(proposal)]
    blocks += ["\n".join(_finding(finding, style)) for finding in proposal.findings]
    blocks += [failure_text(view, style) for view in proposal.failed if failures]
    blocks.append(summary(proposal, cost))
    return "\n\n".join(blocks) + "\n"


def _by_target(proposal: Proposal) -> Iterator[tuple[Target, tuple[Change, ...]]]:
    for view in proposal.views:
        if view.changes:
            yield view.target, view.changes.changes


def _target(target: Target, changes: Iterable[Change], style: Style) -> Iterator[str]:
    yield style(visible(str(target)), "bold")
    for group in grouped(changes):
        yield from _group(group, style)


def grouped(changes: Iterable[Change]) -> tuple[tuple[Change, ...], ...]:
    """Return the changes in groups of the same action and the same edits, in the order of their first address."""
    groups: dict[object, list[Change]] = {}
    for change in changes:
        # by what is shown: two secrets that differ still read alike
        edits = tuple(repr(edit) for edit in change.edits)
        groups.setdefault((change.address.kind, change.action, edits, change.manual), []).append(change)
    return tuple(tuple(group) for group in groups.values())


def _group(group: tuple[Change, ...], style: Style) -> Iterator[str]:
    change = group[0]
    symbol = "!" if change.manual else SYMBOLS[change.action]
    names = ", ".join(f"`{visible(str(each.address))}`" for each in group[:FEW])
    more = f" and {len(group) - FEW} more like it" if len(group) > FEW else ""
    yield f"  {style(symbol, symbol)} {names}{more} {'needs a human' if change.manual else VERBS[change.action]}"
    if change.manual:
        yield f"      {visible(change.manual)}"
    width = max((len(visible(edit.field)) for edit in change.edits), default=0)
    for edit in change.edits:
        yield f"      {_edit(edit, width, style, created=change.action is Action.CREATE)}"


def _edit(edit: Edit, width: int, style: Style, *, created: bool) -> str:
    name = visible(edit.field).ljust(width)
    if isinstance(edit.before, Sealed) and isinstance(edit.after, Sealed | Generated):
        return f"{style('~', '~')} {name}  (secret) -> (replaced)"
    unknown = " ?" if isinstance(edit.after, Generated) else ""
    if created or edit.before is None:
        return f"{style('+', '+')} {name}  {shown(edit.field, edit.after)}{unknown}"
    if isinstance(edit.before, frozenset):
        gained, lost = members_changed(edit.before, edit.after)
        parts = [f"+{visible(each)}" for each in gained] + [f"-{visible(each)}" for each in lost]
        return f"{style('~', '~')} {name}  {' '.join(parts)}"
    symbol = "-" if edit.after is None else "~"
    return f"{style(symbol, symbol)} {name}  {shown(edit.field, edit.before)} -> {shown(edit.field, edit.after)}"


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    severity = finding.severity.value
    yield f"{style(severity, severity)}: {visible(finding.problem)} [{finding.code}]"
    place = " ".join(
        part
        for part in (str(finding.position) if finding.position else "", f"({finding.where})" if finding.where else "")
        if part
    )
    if place:
        yield f"  --> {visible(place)}"
    if finding.fix:
        yield f"  fix: {visible(finding.fix)}"
    if finding.source:
        yield f"  source: {visible(finding.source)}"


def failure_text(view: View, style: Style = plain) -> str:
    """Return why a target could not be looked at."""
    if view.error is None:
        return ""
    head = f"{style('error', 'error')}: {visible(str(view.target))}: {visible(view.error.message)}"
    return "\n".join([head, *place_and_fix(view.error)])


def findings_text(proposal: Proposal, style: Style = plain) -> str:
    """Return the findings alone."""
    return "\n\n".join("\n".join(_finding(finding, style)) for finding in proposal.findings) + "\n"


def counts(proposal: Proposal) -> dict[str, int]:
    """Return how many resources are added, changed and removed, and how many steps are left for a human."""
    found = {"add": 0, "change": 0, "remove": 0, "manual": 0}
    names = {Action.CREATE: "add", Action.UPDATE: "change", Action.DELETE: "remove"}
    for _, change in proposal.changes:
        found["manual" if change.manual else names[change.action]] += 1
    return found


def summary(proposal: Proposal, cost: Cost | None = None) -> str:
    """Return the summary line, then what the look cost, then the digest to review."""
    found = counts(proposal)
    if proposal.failed:
        line = f"{len(proposal.failed)} of {len(proposal.views)} targets could not be looked at."
    elif not any(found.values()):
        line = "No changes. The live state matches the plan."
    else:
        line = f"Plan: {found['add']} to add, {found['change']} to change, {found['remove']} to remove."
        line += f" {found['manual']} left for a human." if found["manual"] else ""
    lines = [line] if proposal.complete else [line, _restricted(proposal)]
    if cost is not None:
        lines.append(f"{cost.requests} requests, {cost.seconds:.1f} s, digest {proposal.digest[:16]}")
    return "\n".join(lines)


def _restricted(proposal: Proposal) -> str:
    along = ", ".join(f"`{visible(address)}`" for address in proposal.along[:FEW])
    more = f" and {len(proposal.along) - FEW} more" if len(proposal.along) > FEW else ""
    taken = f" {along}{more} came along, as what was named depends on it." if along else ""
    return f"Restricted by --target: other changes may be pending.{taken}"

"""What one look at all targets came to: live state, changes and findings, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .diff import Change, ChangeSet, fleet_digest
from .errors import ProvisionError, Refused
from .findings import Finding, Severity
from .load import Deployment
from .resources import Address, Desired, Fields, Live, Target


@dataclass(frozen=True, slots=True)
class View:
    """One target: what is live, what is wanted, and the difference; or the error that kept us from looking."""

    target: Target
    deployments: tuple[Deployment, ...]
    live: Live = field(default_factory=dict)
    desired: Desired = field(default_factory=dict)
    changes: ChangeSet = field(default_factory=ChangeSet)
    findings: tuple[Finding, ...] = ()
    error: ProvisionError | None = None

    @property
    def managed(self) -> Mapping[Address, Fields | None]:
        """The live values of every managed field; None for a resource that does not exist."""
        return {address: self._managed(address) for address in sorted(self.desired)}

    def _managed(self, address: Address) -> Fields | None:
        if address not in self.live:
            return None
        return {name: self.live[address].get(name) for name in sorted(self.desired[address])}

    def only(self, addresses: frozenset[str]) -> View:
        """Return this view with the changes of the named addresses, and with all that these depend on."""
        named = frozenset(change.key for change in self.changes if str(change.address) in addresses)
        keys = self._with_dependencies(named)
        return replace(self, changes=ChangeSet(tuple(change for change in self.changes if change.key in keys)))

    def _with_dependencies(self, keys: frozenset[str]) -> frozenset[str]:
        # alone they would not do: a secret would be new at the identity provider, and kept nowhere
        waits = {change.key: change.depends_on for change in self.changes}
        found, ahead = set[str](), list(keys)
        while ahead:
            key = ahead.pop()
            if key in waits and key not in found:
                found.add(key)
                ahead += waits[key]
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Proposal:
    """All targets of one command. `rotate` names the clients whose secret is to be replaced, `notes` are about the run itself.

    `along`: the addresses that nobody named and that were kept because named ones depend on them.
    """

    views: tuple[View, ...]
    rotate: frozenset[str] = frozenset()
    complete: bool = True
    notes: tuple[Finding, ...] = ()
    along: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """One digest over all changes, whatever the order of the files."""
        return fleet_digest((view.target, view.changes) for view in self.views)

    @property
    def changes(self) -> tuple[tuple[Target, Change], ...]:
        """Every change with its target."""
        return tuple((view.target, change) for view in self.views for change in view.changes)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, the heaviest first."""
        order = list(Severity)
        return tuple(
            sorted(
                (f for found in (self.notes, *(view.findings for view in self.views)) for f in found),
                key=lambda f: (order.index(f.severity), f.code, f.where),
            )
        )

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse apply."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def failed(self) -> tuple[View, ...]:
        """The targets that could not be looked at."""
        return tuple(view for view in self.views if view.error is not None)

    @property
    def refused(self) -> bool:
        """Tell whether a target was refused, as for missing rights."""
        return any(isinstance(view.error, Refused) for view in self.views)

    @property
    def pending(self) -> bool:
        """Tell whether there is anything for us to send; steps for a human do not count."""
        return any(view.changes.sendable for view in self.views)

    def only(self, addresses: frozenset[str]) -> Proposal:
        """Return the proposal restricted to some addresses and what they depend on, marked as incomplete.

        Raises Refused for an address that no plan has.
        """
        if not addresses:
            return self
        known = {str(address) for view in self.views for address in view.desired}
        for address in sorted(addresses - known):
            raise Refused(f"no plan has the address `{address}`", fix=f"one of: {', '.join(sorted(known)) or 'none'}")
        views = tuple(view.only(addresses) for view in self.views)
        kept = {str(change.address) for view in views for change in view.changes}
        return replace(self, views=views, complete=False, along=tuple(sorted(kept - addresses)))

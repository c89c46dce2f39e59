"""Proposals for tests that need one: views of a stranger's tenant, made by the product's own diff."""

from collections.abc import Callable

from tests.stranger import ODD, deployment

from oidc_provision.plans.diff import Change, diff
from oidc_provision.plans.errors import ProvisionError
from oidc_provision.plans.findings import Finding
from oidc_provision.plans.proposal import Proposal, View
from oidc_provision.plans.resources import Address, Exactly, Target
from oidc_provision.plans.sealed import Sealed

CODER = Address("client", "coder")
ACME = Target("tenant", "acme")


def client(name: str) -> Address:
    return Address("client", name)


def view(
    desired: dict,
    live: dict,
    *,
    tenant: str = "acme",
    findings: tuple[Finding, ...] = (),
    error: ProvisionError | None = None,
) -> View:
    target = Target("tenant", tenant)
    return View(target, (deployment(tenant=tenant),), live, desired, diff(desired, live), findings, error)


def updating(count: int, of: int, *, new: int = 0) -> Proposal:
    """A proposal that changes `count` of `of` existing clients, and makes some new ones."""
    names = [f"c{number:04}" for number in range(of)]
    live = {client(name): {"lifetime": 1 if number < count else 2} for number, name in enumerate(names)}
    wanted = [*names, *(f"new{number}" for number in range(new))]
    return Proposal((view({client(name): {"lifetime": Exactly(2)} for name in wanted}, live),))


def odd(problem: str = "the tenant is nowhere", **more: str) -> Finding:
    return ODD.finding(problem, **more)


def rotation(name: str = "coder") -> Proposal:
    return Proposal(
        (view({client(name): {"secret": Exactly(Sealed("new-one"))}}, {client(name): {"secret": Sealed("old")}}),)
    )


NO_LOSS: Callable[[View, Change], bool] = lambda _view, _change: False  # noqa: E731  # a value, handed in

"""Where a client's secret comes from and goes to, at identity providers that give it back when asked.

The live secret is the truth; a store follows it; `from` is ours to send; rotation draws a new one. What is read from references and
stores stands in `Live` under the addresses named here, so that deciding stays pure.
"""

from __future__ import annotations

from .model import Plan
from .resources import Address, Desired, Exactly, Live, Secret, Value
from .sealed import Sealed

VALUE = "value"


def store_address(client_id: str) -> Address:
    """Return the address of the place where a plan keeps its client's secret."""
    return Address("store", client_id)


def given_address(client_id: str) -> Address:
    """Return the address of the secret that a plan's `from` reference gives."""
    return Address("given", client_id)


def secret_want(plan: Plan, live: Live, client: Address, *, field: str = "secret", rotate: bool = False) -> Secret:
    """Return how the client's secret is wanted: given by `from`, taken from a filled store for a new client, else kept or drawn."""
    given = _sealed(live, given_address(plan.client.id))
    if given is not None:
        return Secret(plan.client.id, given)
    exists = client in live and live[client].get(field) is not None
    # a store follows the client that exists and never overrules it (design 8)
    stored = None if exists or rotate else _sealed(live, store_address(plan.client.id))
    return Secret(plan.client.id, stored, replace=rotate)


def store_desired(plan: Plan, live: Live, client: Address, *, field: str = "secret", rotate: bool = False) -> Desired:
    """Return what the plan's store must hold; empty where the plan names none."""
    if plan.client.secret is None or plan.client.secret.store is None:
        return {}
    want = secret_want(plan, live, client, field=field, rotate=rotate)
    settled: Value = want.settle(live.get(client, {}).get(field))
    return {store_address(plan.client.id): {VALUE: Exactly(settled)}}


def secret_of_coder(client_id: str, live: Live) -> Sealed | None:
    """Return the secret that Coder has: what the plan gives, else what is in its store; None where there is none."""
    # not the live one: where they differ, it is this one that Coder shows
    return _sealed(live, given_address(client_id)) or _sealed(live, store_address(client_id)) or None


def _sealed(live: Live, address: Address) -> Sealed | None:
    value = live.get(address, {}).get(VALUE)
    return value if isinstance(value, Sealed) else None

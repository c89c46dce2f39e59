"""What stands behind the references of plans and in their stores, as if it were live state: so that deciding stays pure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from ..plans.client_secret import VALUE, given_address, store_address
from ..plans.load import Deployment
from ..plans.references import SecretReference
from ..plans.resources import Address, Fields, Live
from ..plans.sealed import Sealed


class Store(Protocol):
    """Where a plan keeps a client's secret."""

    async def read(self) -> Sealed | None:
        """Return the secret, None where there is none yet."""
        ...

    async def write(self, value: Sealed) -> None:
        """Replace the secret, whole or not at all."""
        ...


class Vault(Protocol):
    """Resolves references of a plan file; `near` is that file, to which relative paths are relative."""

    async def resolve(self, reference: SecretReference, near: str) -> Sealed:
        """Return the secret behind a reference. Raises SecretFailure."""
        ...

    def store(self, reference: SecretReference, near: str) -> Store:
        """Return the store that a reference names."""
        ...

    def guard(self, value: Sealed, name: str) -> None:
        """Keep a secret out of every output."""
        ...


async def given(vault: Vault, deployments: Iterable[Deployment]) -> Live:
    """Return what the plans' references and stores hold, each under its client's name. Raises SecretFailure."""
    stated = (d for d in deployments if d.plan.client.secret is not None or d.plan.client.references())
    found = await asyncio.gather(*(_of_one(vault, deployment) for deployment in stated))
    return {address: fields for entry in found for address, fields in entry.items()}


async def _of_one(vault: Vault, deployment: Deployment) -> dict[Address, Fields]:
    found = await _secret(vault, deployment)
    further = deployment.plan.client.references()
    if not further:
        return found
    near, address = deployment.document.file, given_address(deployment.client_id)
    values = await asyncio.gather(*(vault.resolve(each, near) for each in further.values()))
    return {**found, address: {**found.get(address, {}), **dict(zip(further, values, strict=True))}}


async def _secret(vault: Vault, deployment: Deployment) -> dict[Address, Fields]:
    wish, near = deployment.plan.client.secret, deployment.document.file
    if wish is None:
        return {}
    if wish.store is None:
        value = await vault.resolve(wish.reference, near)
        return {given_address(deployment.client_id): {VALUE: value}}
    stored = await vault.store(wish.store, near).read()
    return {} if stored is None else {store_address(deployment.client_id): {VALUE: stored}}

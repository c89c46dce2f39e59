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
    awaited = deployment.plan.client.awaited()
    values = await asyncio.gather(
        *(_further(vault, each, near, awaited=name in awaited) for name, each in further.items())
    )
    there = {name: value for name, value in zip(further, values, strict=True) if value is not None}
    return {**found, address: {**found.get(address, {}), **there}}


async def _further(vault: Vault, reference: SecretReference, near: str, *, awaited: bool) -> Sealed | None:
    # only a file can be told to be missing; of a variable or a command nobody knows whether it will ever be there
    if awaited and reference.scheme == "file":
        return await vault.store(reference, near).read()
    return await vault.resolve(reference, near)


async def _secret(vault: Vault, deployment: Deployment) -> dict[Address, Fields]:
    wish, near = deployment.plan.client.secret, deployment.document.file
    if wish is None:
        return {}
    if wish.store is None:
        value = await vault.resolve(wish.reference, near)
        return {given_address(deployment.client_id): {VALUE: value}}
    stored = await vault.store(wish.store, near).read()
    return {} if stored is None else {store_address(deployment.client_id): {VALUE: stored}}

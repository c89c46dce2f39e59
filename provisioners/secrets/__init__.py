"""Secrets: where they are fetched from (references) and kept (stores). One file a scheme; plans hold references only.

A value is taken as it is: never turned into a number, trimmed of nothing but one line end.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ...plans.errors import UsageError
from . import command, environment, files
from .context import SecretContext, SecretStore
from .strength import weakness

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ...plans.references import SecretReference
    from ...plans.sealed import Sealed

    Resolver = Callable[[SecretReference, SecretContext], Awaitable[Sealed]]
    StoreOpener = Callable[[SecretReference, SecretContext], SecretStore]

__all__ = ["RESOLVERS", "STORES", "SecretContext", "SecretStore", "open_store", "resolve", "weakness"]

RESOLVERS: Mapping[str, Resolver] = MappingProxyType(
    {"env": environment.resolve, "file": files.resolve, "exec": command.resolve}
)
STORES: Mapping[str, StoreOpener] = MappingProxyType({"file": files.open_store})


async def resolve(reference: SecretReference, context: SecretContext) -> Sealed:
    """Return the secret that a reference names; raises SecretFailure, UsageError for an unknown scheme."""
    if reference.scheme not in RESOLVERS:
        known = ", ".join(f"`{scheme}:`" for scheme in RESOLVERS)
        raise UsageError(f"secrets cannot be read from `{reference.scheme}:`", where=str(reference), fix=f"use {known}")
    return await RESOLVERS[reference.scheme](reference, context)


def open_store(reference: SecretReference, context: SecretContext) -> SecretStore:
    """Return the store that a reference names; touches nothing yet. UsageError for a scheme without one."""
    if reference.scheme not in STORES:
        known = ", ".join(f"`{scheme}:`" for scheme in STORES)
        raise UsageError(f"secrets cannot be kept in `{reference.scheme}:`", where=str(reference), fix=f"use {known}")
    return STORES[reference.scheme](reference, context)

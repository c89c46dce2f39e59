"""`env:NAME`: a variable of our own environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .context import accept, failure, without_line_end

if TYPE_CHECKING:
    from ...plans.references import SecretReference
    from ...plans.sealed import Sealed
    from .context import SecretContext


async def resolve(reference: SecretReference, context: SecretContext) -> Sealed:
    """Return the variable's value; raises SecretFailure where it is not set or empty."""
    value = context.environment.get(reference.body)
    if value is None:
        raise failure(reference, f"the environment variable `{reference.body}` is not set", "set it")
    # `$(cat file)` drops line ends, other ways of filling a variable keep one
    return accept(without_line_end(value), reference)

"""Objects of a tenant by their keys, by listing or one by one, whichever takes fewer requests."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Iterable

from .api import MOST
from .graph import Representation
from .refusals import FORBIDDEN, GraphFailure

FEW = 2
"""Up to so many are looked up: asking how many there are costs a request as well."""
LookUp = Callable[[str], Awaitable[Representation | None]]
NextPage = Callable[[Representation | None], Awaitable[Representation | None]]


async def by_keys(
    keys: Collection[str],
    look_up: LookUp,
    page: NextPage,
    keys_of: Callable[[Representation], Iterable[str]],
) -> dict[str, Representation]:
    """Return the objects with these keys; those that do not exist are left out. `page` returns the page after another one."""
    found = {} if len(keys) <= FEW else await _listed(keys, page, keys_of)
    # the index behind a listing lags: what it does not have may exist all the same
    left = [key for key in sorted(keys) if key not in found]
    looked_up = await asyncio.gather(*(look_up(key) for key in left))
    return {**found, **{key: each for key, each in zip(left, looked_up, strict=True) if each is not None}}


async def _listed(
    keys: Collection[str], page: NextPage, keys_of: Callable[[Representation], Iterable[str]]
) -> dict[str, Representation]:
    try:
        current = await page(None)
    except GraphFailure as failure:
        # sources do not agree on whether OwnedBy alone may list
        if failure.status != FORBIDDEN:
            raise
        return {}
    found: dict[str, Representation] = {}
    further = _further_pages(current, len(keys))
    while current is not None:
        for each in current["value"]:
            found |= {key: each for key in keys_of(each) if key in keys}
        if further == 0:
            break
        further -= 1
        current = await page(current)
    return found


def _further_pages(first: Representation | None, keys: int) -> int:
    """Return how many more pages are worth it: all where they are no more than there are keys, else none."""
    if first is None or "@odata.nextLink" not in first:
        return 0
    count = first.get("@odata.count")
    pages = math.ceil(count / MOST) - 1 if isinstance(count, int) else keys + 1
    return pages if pages <= keys else 0

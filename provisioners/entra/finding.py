"""Objects of a tenant by their keys, by listing or one by one, whichever takes fewer requests."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Iterable

from .api import MOST
from .graph import Representation
from .refusals import unless_forbidden

FEW = 2
"""Up to so many are looked up: asking how many there are costs a request as well."""
LookUp = Callable[[str], Awaitable[Representation | None]]
NextPage = Callable[[Representation | None], Awaitable[Representation | None]]


async def by_keys(
    keys: Collection[str],
    look_up: LookUp,
    page: NextPage,
    keys_of: Callable[[Representation], Iterable[str]],
) -> tuple[dict[str, Representation], int]:
    """Return the objects with these keys, and how many requests that took; those that do not exist are left out.

    `page` returns the page after another one.
    """
    pages = [] if len(keys) <= FEW else await _listed(page, len(keys))
    listed = (each for one in pages for each in one["value"])
    found = {key: each for each in listed for key in keys_of(each) if key in keys}
    # the index behind a listing lags: what it does not have may exist all the same
    left = [key for key in sorted(keys) if key not in found]
    looked_up = await asyncio.gather(*(look_up(key) for key in left))
    more = {key: each for key, each in zip(left, looked_up, strict=True) if each is not None}
    return {**found, **more}, len(pages) + len(left)


async def _listed(page: NextPage, keys: int) -> list[Representation]:
    # sources do not agree on whether OwnedBy alone may list
    first = await unless_forbidden(page(None))
    return [] if first is None else await _pages(first, page, _further_pages(first, keys))


async def _pages(first: Representation, page: NextPage, further: int) -> list[Representation]:
    pages, after = [first], await page(first) if further else None
    while after is not None:
        pages.append(after)
        after = await page(after) if len(pages) <= further else None
    return pages


async def whole(page: NextPage, most: int) -> list[Representation] | None:
    """Return all objects of a listing that nobody counts, None where they are on more than so many pages."""
    first = await page(None)
    pages = [] if first is None else await _pages(first, page, most - 1)
    if pages and "@odata.nextLink" in pages[-1]:
        return None
    return [each for one in pages for each in one["value"]]


def _further_pages(first: Representation, keys: int) -> int:
    """Return how many more pages are worth it: all where they are no more than there are keys, else none."""
    if "@odata.nextLink" not in first:
        return 0
    count = first.get("@odata.count")
    pages = math.ceil(count / MOST) - 1 if isinstance(count, int) else keys + 1
    return pages if pages <= keys else 0

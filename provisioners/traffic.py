"""What was sent, counted by the shape of the request, and a line of trace for each attempt. No bodies, no headers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ID = re.compile(r"[0-9]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{24,}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt as `-vv` shows it: `url` without user, fragment and query values; `status` 0 where no answer came."""

    method: str
    url: str
    status: int
    milliseconds: int
    attempt: int
    note: str = ""

    def __str__(self) -> str:
        ending = self.note or "no answer"
        answer = f"{self.status} {self.note}".rstrip() if self.status else ending
        again = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return f"{self.method} {self.url} -> {answer} in {self.milliseconds} ms{again}"


def nameless(path: str) -> str:
    """Return the path with UUIDs, numbers and long hex names as `{id}`."""
    return "/".join("{id}" if _ID.fullmatch(segment) else segment for segment in path.split("/"))


def shape(method: str, url: str, name_path: Callable[[str], str] = nameless) -> str:
    """Return `GET /users/{id}/groups?first,max`: the kind of a request, without its values."""
    parts = urlsplit(url)
    return f"{method} {name_path(parts.path)}{_query_names(parts.query)}"


def printable_url(url: str) -> str:
    """Return the URL without user, password and fragment, of its query only the names."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{_query_names(parts.query)}"


def _query_names(query: str) -> str:
    names = dict.fromkeys(name for name, _ in parse_qsl(query, keep_blank_values=True))
    return "?" + ",".join(names) if names else ""


class Traffic:
    """The recorder of one run. A retry is a request too; `waited` is in seconds."""

    def __init__(self, listener: Callable[[Exchange], None] | None = None) -> None:
        self._counts: Counter[str] = Counter()
        self._listener = listener
        self.retries = 0
        self.waited = 0.0

    @property
    def counts(self) -> Mapping[str, int]:
        """Requests by shape."""
        return MappingProxyType(self._counts)

    @property
    def total(self) -> int:
        """All requests put on the way, repeated ones included."""
        return self._counts.total()

    def sent(self, kind: str, attempt: int) -> None:
        """Count one attempt of this shape."""
        self._counts[kind] += 1
        self.retries += attempt > 1

    def ended(self, exchange: Exchange) -> None:
        """Tell the listener, if there is one."""
        if self._listener is not None:
            self._listener(exchange)

"""A query's options over a collection: `$filter` with eq, ne and startswith joined by `and`, `$select`, `$top`, `$count` and pages."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .refusals import GraphRefusal, bad
from .state import Representation

MOST = 999
USUAL = 100
_TERM = re.compile(r"(?P<name>\w+) (?P<word>eq|ne) (?P<value>'(?:[^']|'')*'|true|false|null|[0-9a-fA-F-]{36})")
_STARTS = re.compile(r"startswith\((?P<name>\w+), ?(?P<value>'(?:[^']|'')*')\)", re.IGNORECASE)
_AND = re.compile(r" and (?=(?:[^']*'[^']*')*[^']*$)")
_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None}
_IGNORED = ("$skiptoken", "$format")
UNSUPPORTED = GraphRefusal(400, "Request_UnsupportedQuery", "Unsupported Query.")


@dataclass(frozen=True, slots=True)
class Query:
    """The options of one request. `eventual` tells whether it said `ConsistencyLevel: eventual`."""

    options: Mapping[str, str]
    eventual: bool = False

    def page(self, found: Iterable[Representation], known: frozenset[str], address: str, *more: str) -> dict[str, Any]:
        """Return a page of a collection, with the address of the next one; `more` are options that the caller has seen to."""
        self._supported("$select", "$filter", "$top", "$count", *more)
        kept = [each for each in found if self._fits(each, known)]
        size, start = self._top(), self._start()
        if self.options.get("$count", "true") not in ("true", "false"):
            raise bad("Invalid value for the query option $count.", "BadRequest")
        counted = self.options.get("$count") == "true"
        # an advanced query expands nothing, and each of its pages must say that it is one (aad-advanced-queries, paging)
        if counted and (("$expand" in self.options) if self.eventual else bool(start)):
            raise UNSUPPORTED
        shown = [self.selected(each, known) for each in kept[start : start + size]]
        count = {"@odata.count": len(kept)} if counted and self.eventual and not start else {}
        link = {}
        if start + size < len(kept):
            token = base64.urlsafe_b64encode(str(start + size).encode()).decode()
            link["@odata.nextLink"] = f"{address}?{urlencode({**self.options, '$skiptoken': token})}"
        return {**count, **link, "value": shown}

    def selected(
        self, found: Representation, known: frozenset[str], hidden: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """Return an object with the properties asked for; what is `hidden` comes only by its name."""
        names = [name for name in self.options.get("$select", "").split(",") if name]
        for name in names:
            if name not in known:
                raise bad(f"Could not find a property named '{name}'.", "BadRequest")
        annotated = {name for name in found if name.startswith("@") or name == self.options.get("$expand")}
        kept = annotated | set(names or set(found) - hidden)
        return {name: value for name, value in found.items() if name in kept}

    def only_selects(self, *more: str) -> None:
        """Refuse every option but `$select` and these: the request is for one object."""
        self._supported("$select", *more)

    def expands(self, name: str) -> bool:
        """Tell whether a relation is to come with its objects; only one is known of each kind."""
        wanted = self.options.get("$expand", "")
        if wanted not in ("", name):
            raise UNSUPPORTED
        return bool(wanted)

    @property
    def names(self) -> frozenset[str]:
        """The properties that were asked for by name."""
        return frozenset(name for name in self.options.get("$select", "").split(",") if name)

    def _supported(self, *names: str) -> None:
        for name in self.options:
            if name.startswith("$") and name not in (*names, *_IGNORED):
                raise UNSUPPORTED

    def _top(self) -> int:
        sent = self.options.get("$top", str(USUAL))
        if not re.fullmatch("[0-9]{1,4}", sent) or not 1 <= int(sent) <= MOST:
            raise bad(f"Invalid page size specified: '{sent}'. Must be between 1 and {MOST} inclusive.")
        return int(sent)

    def _start(self) -> int:
        try:
            return int(base64.urlsafe_b64decode(self.options.get("$skiptoken", "MA==")))
        except (binascii.Error, ValueError):
            words = "The specified page token value has expired and can no longer be included in your request."
            raise bad(words, "Directory_ExpiredPageToken") from None

    def _fits(self, found: Representation, known: frozenset[str]) -> bool:
        wanted = self.options.get("$filter", "")
        return not wanted or all(self._term(found, term.strip(), known) for term in _AND.split(wanted))

    def _term(self, found: Representation, term: str, known: frozenset[str]) -> bool:
        match = _TERM.fullmatch(term) or _STARTS.fullmatch(term)
        if match is None:
            raise bad("Invalid filter clause.")
        if match["name"] not in known:
            raise bad(f"Could not find a property named '{match['name']}'.", "BadRequest")
        word, value, there = (
            match.groupdict().get("word", "startswith"),
            _value(match["value"]),
            found.get(match["name"]),
        )
        # the index that knows what is not equal is another one, and is asked for by a header
        if word == "ne" and not (self.eventual and self.options.get("$count") == "true"):
            raise UNSUPPORTED
        if isinstance(there, list | dict):
            raise UNSUPPORTED
        if word == "startswith":
            return str(there or "").lower().startswith(str(value).lower())
        return (_folded(there) == _folded(value)) == (word == "eq")


def _value(literal: str) -> object:
    if literal.startswith("'"):
        return literal[1:-1].replace("''", "'")
    return _CONSTANTS.get(literal, literal)


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value

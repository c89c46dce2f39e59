"""One request to Graph, as the endpoints are handed it, who makes it, and the table that the endpoints are listed in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...sandbox.state import Box
from .querying import Query
from .refusals import DENIED, NO_JSON, bad, missing, same_key
from .state import APPLICATIONS, OWNERS, Directory, Representation

GRAPH = "/graph/v1.0"
EVERY_APP = "Application.ReadWrite.All"
OWN_APPS = "Application.ReadWrite.OwnedBy"
READS_APPS = (EVERY_APP, OWN_APPS, "Application.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
CREATE = "create-if-missing"


@dataclass(frozen=True, slots=True)
class Caller:
    """An application that calls: its service principal's id, its appId, and the rights that its token names."""

    principal: str
    app_id: str
    rights: frozenset[str]

    def need(self, *rights: str) -> None:
        """Refuse a caller that holds none of these rights."""
        if not self.rights & set(rights):
            raise DENIED

    def holds(self, *rights: str) -> bool:
        """Tell whether the caller holds one of these rights."""
        return bool(self.rights & set(rights))


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `base` is the address of Graph, `now` seconds since 1970, `draw` returns a new random id."""

    request: Request
    parts: Mapping[str, str]
    body: bytes
    box: Box[Directory]
    caller: Caller
    base: str
    now: float
    draw: Callable[[], str]

    @property
    def directory(self) -> Directory:
        """The directory as it is now."""
        return self.box.value

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever was sent
        """The body. Refuses what is no JSON, and text that cannot be sent back."""
        try:
            found = json.loads(self.body or b"null", parse_constant=_no_constant)
            json.dumps(found, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise NO_JSON from None
        return found

    @property
    def query(self) -> Query:
        """The query's options."""
        eventual = self.request.headers.get("consistencylevel", "").lower() == "eventual"
        return Query(dict(self.request.query_params), eventual)

    @property
    def creates(self) -> bool:
        """Whether what is not there is to be made."""
        return CREATE in self.request.headers.get("prefer", "").lower()

    @property
    def address(self) -> str:
        """The request's own address without its query."""
        return self.base + self.request.url.path.partition(GRAPH)[2]

    def timestamp(self, ahead: float = 0.0) -> str:
        """Return the time in Graph's form, so many seconds from now."""
        return datetime.fromtimestamp(self.now + ahead, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def context(self, of: str) -> dict[str, str]:
        """Return the annotation that says what an answer is."""
        return {"@odata.context": f"{self.base}/$metadata#{of}"}

    def keep(self, directory: Directory) -> None:
        """Replace the directory."""
        self.box.put(directory)

    def done(self, directory: Directory) -> Response:
        """Keep a directory and answer 204."""
        self.keep(directory)
        return Response(status_code=204)

    def one(self, shown: Representation, of: str, status: int = 200) -> Response:
        """Answer one object."""
        return JSONResponse({**self.context(f"{of}/$entity"), **shown}, status)

    def item(self, collection: str, key: str, *, changes: bool = False) -> Representation:
        """Return an object as this request finds it; one that `changes` it finds it as it is."""
        seen = self.directory.seen(collection, key, self.now)
        if seen is None:
            raise missing(key)
        return self.directory.all(collection)[key] if changes else seen

    def named(self, collection: str, part: str, *, changes: bool = False) -> Representation:
        """Return the object that the path names, by its id or by another of its keys."""
        for key, value in self.parts.items():
            name, _, by = key.partition("_by_")
            if name != part or value is None:
                continue
            unquoted = value.replace("''", "'")
            found = self.directory.all(collection).get(value) if by == "id" else None
            found = found or (None if by == "id" else self.directory.find(collection, by, unquoted))
            if found is None:
                raise missing(unquoted)
            return self.item(collection, str(found["id"]), changes=changes)
        raise missing(part)

    def application(self, *, changes: bool = False) -> Representation:
        """Return the application of the path. Refuses a caller that may only touch its own, and does not own it."""
        self.caller.need(*((EVERY_APP, OWN_APPS) if changes else READS_APPS))
        found = self.named(APPLICATIONS, "app", changes=changes)
        alone = not self.caller.holds(
            *(right for right in READS_APPS if right != OWN_APPS and (not changes or right == EVERY_APP))
        )
        if alone and self.caller.principal not in self.directory.linked(str(found["id"]), OWNERS):
            raise DENIED
        return found

    def referred(self) -> str:
        """Return the id that a body with `@odata.id` refers to."""
        sent = self.json
        address = sent.get("@odata.id") if isinstance(sent, dict) else None
        match = re.fullmatch(r"https?://[^/]+/.*/([0-9A-Za-z-]+)", address) if isinstance(address, str) else None
        if match is None:
            raise bad("Invalid URL format specified in payload.")
        return match[1]

    def free(self, collection: str, name: str, value: object) -> None:
        """Refuse a value that another object has."""
        if self.directory.find(collection, name, value) is not None:
            raise same_key(name)


def _no_constant(name: str) -> object:
    raise ValueError(name)


Answer = Callable[[Call], Response]
_KEYS = {
    "app": ("appId", "uniqueName"),
    "principal": ("appId",),
    "fic": ("name",),
}


class Row:
    """A path below the address of Graph, and what answers each method. `{app}` stands for `/ID` and for `(appId='..')` and its like."""

    def __init__(self, path: str, **answers: Answer) -> None:
        self._path = re.compile(re.sub(r"\{(\w+)\}", _placeholder, path.replace("(", r"\(").replace("$", r"\$")))
        self.answers: Mapping[str, Answer] = {method.upper(): answer for method, answer in answers.items()}

    def match(self, path: str) -> Mapping[str, str] | None:
        """Return the parts of a path that is this one."""
        found = self._path.fullmatch(path)
        return (
            None if found is None else {name: value for name, value in found.groupdict().items() if value is not None}
        )


def _placeholder(found: re.Match[str]) -> str:
    name = found[1]
    if name not in _KEYS:
        return f"(?P<{name}>[^/()]+)"
    keyed = [rf"\({key}='(?P<{name}_by_{key}>(?:[^'/]|'')+)'\)" for key in _KEYS[name]]
    return f"(?:{'|'.join([f'/(?P<{name}_by_id>[^/()]+)', *keyed])})"

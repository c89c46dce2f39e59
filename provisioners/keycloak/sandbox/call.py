"""One admin request, as the endpoints are handed it, and the table that they are listed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from ...sandbox.answers import base_of
from .clients import Making
from .reading import parsed
from .refusals import NO_CLIENT
from .rights import Caller
from .state import Realm, Representation


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks what of which realm. `keep` replaces the realm."""

    request: Request
    realm: Realm
    caller: Caller
    body: bytes
    making: Making
    keep: Callable[[Realm], None]

    def part(self, name: str) -> str:
        """Return one part of the path."""
        return str(self.request.path_params[name])

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever was sent
        """The body."""
        return parsed(self.body)

    def done(self, realm: Realm) -> Response:
        """Keep a realm and answer 204."""
        self.keep(realm)
        return Response(status_code=204)

    def made(self, realm: Realm, path: str) -> Response:
        """Keep a realm and answer 201 with the address of what is new."""
        self.keep(realm)
        where = f"{base_of(self.request)}/admin/realms/{quote(realm.name, safe='')}/{path}"
        return Response(status_code=201, headers={"Location": where})

    def client(self) -> Representation:
        """Return the client of the path; only who may read clients learns that there is none."""
        self.caller.need("query-clients", "view-clients", "manage-clients")
        found = self.realm.clients.get(self.part("client"))
        if found is None:
            raise NO_CLIENT
        self.caller.need_view("clients")
        return found

    def managed_client(self) -> Representation:
        """Return the client of the path to somebody who may change it."""
        found = self.client()
        self.caller.need("manage-clients")
        return found


Answer = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Row:
    """A path below the realm, and what answers each method."""

    path: str
    answers: Mapping[str, Answer]

"""msgraph-sdk on our transport: its paths, its adapter and its errors; representations go in and out as mappings.

The SDK's models stay out: loading them costs a second, an explicit null does not survive them, and printing one prints its secret
(1.65.0). This module imports the SDK, so it is imported with the first tenant that is opened.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

with warnings.catch_warnings():
    # the SDK warns about its own use of its own library (kiota 1.16)
    warnings.simplefilter("ignore", DeprecationWarning)
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.graph_request_adapter import GraphRequestAdapter
    from msgraph.graph_service_client import GraphServiceClient

from ...plans.errors import RemoteFailure
from .. import strict_json
from .refusals import NOT_GRAPH, UNAUTHORISED, GraphFailure, printable, refusal

if TYPE_CHECKING:
    from ..transport import AsyncClient

Representation = Mapping[str, Any]
Query = Mapping[str, object]
"""Options without their `$`, lists for several."""
NOTHING: Mapping[str, Any] = MappingProxyType({})
CREATE_IF_MISSING = {"Prefer": "create-if-missing"}
EVENTUAL = {"ConsistencyLevel": "eventual"}
_ERRORS: dict[str, Any] = {"XXX": ODataError}


class Builder(Protocol):
    """A request builder of the SDK's, of which the path is used."""

    url_template: str
    path_parameters: dict[str, Any]


Place = Callable[[GraphServiceClient], Any]
Token = Callable[[str], Awaitable[str]]
"""Returns an access token, another one than the given one, which was refused ("" for none)."""


class _Bearer(AuthenticationProvider):
    """Puts our token on requests to Graph, and lets none leave without it or for another host."""

    def __init__(self, token: Token, origin: str) -> None:
        self._token = token
        self._origin = origin
        self._refused = ""

    def refuse(self, request: RequestInformation) -> None:
        """Note that the token of a request is of no use any more."""
        self._refused = next(iter(request.headers.get("Authorization")), "").removeprefix("Bearer ")

    async def authenticate_request(
        self, request: RequestInformation, additional_authentication_context: dict[str, Any] | None = None
    ) -> None:
        if _origin(request.url) != self._origin:
            raise RemoteFailure("an address that Graph gave leads to another host", where=self._origin, fix=NOT_GRAPH)
        # `claims`: Graph wants a token that was issued after some event
        if "claims" in (additional_authentication_context or {}):
            self.refuse(request)
        request.headers.remove("Authorization")
        request.headers.add("Authorization", f"Bearer {await self._token(self._refused)}")


class Graph:
    """Graph v1.0 of one tenant."""

    def __init__(self, base: str, client: AsyncClient, token: Token) -> None:
        self._origin = _origin(base)
        self._bearer = _Bearer(token, self._origin)
        self._adapter = GraphRequestAdapter(self._bearer, client=client)
        self._adapter.base_url = base
        self._graph = GraphServiceClient(request_adapter=self._adapter)

    async def get(self, what: str, place: Place, query: Query = NOTHING) -> Representation:
        """Return what is at a place. Raises GraphFailure."""
        return self._whole(what, await self._sent(what, lambda: self._information(Method.GET, place, query)))

    async def find(self, what: str, place: Place, query: Query = NOTHING) -> Representation | None:
        """Return what is at a place, None where there is nothing."""
        try:
            return await self.get(what, place, query)
        except GraphFailure as failure:
            # a path that nobody answers is a 404 too, of a server that is none of Graph's
            if failure.code == "Request_ResourceNotFound":
                return None
            raise

    async def first_page(
        self, what: str, place: Place, query: Query = NOTHING, *, counted: bool = False
    ) -> Representation:
        """Return the first page of a collection; `counted` asks the index that knows how many there are."""
        more = EVENTUAL if counted else NOTHING
        options = {**query, "count": "true"} if counted else query
        answer = await self._sent(what, lambda: self._information(Method.GET, place, options, headers=more))
        return self._page(what, answer)

    async def next_page(
        self, what: str, page: Representation, place: Place, *, counted: bool = False
    ) -> Representation | None:
        """Return the page after this one, None after the last; `counted` as for the first."""
        link = page.get("@odata.nextLink")
        if link is None:
            return None
        # it carries the token onward; https to http would be another host too
        if not isinstance(link, str) or _origin(link) != self._origin:
            problem = f"{what} failed: the address of the next page leads to another host, or is none"
            raise RemoteFailure(problem, where=self._origin, fix=NOT_GRAPH)

        def build() -> RequestInformation:
            # only the first page of a counted listing has the count, and each must ask the same index
            information = self._information(Method.GET, place, {}, headers=EVENTUAL if counted else NOTHING)
            information.url = link
            return information

        return self._page(what, await self._sent(what, build))

    async def collection(self, what: str, place: Place, query: Query = NOTHING) -> list[Representation]:
        """Return all pages of a collection."""
        page: Representation | None = await self.first_page(what, place, query)
        found: list[Representation] = []
        links: set[object] = set()
        while page is not None:
            found.extend(page["value"])
            link = page.get("@odata.nextLink")
            if link in links:
                raise RemoteFailure(f"{what} failed: the address of the next page leads in a circle", fix=NOT_GRAPH)
            links.add(link)
            page = await self.next_page(what, page, place)
        return found

    async def patch(
        self, what: str, place: Place, body: Representation, *, create: bool = False
    ) -> Representation | None:
        """Merge an object with `body`; with `create` make it where it is not there. Returns a new object, None otherwise."""
        headers = CREATE_IF_MISSING if create else NOTHING
        return await self._sent(what, lambda: self._information(Method.PATCH, place, {}, body, headers))

    async def post(self, what: str, place: Place, body: Representation) -> Representation | None:
        """Send what is never sent twice by itself."""
        return await self._sent(what, lambda: self._information(Method.POST, place, {}, body))

    async def _sent(self, what: str, build: Callable[[], RequestInformation]) -> Representation | None:
        information = _quietly(build)
        try:
            return await self._once(what, information)
        except GraphFailure as failure:
            # refused before anything was looked at, so even a write may come again; a second time it is not the token's age
            if failure.status != UNAUTHORISED:
                raise
            self._bearer.refuse(information)
        return await self._once(what, _quietly(build))

    async def _once(self, what: str, information: RequestInformation) -> Representation | None:
        try:
            answer: Any = await self._adapter.send_primitive_async(information, "bytes", _ERRORS)
        except APIError as error:
            raise _refusal(what, error) from None
        return self._read(what, answer)

    @staticmethod
    def _read(what: str, answer: bytes | None) -> Representation | None:
        if not answer:
            return None
        try:
            found = strict_json.parse(answer)
        except strict_json.JsonError as error:
            raise RemoteFailure(f"{what} failed: {error}", fix=NOT_GRAPH) from None
        if not isinstance(found, dict):
            raise RemoteFailure(f"{what} failed: the answer is no object", fix=NOT_GRAPH)
        return found

    def _information(
        self,
        method: Method,
        place: Place,
        query: Query,
        body: Representation | None = None,
        headers: Mapping[str, Any] = NOTHING,
    ) -> RequestInformation:
        builder: Builder = place(self._graph)
        information = RequestInformation(method, builder.url_template, builder.path_parameters)
        information.query_parameters = {f"%24{name}": value for name, value in query.items()}
        information.headers.add("Accept", "application/json")
        for name, value in headers.items():
            information.headers.add(name, value)
        if body is not None:
            information.set_stream_content(json.dumps(body).encode(), "application/json")
        return information

    @staticmethod
    def _whole(what: str, answer: Representation | None) -> Representation:
        if answer is None:
            raise RemoteFailure(f"{what} failed: the answer is empty", fix=NOT_GRAPH)
        return answer

    def _page(self, what: str, answer: Representation | None) -> Representation:
        page = self._whole(what, answer)
        value = page.get("value")
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise RemoteFailure(f"{what} failed: the answer is no list of objects", fix=NOT_GRAPH)
        return page


def _quietly(build: Callable[[], RequestInformation]) -> RequestInformation:
    # a builder's module warns of itself when it is first imported (kiota 1.16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return build()


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def _refusal(what: str, error: APIError) -> GraphFailure:
    status = error.response_status_code or 0
    told = error.error if isinstance(error, ODataError) else None
    inner = getattr(told, "inner_error", None)
    traced = getattr(inner, "request_id", None) or _header(error, "request-id")
    return refusal(what, status, getattr(told, "code", None), getattr(told, "message", None), traced)


def _header(error: APIError, name: str) -> str:
    headers: Any = error.response_headers or {}
    return printable(headers.get(name))

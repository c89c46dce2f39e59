"""The admin API put together: who asks is found first, then the table of endpoints is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ...sandbox.answers import base_of
from ...sandbox.clock import MovableClock
from ...sandbox.signing import Signer
from ...sandbox.state import Box
from . import admin_clients, admin_people, admin_realm, realms, rights
from .building import with_new_realm
from .call import Call, Row
from .clients import Making
from .reading import parsed
from .refusals import NO_PATH, WRONG_JSON, AdminRefusal, message
from .state import Realm, Server

PREFIX = "/admin/realms"
ROWS: tuple[Row, ...] = (*admin_realm.ROWS, *admin_clients.ROWS, *admin_people.ROWS)


class Administration:
    """The admin endpoints over one server's state."""

    def __init__(
        self, box: Box[Server], signer: Callable[[], Signer], clock: MovableClock, making: Callable[[], Making]
    ) -> None:
        self._box = box
        self._signer = signer
        self._clock = clock
        self._making = making

    def routes(self) -> list[Route]:
        """Return the routes; a path that there is not answers in the server's words."""
        below = [
            Route(f"{PREFIX}/{{realm}}{row.path}", self._row(row), methods=["GET", "POST", "PUT", "DELETE"])
            for row in ROWS
            if row.path
        ]
        methods = ["GET", "POST", "PUT", "DELETE"]
        return [
            Route(PREFIX, _refusing(self._realms), methods=["GET", "POST"]),
            Route(f"{PREFIX}/{{realm}}", _refusing(self._realm), methods=["GET", "PUT", "DELETE"]),
            *below,
            Route("/admin/serverinfo", _refusing(self._server_info), methods=["GET"]),
            Route("/admin/{rest:path}", _refusing(_nowhere), methods=methods),
        ]

    def _row(self, row: Row) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await self._answered(row, request)

        return _refusing(answer)

    async def _answered(self, row: Row, request: Request) -> Response:
        body = await request.body()
        name = str(request.path_params["realm"])
        caller = rights.caller(request, self._box.value, self._signer(), self._clock.seconds(), name)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in row.answers:
            raise NO_PATH
        call = Call(request, self._box.value.realms[name], caller, body, self._making(), self._keep)
        return row.answers[method](call)

    def _keep(self, realm: Realm) -> None:
        namesake = self._box.value.realms.get(realm.name)
        if namesake is not None and namesake.id != realm.id:
            raise message(409, "Realm with same name exists")
        self._box.put(self._box.value.with_realm(realm))

    async def _realm(self, request: Request) -> Response:
        if request.method != "DELETE":
            return await self._answered(ROWS[0], request)
        name = str(request.path_params["realm"])
        caller = rights.caller(request, self._box.value, self._signer(), self._clock.seconds(), name)
        caller.need("manage-realm")
        self._box.put(self._box.value.without_realm(name))
        return Response(status_code=204)

    async def _realms(self, request: Request) -> Response:
        server, now = self._box.value, self._clock.seconds()
        rights.server_administrator(request, server, self._signer(), now)
        if request.method == "GET":
            return JSONResponse([realms.shown(realm, whole=True) for realm in server.realms.values()])
        sent = parsed(await request.body())
        settings = realms.settings_of(sent)
        name = settings.get("realm")
        if not isinstance(name, str) or not name:
            raise WRONG_JSON
        if name in server.realms:
            raise message(409, f"Realm {name} already exists")
        self._box.put(with_new_realm(server, name, settings, self._making().draw))
        where = f"{base_of(request)}{PREFIX}/{quote(name, safe='')}"
        return Response(status_code=201, headers={"Location": where})

    async def _server_info(self, request: Request) -> Response:
        rights.server_administrator(request, self._box.value, self._signer(), self._clock.seconds())
        return JSONResponse({"systemInfo": {"version": "26.7.3"}})


async def _nowhere(_request: Request) -> Response:
    raise NO_PATH


def _refusing(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except AdminRefusal as refusal:
            return refusal.answer()

    return answered

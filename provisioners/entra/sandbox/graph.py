"""Microsoft Graph put together: the token is looked at first, then the table of endpoints is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ...sandbox.answers import base_of, bearer
from ...sandbox.clock import MovableClock
from ...sandbox.signing import Signer
from ...sandbox.state import Box
from . import applications, credentials, deleted, federated, policies, principals, references
from .building import GRAPH_APP
from .call import GRAPH, Answer, Call, Caller, Row
from .refusals import BAD_TOKEN, NO_METHOD, NO_PATH, NO_TOKEN, OLD_TOKEN, GraphRefusal
from .state import Directory

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
ROWS: tuple[Row, ...] = (
    *applications.ROWS,
    *credentials.ROWS,
    *references.ROWS,
    *federated.ROWS,
    *deleted.ROWS,
    *principals.ROWS,
    *policies.ROWS,
)
_PRINTABLE = re.compile("[!-~]{1,64}")


class Graph:
    """The API over one directory."""

    def __init__(
        self, box: Box[Directory], signer: Callable[[], Signer], clock: MovableClock, draw: Callable[[], str]
    ) -> None:
        self._box = box
        self._signer = signer
        self._clock = clock
        self._draw = draw

    def routes(self) -> list[Route]:
        """Return the route; every path and method below it is answered in Graph's words."""
        return [Route(f"{GRAPH}/{{path:path}}", self._answered, methods=METHODS)]

    async def _answered(self, request: Request) -> Response:
        body = await request.body()
        ids = {"request-id": self._draw()}
        named = request.headers.get("client-request-id", "")
        ids["client-request-id"] = named if _PRINTABLE.fullmatch(named) else ids["request-id"]
        try:
            answer = self._asked(request, body)
        except GraphRefusal as refusal:
            answer = self._refused(refusal, ids)
        answer.headers.update(ids)
        return answer

    def _asked(self, request: Request, body: bytes) -> Response:
        caller = self._caller(request)
        answer, parts = self._found(request)
        now = self._clock.now().timestamp()
        return answer(Call(request, parts, body, self._box, caller, base_of(request) + GRAPH, now, self._draw))

    def _refused(self, refusal: GraphRefusal, ids: dict[str, str]) -> Response:
        date = self._clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        error = {"code": refusal.code, "message": refusal.message, "innerError": {"date": date, **ids}}
        return JSONResponse({"error": error}, refusal.status)

    @staticmethod
    def _found(request: Request) -> tuple[Answer, dict[str, str]]:
        path = f"/{request.path_params['path']}"
        method = "GET" if request.method == "HEAD" else request.method
        there = False
        for row in ROWS:
            parts = row.match(path)
            if parts is not None and method in row.answers:
                return row.answers[method], dict(parts)
            there = there or parts is not None
        raise NO_METHOD if there else NO_PATH

    def _caller(self, request: Request) -> Caller:
        if not bearer(request):
            raise NO_TOKEN
        claims = self._signer().read(bearer(request)) or {}
        if claims.get("typ") != "Bearer" or claims.get("aud") != GRAPH_APP or "oid" not in claims:
            raise BAD_TOKEN
        if float(claims["exp"]) <= self._clock.now().timestamp():
            raise OLD_TOKEN
        # rights are those of the token: one that was issued before they were given lacks them until it is over
        rights = frozenset(claims.get("roles", ()))
        return Caller(str(claims["oid"]), str(claims.get("azp")), rights)

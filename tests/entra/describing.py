"""The description of Graph's API: what is sent and answered is held to it, request by request."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from tests.command import ROOT

GRAPH = "/graph/v1.0"
SERVER = "http://tenant.example.com"
"""Stands for wherever a tenant listens, so that the description is read once."""


def path() -> Path:
    """Where the description is; skips where it is not."""
    folder = Path(os.environ.get("OIDC_PROVISION_SPECS", ROOT.parent / "shared" / "specs"))
    found = folder / "graph-v1.0-subset.json"
    if not found.is_file():
        pytest.skip("the description of Graph is not here; OIDC_PROVISION_SPECS names the folder that it is in")
    return found


@functools.cache
def document() -> dict[str, Any]:
    return json.loads(path().read_text(encoding="utf-8"))


@functools.cache
def openapi() -> Any:
    """The validator; skips where openapi-core is not installed."""
    core = pytest.importorskip("openapi_core", reason="openapi-core is not installed: exchanges cannot be validated")
    return core.OpenAPI.from_dict({**nulls_allowed(document()), "servers": [{"url": SERVER + GRAPH}]})


def nulls_allowed(found: Any) -> Any:
    """The description with `nullable` beside `allOf` meant as it reads: by the letter of OpenAPI 3.0 it does nothing there."""
    if isinstance(found, list):
        return [nulls_allowed(each) for each in found]
    if not isinstance(found, dict):
        return found
    if found.get("nullable") is True and "allOf" in found:
        return {"anyOf": [*found["allOf"], {"type": "object", "nullable": True, "maxProperties": 0}]}
    return {name: nulls_allowed(each) for name, each in found.items()}


class Sent:
    """A request as openapi-core wants it."""

    def __init__(self, request: httpx.Request) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        parts = urlsplit(str(request.url))
        self.host_url = SERVER
        self.path = GRAPH + unquote(parts.path).partition(GRAPH)[2]
        self.full_url_pattern = self.host_url + self.path
        self.method = request.method.lower()
        self.body = request.content or None
        self.content_type = request.headers.get("content-type", "")
        query = ImmutableMultiDict(list(httpx.QueryParams(parts.query).multi_items()))
        self.parameters = RequestParameters(query=query, header=Headers(list(request.headers.items())), path={})


class Got:
    """An answer as openapi-core wants it."""

    def __init__(self, answer: httpx.Response) -> None:
        from werkzeug.datastructures import Headers

        self.data = answer.content
        self.status_code = answer.status_code
        self.content_type = answer.headers.get("content-type", "")
        self.headers = Headers(list(answer.headers.items()))


def check(answer: httpx.Response) -> None:
    """Hold one exchange to the description. Refused requests may be wrong, their refusals may not."""
    described, sent = openapi(), Sent(answer.request)
    if answer.is_success:
        described.validate_request(sent)
        assert answer.status_code != 204 or not answer.content
    described.validate_response(sent, Got(answer))


def operations() -> list[tuple[str, str]]:
    """Method and path of every operation described."""
    methods = ("get", "post", "patch", "put", "delete")
    return [
        (method.upper(), path) for path, item in document()["paths"].items() for method in item if method in methods
    ]

"""What we read of Keycloak's answers, and of which type it must be: another version, or something on the way, may send anything. Pure.

A shape is a type, a list of one shape, or an object: name to shape, with `?` behind the names that may be absent or null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, TypeVar

from ...plans.errors import RemoteFailure
from .fields import FLAGS, REALM_READ, SETS, TEXTS
from .refusals import NOT_KEYCLOAK

T = TypeVar("T")
Shape = type | list[Any] | Mapping[str, Any]

MAPPER: Shape = {"id": str, "name": str, "protocolMapper": str, "config?": {"claim.name?": str}}
SCOPE: Shape = {"id": str, "name": str, "protocol?": str, "protocolMappers?": [MAPPER]}
ROLE: Shape = {"id?": str, "name": str}
CLIENT: Shape = {
    "id": str,
    "clientId": str,
    "secret?": str,
    "attributes?": {},
    "access?": {},
    "protocolMappers?": [MAPPER],
    **{f"{name}?": bool for name in FLAGS},
    **{f"{name}?": str for name in TEXTS if name != "id"},
    **{f"{name}?": [str] for name in SETS},
}
REALM: Shape = {"realm": str, "defaultRole?": ROLE, **{f"{name}?": object for name in REALM_READ}}
_NAMES = {bool: "a truth value", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}


def checked(answer: T, shape: Shape, what: str) -> T:
    """Return the answer; raise RemoteFailure, naming the first member that is not as it must be."""
    flaw = next(_flaws(answer, shape, "answer"), None)
    if flaw is not None:
        raise RemoteFailure(f"{what} failed: the answer is not what Keycloak sends: {flaw}", fix=NOT_KEYCLOAK)
    return answer


def _flaws(value: object, shape: Shape, place: str) -> Iterator[str]:
    kind = shape if isinstance(shape, type) else list if isinstance(shape, list) else dict
    if not isinstance(value, kind):
        yield f"`{place}` is {_NAMES.get(type(value), 'nothing')} where {_NAMES[kind]} was expected"
    elif isinstance(shape, list) and isinstance(value, list):
        yield from chain.from_iterable(_flaws(each, shape[0], f"{place}[{i}]") for i, each in enumerate(value))
    elif isinstance(shape, Mapping) and isinstance(value, dict):
        yield from _flaws_of_members(value, shape, place)


def _flaws_of_members(value: dict[str, Any], shape: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, inner in shape.items():
        key = name.removesuffix("?")
        if value.get(key) is not None:
            yield from _flaws(value[key], inner, f"{place}.{key}")
        elif key == name:
            yield f"`{place}.{key}` is missing"

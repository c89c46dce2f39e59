"""From the bytes of plan files to deployments; all problems of all files come at once. Reads no file itself."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from pydantic import Field, ValidationError, create_model

from .complaints import no_choice, problems_of
from .deployment import Deployment
from .document import Document, read_document
from .errors import PlanError, Position, Problem
from .fleet import fleet_problems
from .model import Client, Plan, PlanKind, plan_model
from .yaml_events import Plain

__all__ = ["Deployment", "load", "restore"]

_TYPE: Final = ("identity_provider", "type")


def load(sources: Iterable[tuple[str, bytes]], kinds: Mapping[str, PlanKind]) -> tuple[Deployment, ...]:
    """Return a deployment for each (file name, content); raises PlanError with every problem of every file.

    `kinds` is asked only for the kinds that the plans name, and once for each.
    """
    found: list[Deployment] = []
    problems: list[Problem] = []
    models: dict[str, type[Plan]] = {}
    with _uncollected():
        for file, raw in sources:
            try:
                document, data = read_document(file, raw)
                found.append(_deployment(document, data, models, kinds))
            except PlanError as error:
                problems += error.problems
    # also where some files are broken: everything is to be mended in one go
    problems += fleet_problems(found)
    if problems:
        raise PlanError(tuple(problems))
    return tuple(found)


def restore(data: Mapping[str, Any], kinds: Mapping[str, PlanKind], *, file: str = "the saved plan") -> Plan:
    """Return the plan that `Plan.normalised` made the data of; raises PlanError."""
    return _deployment(Document(file, ""), dict(data), {}, kinds).plan


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking thousands of plans again and again: they hold no cycles and all stay.

    Frozen, they are not walked later either; what nobody holds is still freed, as that takes no collector.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.enable()


def _deployment(
    document: Document, data: dict[str, Any], models: dict[str, type[Plan]], kinds: Mapping[str, PlanKind]
) -> Deployment:
    name = _kind_name(data)
    model = models.get(name)
    if model is None:
        kind = kinds.get(name) if name else None
        if kind is None:
            raise _without_kind(document, data, name, kinds)
        model = models[name] = plan_model(kind)
    try:
        return Deployment(model.model_validate(data), document)
    except ValidationError as error:
        raise PlanError(problems_of(error, document, model)) from None


def _kind_name(data: Mapping[str, Plain]) -> str:
    provider = data.get("identity_provider")
    name = provider.get("type") if isinstance(provider, dict) else None
    return name if isinstance(name, str) else ""


def _without_kind(document: Document, data: dict[str, Any], name: str, kinds: Mapping[str, PlanKind]) -> PlanError:
    """Say what is wrong with the type, and with everything that does not depend on it."""
    problems: list[Problem] = []
    model = _kindless_model()
    try:
        model.model_validate(data)
    except ValidationError as error:
        problems += problems_of(error, document, model)
    provider = data.get("identity_provider")
    if isinstance(provider, dict):
        problems.append(_type_problem(document, provider, name, sorted(kinds)))
    elif "identity_provider" in data:
        problems.append(
            Problem("`identity_provider` must be a mapping", document.position(_TYPE[:1]), "start with `type:`")
        )
    return PlanError(tuple(problems))


def _type_problem(document: Document, provider: Mapping[str, object], name: str, known: list[str]) -> Problem:
    if "type" not in provider:
        position: Position = document.position(_TYPE[:1], key=True)
        return Problem("`identity_provider.type` is missing", position, f"add `type:`, one of: {', '.join(known)}")
    message, fix = no_choice(_TYPE, name or provider["type"], known)
    return Problem(message, document.position(_TYPE), fix)


@lru_cache(maxsize=1)
def _kindless_model() -> type[Plan]:
    client = create_model("Client", __base__=Client, __cls_kwargs__={"extra": "ignore"})
    return create_model(
        "Plan", __base__=Plan, identity_provider=(Any, Field()), client=(client, Field()), shared=(Any, None)
    )

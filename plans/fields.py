"""The field types of the models: how each is read from a plan file, written back and described to editors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from . import durations, versions
from .checks import MAX_NAME, Invalid, check_line, check_name, kind_of
from .references import FORM_PATTERN, STORE_PATTERN, SecretReference, read_source, read_store
from .urls import read_url


def _described(read: Callable[..., object], **schema: object) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(read), WithJsonSchema(dict(schema))


def _limit_text(limit: int | durations.Unlimited) -> str:
    return format_length(limit) if isinstance(limit, int) else limit.value


def _reference_schema(pattern: str, *, commands: bool) -> dict[str, object]:
    words = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    text: dict[str, object] = {"type": "string", "pattern": pattern}
    command = {"type": "object", "properties": {"exec": words}, "required": ["exec"], "additionalProperties": False}
    return {"anyOf": [text, command]} if commands else text


def read_scope(value: object) -> str:
    """Return the name of a scope; a space or a comma would make two of it."""
    name = check_name(value)
    if " " in name or "," in name:
        raise Invalid("is not one scope: it holds a space or a comma", "write a list, as `[openid, email]`")
    return name


def read_variable(value: object) -> str:
    """Return the name of a setting of Coder, as the environment has it."""
    name = check_name(value)
    if not _VARIABLE.fullmatch(name):
        raise Invalid("is no setting of Coder", "names here start with `CODER_`, then capitals, digits and underscores")
    return name


def read_language(value: object) -> object:
    """Let only a whole number be the version of the plan language: to Python, true and 1.0 equal 1."""
    if isinstance(value, (bool, float)):
        raise Invalid(f"must be `1`, not {kind_of(value)}")
    return value


def read_nothing_as_empty(value: object) -> object:
    """Read a section whose lines are all commented out: it states nothing."""
    return {} if value is None else value


format_length = durations.format_duration
_SECONDS: Final = PlainSerializer(format_length, return_type=str)
_NAME_SCHEMA: Final = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}
_VARIABLE: Final = re.compile("CODER_[A-Z0-9_]+")
_IN_PLAN: Final = PlainSerializer(SecretReference.in_plan)

Duration = Annotated[int, *_described(durations.read_duration, type="string", pattern=durations.PATTERN), _SECONDS]
"""Seconds; in the file `30d`."""

Limit = Annotated[
    int | durations.Unlimited,
    *_described(durations.read_limit, anyOf=[{"const": "unlimited"}, {"type": "string", "pattern": durations.PATTERN}]),
    PlainSerializer(_limit_text, return_type=str),
]
"""Seconds, or `UNLIMITED`."""

Version = Annotated[
    versions.CoderVersion,
    # a number too: editors must not mark an unquoted 2.30, which is read from its source text
    *_described(versions.read_version, anyOf=[{"type": "string", "pattern": versions.PATTERN}, {"type": "number"}]),
    PlainSerializer(str, return_type=str),
]

Url = Annotated[str, *_described(read_url, type="string", pattern="^[Hh][Tt][Tt][Pp][Ss]?://[^\\s#?@*]+$")]
Name = Annotated[str, *_described(check_name, **_NAME_SCHEMA)]
Line = Annotated[str, *_described(check_line, type="string")]
ScopeName = Annotated[str, *_described(read_scope, **_NAME_SCHEMA | {"pattern": "^[^ ,]+$"})]
Variable = Annotated[str, *_described(read_variable, type="string", pattern="^CODER_[A-Z0-9_]+$")]
Source = Annotated[
    SecretReference, *_described(read_source, **_reference_schema(FORM_PATTERN, commands=True)), _IN_PLAN
]
"""A reference that a secret can be taken from."""
Store = Annotated[
    SecretReference, *_described(read_store, **_reference_schema(STORE_PATTERN, commands=False)), _IN_PLAN
]
"""A reference that a secret can be put at."""

# not strict: YAML has lists, and a strict tuple would not take one
Names = Annotated[tuple[Name, ...], Field(strict=False)]
EmptyAllowed: Final = BeforeValidator(read_nothing_as_empty)

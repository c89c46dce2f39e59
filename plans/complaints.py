"""From pydantic's errors to our sentences: what is wrong, where in the file, and what was probably meant.

A value is repeated only where no secret could stand, and never the value of a key that is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .checks import Invalid, kind_of
from .document import Document, is_secret_path
from .errors import Problem
from .yaml_survey import Path

_MUST: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_LONGEST_SHOWN: Final = 60


def problems_of(error: ValidationError, document: Document, model: type[BaseModel]) -> tuple[Problem, ...]:
    """Return one problem for each error, in the order of the file."""
    errors: list[Any] = error.errors(include_url=False)
    unknown = frozenset(_path(entry["loc"]) for entry in errors if entry["type"] == "extra_forbidden")
    found = [_problem(entry, document, model, unknown) for entry in errors]
    return tuple(sorted(found, key=lambda problem: (problem.position.line, problem.position.column)))


def _problem(entry: Mapping[str, Any], document: Document, model: type[BaseModel], unknown: frozenset[Path]) -> Problem:
    path = _path(entry["loc"])
    message, fix = _sentence(entry, path, model)
    # What is missing has no place: point to the key of the section that it is missing from.
    of_key = entry["type"] in {"extra_forbidden", "missing"} or entry["loc"][-1:] == ("[key]",)
    place = path[:-1] if entry["type"] == "missing" else path
    return Problem(message, document.position(place, key=of_key, hidden=unknown), fix)


def _path(location: Iterable[int | str]) -> Path:
    return tuple(part for part in location if part != "[key]")


def name_of(path: Path) -> str:
    """Return `client.scopes[1]`, or `the plan` for the whole."""
    parts = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"`{parts.removeprefix('.')}`" if parts else "the plan"


def _sentence(entry: Mapping[str, Any], path: Path, model: type[BaseModel]) -> tuple[str, str]:
    kind, context, name = entry["type"], entry.get("ctx", {}), name_of(path)
    if isinstance(context.get("error"), Invalid):
        return f"{name} {context['error'].message}", context["error"].fix
    if kind == "missing":
        return f"{name} is missing", f"add `{path[-1]}:` {'to' if path[:-1] else 'at'} {_section(path)}"
    if kind in {"extra_forbidden", "literal_error"}:
        return _unknown(path, model) if kind == "extra_forbidden" else _no_choice(entry, path)
    if kind in _MUST:
        return f"{name} must be {_MUST[kind]}, not {kind_of(entry['input'])}", _quotes(kind, entry["input"])
    return f"{name} must be {context['ge']} or more" if "ge" in context else f"{name} is not valid", ""


def _section(path: Path) -> str:
    return name_of(path[:-1]) if path[:-1] else "the top level"


def _quotes(kind: str, value: object) -> str:
    return "put it in quotes" if kind == "string_type" and isinstance(value, (int, float)) else ""


def _no_choice(entry: Mapping[str, Any], path: Path) -> tuple[str, str]:
    # The expected values come as pydantic prints them: 'reuse' or 'rotate'.
    choices = entry["ctx"]["expected"].replace(" or ", ", ").split(", ")
    wanted = [choice.strip("'") for choice in choices]
    return no_choice(path, entry["input"], wanted)


def no_choice(path: Path, value: object, wanted: list[str]) -> tuple[str, str]:
    """Return message and fix for a value that is none of the wanted ones."""
    listed = ", ".join(f"`{choice}`" for choice in wanted)
    known = f"one of {listed}" if len(wanted) > 1 else listed
    close = get_close_matches(str(value), wanted, 1) if isinstance(value, str) else []
    fix = f"did you mean `{close[0]}`?" if close else ""
    return f"{name_of(path)} must be {known}, not {_quoted(value, path)}", fix


def _quoted(value: object, path: Path) -> str:
    shown = f"`{value}`" if isinstance(value, (str, int, float)) and not isinstance(value, bool) else kind_of(value)
    return kind_of(value) if is_secret_path(path) or len(shown) > _LONGEST_SHOWN else shown


def _unknown(path: Path, model: type[BaseModel]) -> tuple[str, str]:
    key, names = str(path[-1]), known_keys(model, path[:-1])
    message = f"there is no `{_short(key)}` in {name_of(path[:-1])}"
    close = get_close_matches(key, names, 1) if len(key) <= _LONGEST_SHOWN else []
    if close:
        return message, f"did you mean `{close[0]}`?"
    # the usual mistake is the right key in the wrong section
    elsewhere = next((section for section, keys in _sections(model) if key in keys and (section,) != path[:-1]), None)
    if elsewhere:
        return message, f"it belongs under `{elsewhere}:`"
    return message, f"known here: {', '.join(names)}" if names else "nothing can be set here"


def _short(key: str) -> str:
    return key if len(key) <= _LONGEST_SHOWN else f"{key[:_LONGEST_SHOWN]}..."


def _sections(model: type[BaseModel]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in known_keys(model, ()):
        yield name, known_keys(model, (name,))


def known_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the keys that may stand at a path of the plan; none where it is no section."""
    here: type[BaseModel] | None = model
    for part in path:
        if here is None:
            return ()
        here = here if isinstance(part, int) else _models(here).get(part)
    return tuple(field.alias or name for name, field in here.model_fields.items()) if here else ()


def _models(model: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    fields = model.model_fields.items()
    return {field.alias or name: _inner(field.annotation) for name, field in fields}


def _inner(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401  # annotations have no type of their own
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return next((found for part in parts if (found := _inner(part))), None)

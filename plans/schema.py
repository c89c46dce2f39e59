"""The JSON Schema of plan files, for editors and validators: draft 2020-12, as the file is written.

One branch a kind, chosen by `identity_provider.type`: validators blame the wrong branch of a plain union.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .model import Plan, PlanKind, plan_model

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_BY_KIND: Final = ("identity_provider", "client", "shared")
_SECTIONS: Final = ("refresh_tokens", "access_tokens", "shared", "env")


def json_schema(kinds: Mapping[str, PlanKind]) -> Schema:
    """Return the schema of plans of these kinds."""
    names = sorted(kinds)
    whole = {name: plan_model(kinds[name]).model_json_schema(ref_template=_template(name)) for name in names}
    common = Plan.model_json_schema(ref_template="#/$defs/{model}")
    return {
        "$schema": DIALECT,
        "title": "oidc-provision plan",
        "description": "One Coder deployment at one identity provider.",
        "type": "object",
        "additionalProperties": False,
        "required": common["required"],
        "properties": _properties(common["properties"], names),
        "allOf": [_branch(name, whole[name]) for name in names],
        "$defs": {
            **_without_kinds(common.get("$defs", {})),
            **{f"{name}.{part}": definition for name in names for part, definition in whole[name]["$defs"].items()},
        },
    }


def _template(kind: str) -> str:
    return f"#/$defs/{kind}.{{model}}"


def _without_kinds(definitions: Schema) -> Schema:
    return {
        name: definition
        for name, definition in definitions.items()
        # each kind brings its own form of these
        if name not in {"Client", "ProviderSettings", "SharedSettings"}
    }


def _properties(properties: Schema, kinds: list[str]) -> Schema:
    """Return the sections that are the same for all kinds, and only the descriptions of those that are not."""
    described = {name: {"description": properties[name]["description"]} for name in _BY_KIND}
    chooser = {"type": {"enum": kinds, "description": "Which kind of identity provider this is."}}
    described["identity_provider"] |= {"type": "object", "required": ["type"], "properties": chooser}
    return {name: described.get(name) or _emptiable(name, schema) for name, schema in properties.items()}


def _emptiable(name: str, schema: Schema) -> Schema:
    """Let a section be there with all its lines commented out, as the loader does."""
    if name not in _SECTIONS:
        return schema
    # pydantic leaves a description out that the section's own type has word for word.
    described = Plan.model_fields[name].description
    body = {key: value for key, value in schema.items() if key not in {"description", "default"}}
    return {"description": described, "anyOf": [body, {"type": "null"}]}


def _branch(kind: str, schema: Schema) -> Schema:
    chosen = {"properties": {"type": {"const": kind}}, "required": ["type"]}
    return {
        "if": {"properties": {"identity_provider": chosen}, "required": ["identity_provider"]},
        "then": {"properties": {name: schema["properties"][name] for name in _BY_KIND}},
    }

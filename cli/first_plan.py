"""Plan data from answers: the nested mapping behind dotted keys, and its YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from ..plans.yaml_events import OddError, resolve
from ..provisioners.registry import PlanKinds

NOT_TEXT: Mapping[str, type] = MappingProxyType({"int_type": int, "bool_type": bool, "float_type": float})
"""What pydantic calls a field that refuses text, and which type it wants."""
MODELINE = "# yaml-language-server: $schema=oidc-provision.schema.json\n"


class Quoting(yaml.SafeDumper):
    """Writes every text that another YAML reader might take for something else in quotes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = dumper.resolve(yaml.ScalarNode, text, (True, False)) == "tag:yaml.org,2002:str"  # type: ignore[no-untyped-call]  # PyYAML
    risky = text.lower() in ("yes", "no", "on", "off") or not _is_text(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if risky or not plain else None)


def _is_text(text: str) -> bool:
    """Tell whether YAML 1.2 reads it as text without quotes; PyYAML answers for YAML 1.1, where 1e3 is text."""
    try:
        return isinstance(resolve(text), str)
    except OddError:
        return False


Quoting.add_representer(str, _text)


def nested(pairs: Iterable[str]) -> dict[str, Any]:
    """Return `admin.client_id=x` as {admin: {client_id: x}}. Raises ValueError naming a pair without `=`."""
    data: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ValueError(pair)
        *parents, last = key.split(".")
        place = data
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise ValueError(pair)  # noqa: TRY004  # the text was wrong, no type
        if isinstance(place.get(last), dict):
            raise ValueError(pair)  # noqa: TRY004  # as above
        place[last] = value
    return data


def provider_settings(kind: str, pairs: Iterable[str]) -> dict[str, Any]:
    """Return `nested` settings of a kind, numbers and switches where its model wants them. Raises ValueError as `nested` does."""
    settings, described = {"type": kind, **nested(pairs)}, PlanKinds().get(kind)
    return settings if described is None else typed(settings, described.settings)


def typed(data: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return data of texts with a number or a switch in place of each text that is one and that its field refuses as text."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        for each in error.errors():
            wanted = NOT_TEXT.get(each["type"])
            data = data if wanted is None else _read_again(data, each["loc"], wanted)
    return data


def _read_again(data: dict[str, Any], path: Sequence[int | str], wanted: type) -> dict[str, Any]:
    """Return data with the text at the path read as YAML."""
    if not path:
        return data
    key, rest = str(path[0]), path[1:]
    value = data.get(key)
    if value is None:
        # no key, but which type of several has refused
        return _read_again(data, rest, wanted)
    if isinstance(value, dict):
        return {**data, key: _read_again(value, rest, wanted)}
    return {**data, key: _meant(value, wanted)} if isinstance(value, str) else data


def _meant(text: str, wanted: type) -> Any:  # noqa: ANN401  # plan data
    try:
        found = resolve(text)
    except OddError:
        return text
    if wanted is float and isinstance(found, float):
        # not what `resolve` gives, which the writer of YAML does not know
        return float(found)
    is_meant = isinstance(found, int) and isinstance(found, bool) is (wanted is bool)
    return found if is_meant else text


def as_yaml(data: Mapping[str, Any]) -> str:
    """Return plan data as YAML with the line that tells editors its schema."""
    text: str = yaml.dump(dict(data), Dumper=Quoting, sort_keys=False, allow_unicode=True, width=120)
    return MODELINE + text

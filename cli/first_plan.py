"""Plan data from answers: the nested mapping behind dotted keys, and its YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from ..plans.yaml_events import OddError, resolve

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


def as_yaml(data: Mapping[str, Any]) -> str:
    """Return plan data as YAML with the line that tells editors its schema."""
    text: str = yaml.dump(dict(data), Dumper=Quoting, sort_keys=False, allow_unicode=True, width=120)
    return MODELINE + text

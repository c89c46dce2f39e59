"""Coder's own configuration file (`CODER_CONFIG_PATH`): nested keys, native maps, lists and booleans.

Coder refuses to start over a key that it does not know, and its secrets have none: what has no key is left out, with a
comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from ..coder_options import Kind, option
from ..coder_values import UnreadableError, parse_bool, parse_list, parse_struct
from .base import Format, check_any, refuse, remarks
from .yaml_text import quoted

if TYPE_CHECKING:
    from ..coder_env import CoderEnv, EnvEntry
    from .base import FormatOptions

Tree: TypeAlias = "dict[str, Tree | list[str]]"
_SINK = "Coder's YAML"


def render(env: CoderEnv, options: FormatOptions) -> str:
    """Return the configuration file; raises Failed for a value that Coder would not read."""
    tree: Tree = {}
    absent: list[str] = []
    for entry in env.entries:
        known = option(entry.name)
        # one unknown key keeps Coder from starting, and secrets have none (serpent v0.15.0)
        if entry.is_secret or known is None or not known.yaml:
            absent.append(f"# {entry.name} has no YAML key, Coder takes it from the environment only")
        else:
            notes = list(remarks(entry, options))
            _place(tree, known.yaml.split("."), [*notes, _native(entry, known.kind)])
    lines = [*absent, *_lines(tree, "")]
    return "\n".join(lines) + "\n" if lines else "{}\n"


def _place(tree: Tree, path: list[str], leaf: list[str]) -> None:
    for key in path[:-1]:
        branch = tree.setdefault(key, {})
        tree = branch if isinstance(branch, dict) else tree
    tree[path[-1]] = leaf


def _lines(tree: Tree, indent: str) -> list[str]:
    lines: list[str] = []
    for key, node in tree.items():
        if isinstance(node, dict):
            lines += [f"{indent}{key}:", *_lines(node, f"{indent}  ")]
        else:
            lines += [*(f"{indent}{note}" for note in node[:-1]), f"{indent}{key}: {node[-1]}"]
    return lines


def _native(entry: EnvEntry, kind: Kind) -> str:
    value = check_any(entry.name, entry.plain(), _SINK)
    try:
        return _converted(value, kind)
    except UnreadableError as error:
        raise refuse(entry.name, _SINK, str(error), "correct it, Coder would not start with it") from error


def _converted(value: str, kind: Kind) -> str:
    if kind is Kind.BOOL:
        return "true" if parse_bool(value) else "false"
    if kind is Kind.STRING_ARRAY:
        return _flow(parse_list(value))
    if kind in {Kind.STRUCT, Kind.STRUCT_OF_LISTS}:
        struct = parse_struct(value, lists=kind is Kind.STRUCT_OF_LISTS)
        return "{" + ", ".join(f"{quoted(key)}: {_member(member)}" for key, member in struct.items()) + "}"
    return quoted(value)


def _member(member: str | list[str]) -> str:
    return quoted(member) if isinstance(member, str) else _flow(member)


def _flow(members: list[str]) -> str:
    return "[" + ", ".join(map(quoted, members)) + "]"


FORMAT = Format("coder-yaml", "Coder's own configuration file", render)

"""YAML scalars that no reader, of 1.1 or 1.2, takes for anything but the string they are."""

from __future__ import annotations

_SHORT, _LONG = 0xFF, 0xFFFF


def quoted(value: str) -> str:
    """Return the value single-quoted, or double-quoted with escapes where a character cannot be printed."""
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character == "\n":
        return "\\n"
    if character.isprintable():
        return character
    code = ord(character)
    if code <= _SHORT:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _LONG else f"\\U{code:08x}"

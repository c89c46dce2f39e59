"""Checks of single values, shared by all models: each returns the value or raises `Invalid`."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_NAME: Final = 255

_SPEAKS: Final = {
    bool: "true or false",
    int: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
    type(None): "nothing",
}
# letters that can be made to stand in another order than they are read in: a URL would show another host
_TURNS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Invalid(ValueError):  # noqa: N818  # a judgement about a value that the loader turns into a `Problem`
    """What is wrong with a value, to be read after its path: "is empty"; never holds the value of a secret."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def kind_of(value: object) -> str:
    """Return what a value from a plan file is, in words."""
    return next((words for kind, words in _SPEAKS.items() if isinstance(value, kind)), "a number")


def text(value: object) -> str:
    """Return the value if it is text."""
    if not isinstance(value, str):
        raise Invalid(
            f"must be text, not {kind_of(value)}", "put it in quotes" if isinstance(value, (int, float)) else ""
        )
    return value


def hidden_character(value: str) -> str:
    """Return `U+202E`, say, for the first character that changes how the text around it looks; "" if there is none."""
    if value.isprintable():
        return ""
    for character in value:
        # not every unprintable one: a soft hyphen or a zero-width joiner belongs to some languages' words
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or _TURNS.match(character):
            return f"U+{ord(character):04X}"
    return ""


def check_line(value: object) -> str:
    """Return text that is one visible line: no control, escape or direction character."""
    line = text(value)
    hidden = hidden_character(line)
    if hidden:
        raise Invalid(f"holds the character {hidden}, which cannot be seen", "leave it out")
    return line


def check_name(value: object) -> str:
    """Return a name as identity providers take it: one visible line of 1 to 255 characters."""
    name = check_line(value)
    if not name.strip():
        raise Invalid("is empty")
    if len(name) > MAX_NAME:
        raise Invalid(f"has {len(name)} characters, {MAX_NAME} are allowed")
    return name

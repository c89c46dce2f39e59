"""HTML pages of a sign-in: their forms, which of them goes on, and which of its buttons says yes. Nothing is sent here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

TYPED = frozenset({"text", "email", "tel", ""})
_UTF8 = "utf-8"
_YES = frozenset(
    [
        "accept",
        "agree",
        "allow",
        "approve",
        "authorise",
        "authorize",
        "confirm",
        "consent",
        "continue",
        "grant",
        "login",
        "next",
        "ok",
        "sign",
        "signin",
        "submit",
        "yes",
    ]
)
_NO = frozenset(
    [
        "back",
        "cancel",
        "decline",
        "deny",
        "disallow",
        "dismiss",
        "don",
        "dont",
        "logout",
        "no",
        "not",
        "out",
        "refuse",
        "reject",
        "revoke",
        "signout",
        "switch",
    ]
)
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_HEAD = 1024
"""Bytes in which HTML looks for a `meta` that names the charset."""


@dataclass(frozen=True, slots=True)
class Field:
    """One input or button of a form."""

    name: str
    kind: str
    value: str = ""
    checked: bool = True
    text: str = ""

    @property
    def words(self) -> frozenset[str]:
        """What a person reads on a button, and what its author calls it."""
        return frozenset(re.split(r"[^a-z]+", f"{self.name} {self.value} {self.text}".lower()))


@dataclass(frozen=True, slots=True)
class Form:
    """A form: where it goes and what is in it."""

    action: str
    method: str
    fields: tuple[Field, ...] = ()

    def of(self, *kinds: str) -> tuple[Field, ...]:
        """Return the named fields of these kinds."""
        return tuple(each for each in self.fields if each.kind in kinds and each.name)

    @property
    def buttons(self) -> tuple[Field, ...]:
        """What sends it, named or not."""
        return tuple(each for each in self.fields if each.kind == "submit")

    @property
    def willing(self) -> tuple[Field, ...]:
        """The buttons that do not say no, those that say yes first: consent pages have both kinds, the no often first."""
        kept = [each for each in self.buttons if not each.words & _NO]
        return tuple(sorted(kept, key=lambda each: not each.words & _YES))


@dataclass
class _Forms(HTMLParser):
    """Collects the forms of a page. A mutable by the parser's own design."""

    found: list[Form] = field(default_factory=list)
    inside: bool = False
    in_button: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", "").strip(), given.get("method", "get").strip().lower()))
            self.inside = True
        elif self.inside and tag in ("input", "button"):
            self._add(Field(*_read(tag, given)))
            self.in_button = tag == "button"

    def handle_data(self, data: str) -> None:
        if self.inside and self.in_button:
            *others, last = self.found[-1].fields
            self._put((*others, replace(last, text=last.text + data)))

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"
        self.in_button = self.in_button and tag != "button"

    def _add(self, new: Field) -> None:
        self._put((*self.found[-1].fields, new))

    def _put(self, fields: tuple[Field, ...]) -> None:
        self.found[-1] = replace(self.found[-1], fields=fields)


def _read(tag: str, given: Mapping[str, str]) -> tuple[str, str, str, bool]:
    kind = given.get("type", "submit" if tag == "button" else "").lower()
    is_set = "checked" in given or kind not in ("checkbox", "radio")
    value = given.get("value", "on" if kind in ("checkbox", "radio") else "")
    # a browser leaves out what is disabled
    return "" if "disabled" in given else given.get("name", ""), kind, value, is_set


def forms_of(page: str) -> tuple[Form, ...]:
    """Return the forms of an HTML page."""
    parser = _Forms()
    parser.feed(page)
    return tuple(parser.found)


def the_form(found: tuple[Form, ...]) -> Form | None:
    """Return the form to fill: the one that asks for a password, else for a name, else one whose button says yes."""
    posted = [form for form in found if form.method == "post" and form.fields]
    for wanted in (lambda form: len(form.of("password")) == 1, lambda form: form.of("password", *TYPED)):
        for form in posted:
            if wanted(form):
                return form
    # one without a button posts itself by a script, as when going from one host to the next
    going_on = [form for form in posted if form.willing or not form.buttons]
    agreed = [form for form in going_on if any(each.words & _YES for each in form.willing)]
    return next(iter(agreed or going_on), None)


def decoded(content: bytes, kind: str) -> tuple[str, str]:
    """Return a page's text and its charset: the Content-Type's, else the one that the page names, else UTF-8."""
    named = _CHARSET.search(kind) or _CHARSET.search(content[:_HEAD].decode("ascii", "replace"))
    charset = named[1] if named else _UTF8
    try:
        return content.decode(charset, "replace"), charset
    except (LookupError, ValueError):
        return content.decode(_UTF8, "replace"), _UTF8

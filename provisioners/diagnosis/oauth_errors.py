"""OAuth errors out of text, and what they mean at which identity provider. Pure; the tables are handed in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from ...plans.meanings import STANDARD, Meaning
from ...plans.symptoms.base import Certainty, Guide, Symptom

_GO = re.compile(r'oauth2: "(?P<error>[\w.]{1,80})"(?: "(?P<text>(?:[^"\\]|\\.){0,2000})")?', re.IGNORECASE)
_JSON = re.compile(r'"error"\s*:\s*"(?P<error>\w{1,80})"')
_JSON_TEXT = re.compile(r'"(?:error_description|error_hint|error_subtype|cause)"\s*:\s*"((?:[^"\\]|\\.){0,2000})"')
_QUERY = re.compile(r"(?:[?&#]|(?<![\w-]))error=(?P<error>\w{1,80})")
_QUERY_TEXT = re.compile(r"[?&#]error_(?:description|subtype)=([^&#\s\"']{0,2000})")
_PASSED_ON = re.compile(r"encountered error in oidc process:?\s*\"?(?P<error>\w{1,80})", re.IGNORECASE)
_PAGE = re.compile(
    r"\berror (?:4\d\d: )?(?P<error>redirect_uri_mismatch|invalid_\w+|org_internal|deleted_client|admin_policy_enforced)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"AADSTS\d{4,8}")
_LOGGED_OUT = frozenset({"scopes", "offline", "refresh", "rotation", "lifetimes"})
_AFTER_CHANGE = frozenset({"secret", "client", "flow", "issuer"})
_EDIT = re.compile(r"`([a-z_]+: \{[^`]{1,300}\})`")
_SENTENCE = 10
Tables = Mapping[str, tuple[Meaning, ...]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An OAuth error with what was said about it; `error` is "" where only a vendor's own number came."""

    error: str
    description: str = ""


def refusals_in(text: str) -> Iterator[Refusal]:
    """Yield the OAuth errors that a text tells, in Go's words, as JSON or as a query."""
    for found in _GO.finditer(text):
        yield Refusal(found["error"], found["text"] or "")
    for found in _JSON.finditer(text):
        yield Refusal(found["error"], " ".join(_JSON_TEXT.findall(text)))
    for found in _QUERY.finditer(text):
        yield Refusal(found["error"], unquote_plus(" ".join(_QUERY_TEXT.findall(text))))
    for pattern in (_PASSED_ON, _PAGE):
        for found in pattern.finditer(text):
            yield Refusal(found["error"].lower(), text[found.start() : found.end() + 2000])
    if _NUMBER.search(text):
        yield Refusal("", text)


def explained(text: str, tables: Tables, clues: Mapping[str, str], kind: str = "") -> list[Symptom]:
    """Return what the refusals in a text mean; with a kind, by its table alone."""
    at = kind or next((name for name, clue in clues.items() if re.search(clue, text)), "")
    found = (_meaning(refusal, tables, at) for refusal in refusals_in(text))
    return list(dict.fromkeys(symptom for symptom in found if symptom is not None))


def _meaning(refusal: Refusal, tables: Tables, kind: str) -> Symptom | None:
    if kind in tables:
        own = _first(refusal, tables[kind])
        if own is not None:
            return as_symptom(own, sure=bool(own.words))
    else:
        own = _first(refusal, _telling(refusal, tables))
        if own is not None:
            return as_symptom(own, sure=bool(own.words))
    general = _first(refusal, STANDARD) if refusal.error else None
    return None if general is None else as_symptom(general, sure=False)


def _telling(refusal: Refusal, tables: Tables) -> Iterator[Meaning]:
    """Yield what gives a vendor away: its own words, or an error that no standard knows."""
    every = [each for table in tables.values() for each in table if each.words != "^$"]
    if refusal.description:
        yield from (each for each in every if each.words)
    standard = {each.error for each in STANDARD}
    yield from (each for each in every if not each.words and each.error not in standard)


def described(text: str, tables: Tables, kind: str = "") -> list[Symptom]:
    """Return what a vendor's words mean where nothing else is known: people quote a page, not an answer."""
    asked = tables.get(kind, ()) if kind else (each for table in tables.values() for each in table)
    found = (each for each in asked if each.part in _LOGGED_OUT and _is_sentence(each.words))
    return [as_symptom(each, sure=False) for each in found if re.search(each.words, text, re.IGNORECASE)][:1]


def _is_sentence(words: str) -> bool:
    # one of several alternatives may be a common word
    return len(words) >= _SENTENCE and "|" not in words and " " in words


def _first(refusal: Refusal, table: Iterator[Meaning] | tuple[Meaning, ...]) -> Meaning | None:
    return next((each for each in table if each.fits(refusal.error or each.error, refusal.description)), None)


def as_symptom(meaning: Meaning, *, sure: bool) -> Symptom:
    """Return a refusal's meaning as a symptom; what its fix says of a plan is its edit."""
    guide = Guide.LOGGED_OUT if meaning.part in _LOGGED_OUT else Guide.NONE
    return Symptom(
        meaning.code,
        "",
        meaning.cause,
        meaning.fix,
        meaning.source,
        certainty=Certainty.PROOF if sure else Certainty.STRONG,
        guide=Guide.AFTER_CHANGE if meaning.part in _AFTER_CHANGE else guide,
        edit=edit_in(meaning.fix),
        part=meaning.part,
    )


def edit_in(fix: str) -> str:
    """Return the edit of a plan that a fix names, "" for none."""
    found = _EDIT.search(fix)
    return found[1] if found else ""

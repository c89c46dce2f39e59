"""Tokens out of text that nobody told us the secrets of. Pure; rather too much is hidden than a token shown.

What hides a value: its name (`refresh_token=`, a cookie), its form (a JWT, a session token of Coder), or that it is long and not made of words.
"""

from __future__ import annotations

import re

MARK = "(redacted)"
LONGEST_SHOWN = 19
"""Letters and digits that are no words are shown up to this length."""

_NAMES = (
    "(?:[a-z0-9]{1,20}[_-]){0,3}(?:tokens?|secret|password|passwd|passphrase|api_?key|session|cookie|assertion|verifier|credential)"
    "|code|state|nonce|session_state|sid|ticket|id_token_hint|login_hint|client_assertion|code_challenge"
)
_SURE = "password|passwd|passphrase|(?:client_)?secret|api_?key|(?:refresh|access|id|session)_token"
# a name may stand behind a separator that is itself percent-encoded or escaped
_START = r"(?:(?<![\w-])|(?<=%26)|(?<=%3[fF])|(?<=%22)|(?<=%2C)|(?<=%2c)|(?<=u0026)|(?<=u003f))"
_EQUALS = r"(?:=|%(?:25)*3[dD]|\\{1,16}u003[dD])"
_QUOTE = r"(?:\\{0,16}[\"']|%22|&quot;|\\{1,16}u0022)"
_VALUE = r"(?!\(redacted)[^\s&\"'<>]+"
_QUOTED = r"(?:(?!\\{0,16}[\"']|%22|&quot;|\\{1,16}u0022).)+"
_HEADERS = "(?:proxy-)?authorization|(?:set-)?cookie|coder-session-token|x-csrf-token|x-api-key"


def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_NAMED = (
    # "name": "Cookie", "value": "..." as in a HAR
    _pattern(
        rf"({_QUOTE}name{_QUOTE}\s*:\s*{_QUOTE}(?:{_HEADERS}|{_NAMES}){_QUOTE}\s*,\s*{_QUOTE}value{_QUOTE}\s*:\s*{_QUOTE}){_QUOTED}"
    ),
    _pattern(rf"({_START}(?:{_NAMES}|{_HEADERS}){_QUOTE}\s*[:=]\s*{_QUOTE}){_QUOTED}"),
    _pattern(rf"({_START}(?:{_NAMES}|{_HEADERS})\s*{_EQUALS}\s*{_QUOTE}){_QUOTED}"),
    # the whole rest of a header's line: a cookie is many values
    _pattern(rf"({_START}(?:{_HEADERS})\s*[:=]\s*)(?!\\{{0,16}}[\"'(])[^\r\n\"']+"),
    _pattern(rf"({_START}(?:{_NAMES}){_EQUALS}){_VALUE}"),
    # `token:` alone is how sentences go on
    _pattern(rf"({_START}(?:{_SURE})\s*:\s+){_VALUE}"),
    _pattern(r"(\b(?:bearer|dpop|negotiate)(?:\s|\+|%20)+)(?!\(redacted|token\b)[^\s\"',;&<>]{4,}"),
    _pattern(r"(\bbasic(?:\s|\+|%20)+)(?!\(redacted)(?=[^\s\"']*[0-9=A-Z])[^\s\"',;&<>]{8,}"),
    _pattern(r"()\beyJ[\w-]{4,}(?:(?:\.|%2e)[\w-]*)*"),
    _pattern(r"()(?<![A-Za-z0-9])[A-Za-z0-9]{10}-[A-Za-z0-9]{22}(?![A-Za-z0-9])"),
)
_EMAIL = re.compile(r"([\w.+-])[\w.+-]{0,200}(@|%40)((?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24})")
_RUN = re.compile(r"(?:[A-Za-z0-9_+/=~.%-]|\\{1,16}/|\\{1,16}u00[0-9a-fA-F]{2}){20,}")
_SEPARATOR = re.compile(r"\\{1,16}/|\\{1,16}u00[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|[_+/=~.%-]+")
_WORD = re.compile(
    r"(?:(?:[A-Za-z]?[a-z]{0,18}|[A-Z]{1,15})[0-9]{0,3}|(?:[A-Z]?[a-z]{3,15}){1,4}|[0-9]{1,10}|AADSTS[0-9]{5,8})"
)


def masked(text: str) -> str:
    """Return the text with `(redacted)` for what may be a token, and with email addresses cut to their first letter."""
    for pattern in _NAMED:
        text = pattern.sub(rf"\1{MARK}", text)
    text = _EMAIL.sub(r"\1***\2\3", text)
    return _RUN.sub(_judged, text)


def _judged(found: re.Match[str]) -> str:
    run = found[0]
    if _is_words(run):
        return run
    # an address says where it happened: its host and the words of its path are kept
    shown = _words_before(run) if found.string[: found.start()].endswith(("http:", "https:")) else ""
    return shown + MARK


def _is_words(run: str) -> bool:
    """Tell whether a run is nothing but names and numbers, as paths, hosts and options are."""
    return all(len(part) <= LONGEST_SHOWN + 20 and _WORD.fullmatch(part) for part in _SEPARATOR.split(run) if part)


def _words_before(run: str) -> str:
    """Return an address up to the first part of it that is no word."""
    shown = "//"
    for part in run.removeprefix("//").split("/"):
        if not _is_words(part):
            break
        shown += f"{part}/"
    return shown

"""Secrets out of text, in every spelling that encoders give them. Pure: what is secret is handed in."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from html.entities import codepoint2name
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from .sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARK = "(redacted)"
SHORTEST = 4
_ANCHOR = 4
_LINE = 8
_FEW = 100
_URLSAFE = str.maketrans("+/", "-_")

# words that our own output is made of: hiding them would hide the output
_COMMON = frozenset(
    {
        "admin",
        "administrator",
        "apply",
        "client",
        "cloudentity",
        "code",
        "coder",
        "default",
        "duende",
        "email",
        "entra",
        "example",
        "false",
        "google",
        "groups",
        "http",
        "https",
        "keycloak",
        "localhost",
        "master",
        "name",
        "none",
        "null",
        "offline_access",
        "oidc",
        "openid",
        "passwd",
        "password",
        "pingfederate",
        "plan",
        "profile",
        "provision",
        "public",
        "realm",
        "refresh",
        "root",
        "scope",
        "secret",
        "sso",
        "test",
        "token",
        "true",
        "redacted",
        "user",
    }
)

# a reference stands where a secret would, and must stay readable
_REFERENCE = r"(?!\(|env:|file:|exec:|vault:|keyring:|kubernetes:)"
_NAMES = (
    "client_secret|client_assertion|code_verifier|password|passwd|refresh_token|access_token|id_token|device_code"
    "|subject_token"
)
# secrets that nobody told us of: headers, tokens and form fields that say what they are
_GENERIC = tuple(
    re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    for pattern, ignore_case in (
        (rf"(authorization[\"']?\s*[:=,]\s*b?[\"']?(?:[a-z]+ +)?)(?!\(|\w+ \(){_REFERENCE}[^\s\"',()]{{4,}}", True),
        (r"(\b(?:[Bb]earer|[Bb]asic|BEARER|BASIC) +)(?=[^\s\"']*(?:[0-9=]|[a-z][A-Z]))[\w.~+/=-]{8,}", False),
        (r"()\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*", False),
        (rf"((?<![\w-])(?:{_NAMES})=){_REFERENCE}[^&\s\"'<>;,]+", True),
        (rf"((?<![\w-])(?:{_NAMES})\\*[\"']\s*[:=]\s*\\*[\"']){_REFERENCE}(?:[^\"'\\]|\\+[^\"'\\])+", True),
        (r"((?:^|[?&\s\"'])code=)(?!\()[^&\s\"'<>]{8,}", False),
    )
)
_HINTS = ("authorization", "bearer", "basic", "eyj", "code=", *_NAMES.split("|"))


class Redactor:
    """Holds the secrets of a run; adding is its only change. Text without a secret costs one scan."""

    def __init__(self, secrets: Iterable[Sealed | str] = ()) -> None:
        self._anchored: dict[str, list[str]] = {}
        self._unanchored: list[str] = []
        self._known: dict[str, tuple[tuple[str, str], ...]] = {}
        for secret in secrets:
            self.add(secret)

    def add(self, value: Sealed | str) -> bool:
        """Hide this value from now on; False where it is too short or too common a word to be hidden: warn then."""
        secret = value.reveal() if isinstance(value, Sealed) else value
        hidden = [part for part in _parts(secret) if _can_be_hidden(part)]
        for part in hidden:
            if part not in self._known:
                self._known[part] = ()
                self._learn(part)
        return bool(hidden)

    def clean(self, text: str) -> str:
        """Return the text with every secret, in any spelling, as `(redacted)`; cleaning twice changes nothing."""
        return _without_generic(_without_spans(text, list(self._spans(text))))

    def __repr__(self) -> str:
        return f"Redactor({len(self._known)} secrets)"

    def _learn(self, secret: str) -> None:
        # anchors alone: of a fleet's secrets most are never met, and all spellings of one are a kilobyte
        for anchor in _anchors(secret):
            self._anchored.setdefault(anchor, []).append(secret)
        if not _anchor(secret):
            self._unanchored.append(secret)

    def _spells(self, secret: str) -> tuple[tuple[str, str], ...]:
        """The spellings of one secret, worked out when one of its anchors is met for the first time."""
        if not self._known[secret]:
            self._known[secret] = tuple(_spellings(secret))
        return self._known[secret]

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for anchor in self._anchors_in(text):
            yield from self._matches(self._anchored[anchor], anchor, text)
        yield from self._matches(self._unanchored, "", text)

    def _matches(self, secrets: Iterable[str], anchor: str, text: str) -> Iterator[tuple[int, int]]:
        for secret in secrets:
            for its_anchor, pattern in self._spells(secret):
                if its_anchor == anchor:
                    yield from (match.span() for match in re.finditer(pattern, text))

    def _anchors_in(self, text: str) -> Iterable[str]:
        if len(self._anchored) <= _FEW:
            return [anchor for anchor in self._anchored if anchor in text]
        # a fleet has thousands of secrets: one pass over the text, however many they are
        grams = (text[start : start + _ANCHOR] for start in range(len(text) - _ANCHOR + 1))
        return {gram for gram in grams if gram in self._anchored}


def _parts(secret: str) -> Iterator[str]:
    trimmed = secret.strip()
    yield trimmed
    # programs quote single lines of a PEM key, so each line is a secret of its own
    if "\n" in trimmed:
        yield from (line.strip() for line in trimmed.splitlines() if len(line.strip()) >= _LINE)


def _can_be_hidden(secret: str) -> bool:
    return len(secret) >= SHORTEST and secret.casefold() not in _COMMON


def _spellings(secret: str) -> Iterator[tuple[str, str]]:
    """Yield (four literal characters that every match holds, or nothing; pattern)."""
    yield _anchor(secret), "".join(map(_character, secret))
    data = secret.encode("utf-8", "surrogatepass")
    # RFC 6749 2.3.1: in HTTP Basic a client's secret is form-encoded before it becomes base64
    encoded = dict.fromkeys((data, quote_plus(data).encode()))
    for core, pattern in (form for raw in encoded for form in _base64_forms(raw)):
        # four bytes, the least that is hidden, give four characters at any alignment
        yield core[:_ANCHOR], pattern
    for literal in (data.hex(), data.hex().upper(), "".join(f"\\x{byte:02x}" for byte in data)):
        yield literal[:_ANCHOR], re.escape(literal)


def _anchors(secret: str) -> set[str]:
    """Return the anchors of all spellings, without the patterns, which cost ten times as much."""
    data = secret.encode("utf-8", "surrogatepass")
    raws = (data,) if data.isalnum() else (data, quote_plus(data).encode())
    base64 = {_base64_anchor(raw, offset) for raw in raws for offset in range(3)}
    urlsafe = {anchor.translate(_URLSAFE) for anchor in base64}
    start = data[:2].hex()
    found = base64 | urlsafe | {start, start.upper(), f"\\x{start[:2]}", _anchor(secret)}
    return found - {""}


def _base64_anchor(data: bytes, offset: int) -> str:
    """Return the first characters that `_base64_forms` finds to depend on `data` alone: they hang on six bytes at most."""
    first = -(-offset * 8 // 6)
    return b64encode((bytes(offset) + data)[:6]).decode("ascii")[first : first + _ANCHOR]


def _anchor(secret: str) -> str:
    longest = max(re.findall(r"[A-Za-z0-9]+", secret), key=len, default="")
    return longest[:_ANCHOR] if len(longest) >= _ANCHOR else ""


def _base64_forms(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield what depends on `data` alone, and its pattern, at the three places where it may begin in a longer text."""
    for offset in range(3):
        padded = bytes(offset) + data
        # only characters whose six bits are all the secret's: the others hang on what stands beside it
        first, last = -(-offset * 8 // 6), len(padded) * 8 // 6
        # a character at either border holds bits of the secret and of its neighbour
        before = r"[\w+/-]?" if offset else ""
        after = r"[\w+/-]?={0,2}" if len(padded) % 3 else ""
        for encode in (b64encode, urlsafe_b64encode):
            core = encode(padded).decode("ascii")[first:last]
            yield core, before + re.escape(core) + after


def _character(character: str) -> str:
    """Return a pattern for one character in all its spellings: plain, %XX, JSON, HTML, repr and shell."""
    if character.isascii() and character.isalnum():
        return character
    return f"(?:{'|'.join(_ways(character))})"


def _ways(character: str) -> Iterator[str]:
    yield rf"\\*{re.escape(character)}"
    data = character.encode("utf-8", "surrogatepass")
    # `%25` again and again: quoted more than once
    yield "".join(f"%(?:25)*(?i:{byte:02x})" for byte in data)
    yield "".join(rf"\\+x(?i:{byte:02x})" for byte in data)
    yield from _escapes(character)
    code = ord(character)
    yield f"&(?:amp;)?#(?:0*{code}|[xX]0*(?i:{code:x}));"
    name = {"'": "apos"}.get(character) or codepoint2name.get(code)
    if name:
        yield f"&(?:amp;)?{name};"


def _escapes(character: str) -> Iterator[str]:
    units = character.encode("utf-16-be", "surrogatepass")
    yield "".join(rf"\\+u(?i:{units[i : i + 2].hex()})" for i in range(0, len(units), 2))
    yield rf"\\+U(?i:{ord(character):08x})"
    if ord(character) < 256:  # noqa: PLR2004  # what repr writes as \xNN
        yield rf"\\+x(?i:{ord(character):02x})"
    special = {"\n": [r"\\+n", r"\r\n", "%0[dD]%0[aA]"], "\r": [r"\\+r"], "\t": [r"\\+t"], " ": [r"\+"]}
    # a quote inside single quotes of a shell: '\'' and '"'"'
    special["'"] = [r"'\\''", "'\"'\"'"]
    yield from special.get(character, [])


def _without_spans(text: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    kept, position = [], 0
    for start, end in _merged(spans):
        kept += [text[position:start], MARK]
        position = end
    return "".join([*kept, text[position:]])


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start, end = min(spans)
    for following, its_end in sorted(spans):
        if following >= end:
            yield start, end
            start = following
        end = max(end, its_end)
    yield start, end


def _without_generic(text: str) -> str:
    # most lines hold none of these words, and six patterns a line would be felt
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS):
        return text
    for pattern in _GENERIC:
        text = pattern.sub(rf"\1{MARK}", text)
    return text

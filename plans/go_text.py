"""What Go's `regexp` (RE2) and `net/url` refuse, as far as it can be told from Python."""

from __future__ import annotations

import re
import warnings

_MOST_REPEATS = 1000
_FOREIGN = {
    r"\(\?(?:=|!|<=|<!)": "look-around",
    r"\(\?\(": "a conditional",
    r"\(\?>": "an atomic group",
    r"\(\?#": "a comment",
    r"\(\?P=": "a back-reference",
    r"\(\?-?[acdeghjklnopqrtuvwxyzA-OQRTV-Z]": "a flag",
}
_NO_ESCAPE = re.compile(r"\\[1-9](?![0-7])|\\[ZGNRXKCheuHVyYgjlmoqci]")
_ANY_ESCAPE = re.compile(r"\\.", re.DOTALL)
_ESCAPED = re.compile(r"\\\\|\\Q.*?(?:\\E|\Z)", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_POSIX = re.compile(r"\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]")
_PROPERTY = re.compile(r"\\[pP](?:\{\^?[A-Za-z_]+\}|[A-Z])")
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-[imsU]+)?(:|\))")
_REPEAT = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_BRACED_HEX = re.compile(r"\\x\{[0-9A-Fa-f]+\}")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_USER = r"(?:[A-Za-z0-9._:~!$&'()*+,;=%@-]*@)?"
_HOST = r"(?:\[[0-9A-Fa-f:.]+(?:%25[^\]]*)?\]|(?:[^\s:\[\]@%\\^`{|}]|%[89A-Fa-f][0-9A-Fa-f])*)"
_AUTHORITY = re.compile(f"{_USER}{_HOST}(?::[0-9]*)?")


def regexp_problem(pattern: str) -> str | None:
    """Return why Go would not compile a regular expression, None where nothing speaks against it."""
    literal = _ESCAPED.sub("a", pattern)
    if match := _NO_ESCAPE.search(literal):
        return f"Go's regular expressions have no `{match[0]}`"
    if match := re.search(r"\[:\^?[a-z]+:\]", _POSIX.sub("", literal)):
        return f"there is no character class `{match[0]}`"
    plain = _CLASS.sub("[a]", _ANY_ESCAPE.sub("a", _POSIX.sub("a", literal)))
    for foreign, what in _FOREIGN.items():
        if match := re.search(foreign, plain):
            return f"Go's regular expressions have no `{match[0]}` ({what})"
    if any(int(number) > _MOST_REPEATS for match in _REPEAT.finditer(plain) for number in match.groups() if number):
        return f"Go's regular expressions repeat at most {_MOST_REPEATS} times"
    if re.search(r"(?:[*+?]|\{[0-9,]+\})\+", plain):
        return "Go's regular expressions have no possessive repeat"
    return _compile_problem(pattern)


def _compile_problem(pattern: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of `[[`, which is nothing special to Go
        try:
            re.compile(_as_python(pattern))
        except (re.error, OverflowError, RecursionError) as error:
            return f"it is no regular expression ({error})"
    return None


def _as_python(pattern: str) -> str:
    text = re.sub(r"\\Q(.*?)(?:\\E|\Z)", lambda match: re.escape(match[1]), pattern, flags=re.DOTALL)
    text = _PROPERTY.sub(r"\\w", _POSIX.sub(r"\\w", _BRACED_HEX.sub("a", text)))
    text = _FLAGS.sub(lambda match: "(?:" if match[2] == ":" else "", text)
    return re.sub(r"\(\?P?<(?![=!])", "(?P<", text.replace("\\z", "$").replace("\\C", "."))


def url_problem(text: str) -> str | None:
    """Return why Go would not parse an address, None where it would. `/icon/google.svg` is fine."""
    if _CONTROL.search(text):
        return "there is a control character in the address"
    if text.startswith(":"):
        return "the address has no scheme before its colon"
    body, _, fragment = text.partition("#")
    body = body.partition("?")[0]
    scheme = _SCHEME.match(body)
    rest = body[scheme.end() :] if scheme else body
    path = rest if not scheme or rest.startswith("/") else ""
    if _PERCENT.search(path) or _PERCENT.search(fragment):
        return "a percent sign in the address is not followed by two hexadecimal digits"
    if not scheme and ":" in rest.partition("/")[0]:
        return "the first part of a relative address holds a colon"
    if rest.startswith("//") and not _AUTHORITY.fullmatch(rest[2:].partition("/")[0]):
        return "the host or port of the address is malformed"
    return None

"""All symptoms, and the few words that every line with one of them holds: what a scan of gigabytes looks for first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..meanings import STANDARD, Meaning
from .library import LIBRARY_ERRORS
from .measured import MEASURED
from .sessions import SESSIONS
from .sign_in import SIGN_IN
from .starting import STARTING

SAID = (*SESSIONS, *LIBRARY_ERRORS, *SIGN_IN, *STARTING)
"""What a text can show; `MEASURED` is what only counts show."""
EVERY = (*SAID, *MEASURED)
# parts that several rows share: each word less is a pass less over everything that is read
_SHARED = ("oauth2", "oidc", "aadsts", "invalid_", "_denied", "_required")
# what a record's text says in another way than the line that it is made of
_IN_JSON = {"status_code=401": ("status_code=401", '"status_code":401', '"status_code": 401')}


def anchors(tables: Iterable[Iterable[Meaning]] = ()) -> tuple[str, ...]:
    """Return lower-case words, one of which stands in each text that shows a symptom or one of these refusals."""
    wanted = {*(each.anchor for each in SAID), *_errors(STANDARD)}
    for table in tables:
        wanted |= set(_errors(table))
    covered = {word for word in wanted if any(shared in word for shared in _SHARED)}
    left = (_IN_JSON.get(word, (word,)) for word in sorted(wanted - covered))
    return (*_SHARED, *(word for words in left for word in words))


def _errors(table: Iterable[Meaning]) -> Iterator[str]:
    # one that goes by its words alone is only asked with an error that was found by others' words
    return (meaning.error.lower() for meaning in table if meaning.error)

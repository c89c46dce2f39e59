"""What is said where a request brought no usable answer: in which words, with which fix, and whether it may have had an effect."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..plans.errors import RemoteFailure
from .causes import Cause
from .retry import GiveUp, is_read, too_long_a_wait
from .traffic import printable_url

_TOO_MANY = 429
_REDIRECTED = 300


@dataclass(frozen=True, slots=True)
class Unanswered:
    """One request that came to nothing. `host` is its name with the port, `clean` takes secrets out of a text."""

    method: str
    url: str
    host: str
    clean: Callable[[str], str]

    def lost(self, cause: Cause, status: int, attempt: int, decision: GiveUp) -> RemoteFailure:
        """No whole answer came. `status` is that of the head, 0 where the request was not sent, -1 where nothing came back."""
        sent = status != 0
        ambiguous = sent and not is_read(self.method)
        words = cause.words + _times(attempt, decision)
        return self._failure(words, cause.fix, max(status, 0), arrived=sent, ambiguous=ambiguous)

    def redirected(self, status: int, place: str) -> RemoteFailure:
        """It was sent elsewhere, which is never followed: a token, or a secret in a form, would go to a host that nobody named."""
        words = f"redirects to {place} ({status}); redirects are not followed"
        return self._failure(words, "use the address that it redirects to, if you trust it", status)

    def behind_proxy(self, status: int) -> RemoteFailure:
        """A proxy wants to know who asks."""
        fix = "put the proxy's user and password into HTTPS_PROXY"
        return self._failure("is behind a proxy that wants a sign-in", fix, status, arrived=False)

    def unwilling(self, status: int, asked: float, left: float, attempt: int, decision: GiveUp) -> RemoteFailure:
        """The server has no time: it `asked` for so many seconds, of which this run has `left`."""
        busy = status == _TOO_MANY
        unclear = not busy and not is_read(self.method)
        too_long = unclear and asked > left
        again = GiveUp(too_long_a_wait(asked, left)) if too_long else decision
        words = f"answered {status} ({'too many requests' if busy else 'not available'})" + _times(attempt, again)
        wait = math.inf if too_long else asked
        return self._failure(words, "try again later", status, arrived=not busy, ambiguous=unclear, wait=wait)

    def _failure(
        self,
        words: str,
        fix: str,
        status: int = 0,
        *,
        arrived: bool = True,
        ambiguous: bool = False,
        wait: float = 0.0,
    ) -> RemoteFailure:
        message = self.clean(f"`{self.host}` {words}")
        where = self.clean(f"{self.method} {printable_url(self.url)}")
        return RemoteFailure(
            message, where=where, fix=fix, status=status, arrived=arrived, ambiguous=ambiguous, wait=wait
        )


def fix_of_body(status: int, kind: str) -> str:
    """Return what to look at where a body cannot be read, by its content type."""
    if status < _REDIRECTED and "html" in kind:
        return "check the address; a proxy or a sign-in page of the network may be answering instead"
    return "check that the address is the identity provider's"


def _times(attempt: int, decision: GiveUp) -> str:
    tried = f", {attempt} times" if attempt > 1 else ""
    return tried + (f"; {decision.reason}" if decision.reason else "")

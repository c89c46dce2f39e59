"""Signs the tool in to Entra, once for all callers and all plans of one run, by azure-identity on our transport."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...plans.errors import ProvisionError, Refused, RemoteFailure
from ..clock import SystemClock
from ..oidc.peeking import claims_of
from ..traffic import printable_url
from .settings import is_guid
from .sign_in_refusals import cannot, printable, refusal
from .ways import UnavailableError, Way, Ways

if TYPE_CHECKING:
    from azure.core.exceptions import ClientAuthenticationError

    from ...plans.redaction import Redactor
    from ...plans.sealed import Sealed
    from ..clock import Clock
    from ..transport import AsyncClient

GRAPH_SCOPE = "https://graph.microsoft.com/.default"
# a request takes time, and Entra's clock need not be ours
_EARLY = 300.0
_LONGEST = 86400.0 * 2


@dataclass(frozen=True, slots=True)
class EntraSignIn:
    """Who signs in where. `authority` without a slash at its end, `tenant` a GUID, `scope` ends with `/.default`.

    With neither `client_secret` nor `certificate` (PEM text with its private key) the ways of `chain` are tried, all where it is empty.
    """

    authority: str
    tenant: str
    scope: str = GRAPH_SCOPE
    client_id: str = ""
    client_secret: Sealed | None = None
    certificate: Sealed | None = None
    chain: tuple[str, ...] = ()


class SignedIn:
    """20 first calls make one token request.

    `environment` is what the ways of the chain look into; azure-identity itself reads the process's for managed identities and `az`.
    """

    def __init__(
        self,
        sign_in: EntraSignIn,
        client: AsyncClient,
        clock: Clock,
        redactor: Redactor,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.sign_in = sign_in
        self._clock = clock
        self._redactor = redactor
        self._ways = Ways(sign_in, client, redactor, environment)
        self._renewal: asyncio.Future[None] | None = None
        self._token = ""
        self._ends = 0.0

    async def token(self, *, fresh: bool = False, refused: str = "") -> str:
        """Return a valid token. One that was `refused` is renewed, by the first caller to say so; `fresh` refuses whatever is there.

        Raises RemoteFailure, Refused where the token is another tenant's, UsageError.
        """
        if not self._is_valid(self._token if fresh else refused):
            # whoever comes meanwhile shares its end, also a bad one: two hundred plans must not try a wrong secret each
            if self._renewal is None or self._renewal.done():
                self._renewal = asyncio.ensure_future(self._renew())
                self._renewal.add_done_callback(_heard)
            # one caller that gives up must not end it for the others
            await asyncio.shield(self._renewal)
        return self._token

    def _is_valid(self, refused: str) -> bool:
        return bool(self._token) and self._token != refused and self._clock.monotonic() < self._ends

    async def _renew(self) -> None:
        way, token, seconds = await self._first_available()
        # before the first request that carries it can be traced
        self._redactor.add(token)
        self._check_tenant(way, token)
        self._token = token
        # at least half of it is used, also of one that ends sooner
        self._ends = self._clock.monotonic() + max(seconds - _EARLY, seconds / 2)

    async def _first_available(self) -> tuple[Way, str, float]:
        why = []
        for name in self._ways.names:
            try:
                way = self._ways.made(name)
                return (way, *await self._asked(way))
            except UnavailableError as reason:
                why.append(f"{name}: {reason}")
        fix = f"state `admin.client_id` with `client_secret` or `certificate`, or run `az login --tenant {self.sign_in.tenant}`"
        raise cannot(self.sign_in.tenant, "", f"no way is available ({'; '.join(why)})", fix=fix)

    async def _asked(self, way: Way) -> tuple[str, float]:
        """Return the token and the seconds that it lasts."""
        from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415  # what a way is made of has imported it
        from azure.identity import CredentialUnavailableError  # noqa: PLC0415  # as above

        try:
            info = await way.credential.get_token_info(self.sign_in.scope)
            # its times are by the machine's own clock, whatever clock we were handed
            return _usable(info.token), min(info.expires_on - SystemClock().now().timestamp(), _LONGEST)
        except RemoteFailure as error:
            raise _without_effect(error) from None
        except ProvisionError:
            raise
        except CredentialUnavailableError as error:
            raise UnavailableError(self._reason(error)) from None
        except ClientAuthenticationError as error:
            raise self._refusal(way, error) from None
        except Exception as error:  # noqa: BLE001  # of an answer that makes no sense azure-identity makes errors of many types
            reason = f"the answer holds no token of use ({type(error).__name__})"
            raise cannot(self.sign_in.tenant, way.who, reason, fix="check `authority`") from None

    def _reason(self, error: BaseException) -> str:
        # what our transport said is under what azure-identity made of it
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, RemoteFailure):
            cause = cause.__cause__ or cause.__context__
        return self._redactor.clean(cause.message if cause is not None else printable(str(error)))

    def _refusal(self, way: Way, error: ClientAuthenticationError) -> RemoteFailure:
        raw: Any = getattr(error.response, "internal_response", None)
        if raw is None:
            made = refusal(str(error.message), 0, self.sign_in.tenant, way.who, "")
        else:
            where = f"{raw.request.method} {printable_url(str(raw.url))}"
            made = refusal(raw.text, raw.status_code, self.sign_in.tenant, way.who, where)
        message, fix = self._redactor.clean(made.message), made.fix
        return RemoteFailure(message, where=made.where, fix=fix, status=made.status, arrived=False)

    def _check_tenant(self, way: Way, token: str) -> None:
        """Refuse a token of another tenant: what the Azure CLI or a managed identity is signed in to is not the plan's to say."""
        found, wanted = str(claims_of(token).get("tid", "")), self.sign_in.tenant
        if is_guid(found) and is_guid(wanted) and found.lower() != wanted.lower():
            message = f"the sign-in {way.who} is to tenant `{found}`, and the plan is about tenant `{wanted}`"
            raise Refused(message, fix=f"use an account of that tenant, as after `az login --tenant {wanted}`")


def _usable(token: object) -> str:
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token or not token:
        raise ValueError
    return token


def _without_effect(error: RemoteFailure) -> RemoteFailure:
    """Return our transport's failure in its own words: who was about to write something has not written it."""
    return RemoteFailure(
        error.message, where=error.where, fix=error.fix, status=error.status, arrived=False, wait=error.wait
    )


def _heard(renewal: asyncio.Future[None]) -> None:
    # where every caller has gone, nobody asks how it ended, and asyncio would complain aloud
    if not renewal.cancelled():
        renewal.exception()

"""The tool as it signs in to Entra, on the product's own transport: to the emulation, or to an authority that answers as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from tests.servers import FakeClock, Seen, Write, answer, serving

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.plans.sealed import Sealed
from oidc_provision.provisioners.entra.requests import is_token_request
from oidc_provision.provisioners.entra.sandbox.building import TENANT, TOOL_APP, TOOL_SECRET
from oidc_provision.provisioners.entra.signing_in import EntraSignIn, SignedIn
from oidc_provision.provisioners.tls import TlsSettings
from oidc_provision.provisioners.transport import Limits, TransportSettings, open_client

BY_SECRET = {"client_id": TOOL_APP, "client_secret": Sealed(TOOL_SECRET)}
NO_TLS = TlsSettings()
Job = Callable[[Any], Awaitable[Any]]


async def once(lab: Any) -> str:
    return await lab.signed_in.token()


async def twenty_times(lab: Any) -> list[str]:
    return await asyncio.gather(*(once(lab) for _ in range(20)))


async def signed_in(
    sign_in: EntraSignIn,
    job: Job = once,
    environment: Mapping[str, str] | None = None,
    tls: TlsSettings = NO_TLS,
    request: float = 5.0,
) -> Any:
    """What `job` makes of a sign-in on a transport of our own, whose waiting takes no time."""
    clock = FakeClock()
    chosen = TransportSettings(
        Limits(request=request, attempts=2), tls, clock, lambda: 0.0, proxies={}, repeatable=is_token_request
    )
    async with open_client(chosen) as client:
        one = SignedIn(sign_in, client, clock, chosen.redactor, environment or {})
        return await job(SimpleNamespace(signed_in=one, clock=clock, settings=chosen, client=client))


def at(authority: str, job: Job = once, *, tenant: str = TENANT, **more: Any) -> Any:
    """Sign in at an authority, by the tool's secret where nothing else is said."""
    apart = {name: more.pop(name) for name in ("environment", "tls", "request") if name in more}
    return asyncio.run(signed_in(EntraSignIn(authority, tenant, **(more or BY_SECRET)), job, **apart))


class Authority:
    """Hands out `t1`, `t2`, ... to whoever asks; `refuses` is called with each form; `answers` replaces all that."""

    def __init__(
        self,
        refuses: Callable[[dict[str, str]], Any] = lambda _form: None,
        *,
        lifetime: object = 3600,
        answers: Any = None,
    ) -> None:
        self.url = ""
        self.forms: list[dict[str, str]] = []
        self.seen: list[Seen] = []
        self._refuses, self._lifetime, self._answers = refuses, lifetime, answers

    async def __call__(self, seen: Seen, write: Write) -> bool | None:
        self.seen.append(seen)
        if self._answers is not None:
            return await self._answers(seen, write)
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        self.forms.append(form)
        refusal = self._refuses(form)
        await write(answer(*refusal) if refusal else self.token())
        return None

    def token(self) -> bytes:
        made = {"access_token": f"t{len(self.forms)}", "expires_in": self._lifetime, "token_type": "Bearer"}
        return answer(200, made)

    def work(self, job: Job = once, **more: Any) -> Any:
        """Sign in here; `job` finds the server as `lab.server`."""
        apart = {name: more.pop(name) for name in ("environment", "request") if name in more}

        async def run() -> Any:
            async with serving(self) as server:
                self.url = server.url
                sign_in = EntraSignIn(server.url, TENANT, **(more or BY_SECRET))
                return await signed_in(sign_in, job, **apart)

        return asyncio.run(run())


def words(error: RemoteFailure) -> str:
    """All that is shown of an error."""
    return json.dumps([error.message, error.where, error.fix, repr(error)])

"""Coder's side, as far as its API tells: its version, whether OIDC is on, its live settings against the emitted ones, its refresh metric.

Facts (Coder, 3.1, 3.2, 2.5): secrets are blanked in the deployment's configuration, and `value_source` still tells whether one is set.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...plans.coder_env import CoderEnv
from ...plans.errors import ProvisionError, RemoteFailure
from ...plans.sealed import Sealed
from ...plans.steps import Step, failed, ok, unclear

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

VERSION = ("coder-version", "Coder answers")
SIGN_IN = ("coder-oidc", "Coder offers sign-in by OpenID Connect")
SETTINGS = ("coder-settings", "Coder runs with the emitted settings")
METRIC = ("coder-refreshes", "Coder's refreshes succeed")
RESTART = "set it where Coder reads its environment, and restart Coder"
_OK = 200
_DENIED = (401, 403)
_REFRESHES = re.compile(
    r"^coderd_oauth2_external_requests_total\{(?P<labels>[^}]*)\}\s+(?P<count>[0-9.eE+]+)", re.MULTILINE
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class CoderSide:
    """One deployment at its access URL. `token` is a session token of an owner; `metrics` the address of its metrics, "" for none."""

    http: AsyncClient
    access_url: str
    token: Sealed | None = None
    metrics: str = ""

    async def steps(self, env: CoderEnv | None) -> tuple[Step, ...]:
        """Ask everything that can be asked."""
        version = await self._version()
        if not version.evidence:
            return (
                version,
                *(unclear(*each, "Coder cannot be reached from here") for each in (SIGN_IN, SETTINGS)),
                await self._metric(),
            )
        return (version, await self._sign_in(), await self._settings(env), await self._metric())

    async def _ask(self, path: str, **headers: str) -> Response:
        return await self.http.get(f"{self.access_url}{path}", headers={"Accept": "application/json", **headers})

    async def _version(self) -> Step:
        try:
            response = await self._ask("/api/v2/buildinfo")
            found = response.json() if response.status_code == _OK else None
        except (ProvisionError, ValueError) as error:
            return unclear(*VERSION, f"Coder cannot be reached from here: {error}")
        version = found.get("version") if isinstance(found, Mapping) else None
        if not isinstance(version, str):
            return unclear(*VERSION, f"`{self.access_url}` does not answer as Coder does")
        return ok(*VERSION, f"version {version[:60]}")

    async def _sign_in(self) -> Step:
        try:
            response = await self._ask("/api/v2/users/authmethods")
            found = response.json()
        except (ProvisionError, ValueError) as error:
            return unclear(*SIGN_IN, str(error))
        oidc = found.get("oidc") if isinstance(found, Mapping) else None
        if not isinstance(oidc, Mapping) or not isinstance(oidc.get("enabled"), bool):
            return unclear(*SIGN_IN, "the answer does not say")
        if not oidc["enabled"]:
            return failed(*SIGN_IN, "it is off: Coder was started without issuer or client id", fix=RESTART)
        return ok(*SIGN_IN, "it is on")

    async def _settings(self, env: CoderEnv | None) -> Step:
        if self.token is None:
            fix = "pass --coder-token with a reference to an owner's session token"
            return unclear(*SETTINGS, "only an owner may read Coder's settings", fix=fix)
        if env is None:
            return unclear(*SETTINGS, "there are no emitted settings to compare with")
        try:
            options = await self._options(self.token)
        except (ProvisionError, ValueError) as error:
            return unclear(*SETTINGS, str(error))
        wrong = tuple(_differences(env, options))
        if wrong:
            return failed(*SETTINGS, "; ".join(wrong), fix=RESTART)
        return ok(*SETTINGS, f"{len(env.entries)} settings compared")

    async def _options(self, token: Sealed) -> Mapping[str, Mapping[str, Any]]:
        response = await self._ask("/api/v2/deployment/config", **{"Coder-Session-Token": token.reveal()})
        if response.status_code in _DENIED:
            raise RemoteFailure(f"Coder answers {response.status_code}: the token is not an owner's, or is over")
        found = response.json()
        options = found.get("options") if isinstance(found, Mapping) else None
        if not isinstance(options, list):
            raise RemoteFailure("the answer holds no `options`: this version of Coder is not known")
        return {str(each.get("env")): each for each in options if isinstance(each, Mapping) and each.get("env")}

    async def _metric(self) -> Step:
        if not self.metrics:
            return unclear(*METRIC, "the metrics were not read", fix="pass --coder-metrics with their address")
        try:
            response = await self.http.get(self.metrics, headers={"Accept": "text/plain"})
        except ProvisionError as error:
            return unclear(*METRIC, error.message)
        if response.status_code != _OK:
            return unclear(*METRIC, f"the metrics answer {response.status_code}")
        return judged_metric(response.text)


def _differences(env: CoderEnv, options: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for entry in env.entries:
        option = options.get(entry.name)
        if option is None:
            yield f"{entry.name} is not known to this Coder"
        elif isinstance(entry.value, Sealed):
            if option.get("value_source") in ("", "default", None):
                yield f"{entry.name} is not set"
        elif not _same(entry.value, option.get("value")):
            yield f"{entry.name} is {_shown(option.get('value'))}, not {entry.value}"


def _same(emitted: str, live: object) -> bool:
    """Tell whether a live value is what the emitted text becomes: lists by comma, maps as JSON, durations in nanoseconds."""
    if isinstance(live, bool):
        return emitted.lower() == str(live).lower()
    if isinstance(live, list):
        return emitted.split(",") == live
    if isinstance(live, Mapping):
        try:
            return bool(json.loads(emitted) == dict(live))
        except ValueError:
            return False
    if isinstance(live, int):
        return _nanoseconds(emitted) == live
    return bool(emitted == (live or ""))


_UNITS = {"h": 3600, "m": 60, "s": 1}


def _nanoseconds(text: str) -> int | None:
    """Return a duration as Go writes it (`720h0m0s`) in nanoseconds."""
    parts = re.findall(r"(\d+)([hms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(int(number) * _UNITS[unit] for number, unit in parts) * 10**9


def _shown(value: object) -> str:
    if value in (None, "", [], {}):
        return "not set"
    return json.dumps(value)[:200]


def judged_metric(text: str) -> Step:
    """Judge a page of metrics: refreshes are the requests whose source is `TokenSource`; status 0 is no answer."""
    counts: dict[str, float] = {}
    for found in _REFRESHES.finditer(text):
        labels = dict(_LABEL.findall(found["labels"]))
        if labels.get("source") == "TokenSource":
            code = labels.get("status_code", "")
            counts[code] = counts.get(code, 0) + float(found["count"])
    good = sum(count for code, count in counts.items() if code.startswith("2"))
    bad = {code: count for code, count in counts.items() if not code.startswith("2") and count}
    evidence = ", ".join(f"{count:.0f} with status {code or '?'}" for code, count in sorted(counts.items()))
    # some refusals are a working deployment's everyday: whoever was away too long is refused once
    if bad and not good:
        refused = any(code.startswith("4") for code in bad)
        problem = "all refreshes were refused" if refused else "no refresh reached the identity provider"
        fix = "look for the cause with `oidc-provision doctor`"
        return failed(*METRIC, f"{problem} since Coder started", evidence, fix=fix, breaks=["refresh"])
    if not good:
        return unclear(*METRIC, "Coder has refreshed nothing yet")
    return ok(*METRIC, evidence)

"""A server on loopback that plays one Keycloak with many realms and only counts: every body is made before it is asked for.

Bodies and headers are those of 26.7.3 as the embedded emulation knows them, so that reading them costs the client what it costs there.
It runs in a process of its own (`counting`): its CPU is nobody's figure.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.command import ROOT

from oidc_provision.provisioners.keycloak.connection import name_path
from oidc_provision.provisioners.keycloak.sandbox.building import new_realm
from oidc_provision.provisioners.keycloak.sandbox.clients import Making, created
from oidc_provision.provisioners.keycloak.sandbox.realms import shown, shown_role
from oidc_provision.provisioners.keycloak.sandbox.state import Realm
from oidc_provision.provisioners.traffic import shape

CHUNK = 8192
"""Keycloak sends what is longer in chunks of this size."""
HEADERS = (
    b"cache-control: no-cache\r\ncontent-type: application/json;charset=UTF-8\r\nreferrer-policy: no-referrer\r\n"
    b"strict-transport-security: max-age=31536000; includeSubDomains\r\nx-content-type-options: nosniff\r\n"
    b"x-frame-options: SAMEORIGIN\r\nx-robots-tag: none\r\n"
)
REASONS = {200: b"200 OK", 204: b"204 No Content", 404: b"404 Not Found"}
TOKEN = {"access_token": f"e30.{'e30'.ljust(700, 'x')}.e30", "expires_in": 60, "token_type": "Bearer"}
NOWHERE = {"error": "Unable to find matching target resource method"}
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "HS256",
    "HS384",
    "HS512",
)
Counts = dict[str, int]


def realm_name(number: int) -> str:
    return f"realm-{number:03}"


def client_name(realm: int, number: int) -> str:
    return f"coder-{realm:03}-{number:02}"


def client_body(realm: int, number: int) -> dict[str, Any]:
    """What `many.PLAN` wants, so that a plan finds nothing to change."""
    name, host = client_name(realm, number), f"https://{client_name(realm, number)}.example.com"
    return {
        "clientId": name,
        "secret": hashlib.sha256(name.encode()).hexdigest()[:32],
        "redirectUris": [f"{host}/api/v2/users/oidc/callback"],
        "webOrigins": [host],
        "attributes": {
            "access.token.lifespan": "1800",
            "client.offline.session.idle.timeout": "1209600",
            "client.offline.session.max.lifespan": "2592000",
            "pkce.code.challenge.method": "S256",
            "use.refresh.tokens": "true",
        },
    }


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def answer(status: int, body: bytes = b"") -> bytes:
    """The bytes of a whole answer."""
    head = b"HTTP/1.1 " + REASONS[status] + b"\r\n" + HEADERS
    if len(body) <= CHUNK:
        return head + b"content-length: %d\r\n\r\n" % len(body) + body
    chunks = (body[at : at + CHUNK] for at in range(0, len(body), CHUNK))
    return head + b"transfer-encoding: chunked\r\n\r\n" + b"".join(map(chunked, chunks)) + b"0\r\n\r\n"


def chunked(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def discovery(issuer: str) -> dict[str, object]:
    """A document as long as Keycloak's, 6.5 KB; of its keys one matters."""
    endpoints = {f"number_{each}_endpoint": f"{issuer}/protocol/openid-connect/endpoint" for each in range(25)}
    return {"issuer": issuer, **endpoints, **{f"number_{each}_alg_values_supported": ALGORITHMS for each in range(25)}}


def draw() -> str:
    return str(uuid.uuid4())


class CountedRealm:
    """One realm: the answer to every path below it."""

    def __init__(self, realm: Realm, url: str) -> None:
        self.clients: dict[str, dict[str, Any]] = {
            client["clientId"]: {**client, "access": {"view": True, "configure": True, "manage": True}}
            for client in sorted(realm.clients.values(), key=lambda client: str(client["clientId"]))
        }
        self.pages: dict[str, bytes] = {}
        kinds = {"default": "default-default-client-scopes", "optional": "default-optional-client-scopes"}
        given = {
            path: [realm.scopes[scope] for scope, each in realm.scopes_for_new.items() if each == kind]
            for kind, path in kinds.items()
        }
        default = realm.roles[realm.default_role]
        composites = [shown_role(realm, realm.roles[role]) for role in sorted(default.composites)]
        below = {"client-scopes": list(realm.scopes.values()), f"roles-by-id/{default.id}/composites": composites}
        self.below = {path: answer(200, encoded(body)) for path, body in {**below, **given}.items()}
        self.below[""] = answer(200, encoded(shown(realm, whole=True)))
        self.discovery = answer(200, encoded(discovery(f"{url}/realms/{realm.name}")))

    def listing(self, query: str) -> bytes:
        """A page of clients; the same page is put together once."""
        if query not in self.pages:
            asked = parse_qs(query)
            first, most = (int(asked.get(name, [default])[0]) for name, default in (("first", "0"), ("max", "100000")))
            names = asked.get("clientId", list(self.clients))
            found = [self.clients[name] for name in names if name in self.clients]
            self.pages[query] = answer(200, encoded(found[first : first + most]))
        return self.pages[query]

    def update(self, client_id: str, body: dict[str, Any]) -> bytes:
        """Merge what was sent into one client, found by its id."""
        client = next(client for client in self.clients.values() if client["id"] == client_id)
        attributes = {**client["attributes"], **body.get("attributes", {})}
        client.update(body, attributes=attributes)
        self.pages.clear()
        return answer(204)


class CountingKeycloak:
    """All realms and the counts; `latency` is in seconds and added to every answer."""

    def __init__(self, url: str, realms: int, clients: int, latency: float) -> None:
        self.latency = latency
        self.counts: Counter[str] = Counter()
        self.under_way = 0
        self.most = 0
        self._url = url
        self._realms = {realm_name(number): self._realm(number, clients) for number in range(realms)}
        self._token = answer(200, encoded(TOKEN))

    def _realm(self, number: int, clients: int) -> CountedRealm:
        realm = new_realm(realm_name(number), draw)
        making = Making(draw, draw, 0)
        for each in range(clients):
            realm, _ = created(realm, client_body(number, each), making)
        return CountedRealm(replace(realm, settings={**realm.settings, "enabled": True}), self._url)

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        """Count a request and return its answer."""
        self.counts[shape(method, target, name_path)] += 1
        parts = urlsplit(target)
        first, _, rest = parts.path.lstrip("/").partition("/")
        if first == "realms":
            name, _, below = rest.partition("/")
            return self._token if method == "POST" else self._of(name, below, parts.query, body)
        _, name, *below = f"{rest}/".split("/", 2)
        return self._of(name, below[0].rstrip("/") if below else "", parts.query, body)

    def _of(self, name: str, below: str, query: str, body: bytes) -> bytes:
        realm = self._realms.get(unquote(name))
        if realm is None:
            return answer(404, encoded(NOWHERE))
        if below == ".well-known/openid-configuration":
            return realm.discovery
        if below.startswith("clients/"):
            return realm.update(below.removeprefix("clients/"), json.loads(body))
        return realm.listing(query) if below == "clients" else realm.below.get(below, answer(404, encoded(NOWHERE)))

    def told(self) -> bytes:
        """The counts until now, which begin anew."""
        counts, self.counts = {**self.counts, "most at once": self.most}, Counter()
        self.most = 0
        return answer(200, encoded(counts))


class Connection(asyncio.Protocol):
    """One kept connection: requests one after the other, each answered after the latency."""

    def __init__(self, server: CountingKeycloak) -> None:
        self._server = server
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, end, rest = self._held.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not end or len(rest) < length:
            return
        self._held = rest[length:]
        method, target, _ = head.split(b" ", 2)
        if target == b"/counts":
            self._transport.write(self._server.told())
            return
        server = self._server
        server.under_way += 1
        server.most = max(server.most, server.under_way)
        found = server.answer(method.decode(), target.decode(), rest[:length])
        asyncio.get_running_loop().call_later(server.latency, self._write, found)

    def _write(self, found: bytes) -> None:
        self._server.under_way -= 1
        self._transport.write(found)


async def serve(realms: int, clients: int, latency: float) -> None:
    """Listen on a free port, print it, and answer until the process is ended."""
    loop = asyncio.get_running_loop()
    ready: list[CountingKeycloak] = []
    listening = await loop.create_server(lambda: Connection(ready[0]), "127.0.0.1", 0, start_serving=False)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    ready.append(CountingKeycloak(url, realms, clients, latency))
    await listening.start_serving()
    print(url, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@dataclass(frozen=True)
class Counting:
    """A counting server that runs."""

    url: str

    def counts(self) -> Counts:
        """Requests by shape since they were asked for last, and the most that were under way at once."""
        with urllib.request.urlopen(f"{self.url}/counts") as found:
            counts: Counts = json.load(found)
        return counts


@contextmanager
def counting(realms: int, clients: int, latency: float = 0.0) -> Iterator[Counting]:
    """Run a server in a process of its own; it ends with our end of its standard input."""
    command = [sys.executable, "-m", "tests.bench.counting", str(realms), str(clients), str(latency)]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield Counting(child.stdout.readline().strip())
        finally:
            child.stdin.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))

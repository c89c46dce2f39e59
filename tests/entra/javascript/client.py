"""Microsoft's JavaScript client in a process of its own, for the length of a test."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.entra.tenant import CALLBACK

from oidc_provision.provisioners.entra.sandbox.building import GRAPH_APP

from .installing import HERE, node
from .ours import CREATE, consent, delegated


@dataclass(frozen=True)
class JavaScript:
    """The client, connected with one token. Its methods are those of Graph's requests, and `pages` is its PageIterator."""

    process: subprocess.Popen[str]

    def tell(self, command: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def ask(self, do: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """The answer as `{body}` or `{error}`; `query` and `headers` are handed on."""
        assert self.process.stdout is not None
        self.tell({"do": do, "path": path, "body": body, **more})
        line = self.process.stdout.readline()
        assert line, "the client has ended; what it said is on stderr"
        return json.loads(line)

    def good(self, do: str, path: str, body: Any = None, **more: Any) -> Any:
        """The body of a good answer, None where there is none."""
        answer = self.ask(do, path, body, **more)
        assert "error" not in answer, answer
        return answer.get("body")

    def refused(self, do: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """What the client makes of a refusal: the fields of its GraphError."""
        answer = self.ask(do, path, body, **more)
        assert "error" in answer, answer
        return answer["error"]


@contextmanager
def connected(folder: Path, root: str, token: str, authority: Path | None) -> Iterator[JavaScript]:
    """Run the client against the Graph at `root`, with one certificate authority beyond those that Node knows."""
    environment = {"NODE_EXTRA_CA_CERTS": str(authority)} if authority else {}
    command = [*node(), str(HERE / "graph.mjs")]
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            client = JavaScript(process)
            client.tell({"root": root, "token": token})
            yield client
            process.communicate(timeout=20)
            assert process.returncode == 0
        finally:
            # a client that follows pages in a circle would not hear that the test has ended
            process.kill()


def upsert(graph: JavaScript, name: str, **more: Any) -> Any:
    address = f"/applications(uniqueName='{name}')"
    return graph.good("patch", address, {"displayName": name, **more}, headers=CREATE)


def provisioned(graph: JavaScript, name: str) -> dict[str, Any]:
    """Do with the client what `Ours.write` does; return the application and its secret."""
    app = upsert(graph, name)
    address = f"/applications/{app['id']}"
    graph.good("patch", address, {"web": {"redirectUris": [CALLBACK]}})
    graph.good("patch", address, {"requiredResourceAccess": [delegated()]})
    client = graph.good("post", "/servicePrincipals", {"appId": app["appId"]})
    resource = graph.good("get", f"/servicePrincipals(appId='{GRAPH_APP}')", query={"select": ["id"]})
    graph.good("post", "/oauth2PermissionGrants", consent(client["id"], resource["id"]))
    return {**app, "secret": graph.good("post", f"{address}/addPassword", {})}

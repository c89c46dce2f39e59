"""What msgraph-sdk costs: to import with a first request, and for each request after it; beside its own models and bare httpx."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .many import Figure, compiled, spread
from .measure import measured

SCRIPT = Path(__file__).with_name("asking_graph.py")
NAMES = ("ours", "msgraph-sdk", "httpx")
TIMES = 300
APPLICATION = {
    "id": "0c0ffee0-0000-4000-8000-000000000002",
    "appId": "0c0ffee0-0000-4000-8000-000000000001",
    "displayName": "Coder",
    "web": {"redirectUris": ["https://coder.example.com/api/v2/users/oidc/callback"]},
    "passwordCredentials": [{"keyId": "0c0ffee0-0000-4000-8000-000000000003", "hint": "abc"}],
}


class Answering(BaseHTTPRequestHandler):
    """Answers every GET with one application."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(APPLICATION).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        return


@contextmanager
def answering() -> Iterator[str]:
    """A server on loopback; yields the address that stands for Graph's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1.0"
    finally:
        server.shutdown()
        server.server_close()


def graph(runs: int = 5) -> Iterator[Figure]:
    """Every figure, one after the other as they are measured."""
    with tempfile.TemporaryDirectory() as name, answering() as base:
        folder = Path(name)
        env = compiled(folder / "bytecode")
        for way in NAMES:
            # the first of all makes the bytecode
            first = [measured([sys.executable, SCRIPT, way, base, 1], folder, env) for _ in range(runs + 1)][1:]
            cpu = [run.cpu for run in first]
            yield Figure(f"Graph, {way}: import and first request, CPU", spread(cpu, "s"))
            yield Figure(f"Graph, {way}: memory", f"{max(run.memory for run in first):.0f} MiB")
            many = [measured([sys.executable, SCRIPT, way, base, 1 + TIMES], folder, env).cpu for _ in range(runs)]
            each = [(whole - min(cpu)) / TIMES * 1000 for whole in many]
            yield Figure(f"Graph, {way}: each further request, CPU", spread(each, "ms"))

"""What every bad end has in common: one message that says where, the documented code, no traceback, no secret, nobody asked."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.cli.children import PLAN, PROGRAM
from tests.command import ROOT, Ran

CANARY = "c4nary-of-the-battery-9Q"
ADMIN = {"KEYCLOAK_ADMIN_SECRET": CANARY}
ACCIDENTS = ("Traceback", "should not have happened", "Exception ignored", "Fatal Python error")


class Listener(ThreadingHTTPServer):
    """A server that knows nothing and remembers who came: `connections`, and as it was written what they `asked` and sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Nothing)
        self.connections = 0
        self.asked: list[str] = []
        self.bodies: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class _Nothing(BaseHTTPRequestHandler):
    server: Listener

    def answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  # the names that http.server looks up

    def log_message(self, *_: object) -> None:
        """Say nothing on the test's stderr."""


@contextmanager
def listening() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def plan_for(server: Listener) -> str:
    return PLAN.format(port=server.port)


def shell(script: str, cwd: Path, *, alone: bool = False, **env: str) -> Ran:
    """Run a line of shell in which `$OP` is the command; what is mounted `alone` is there for nobody else."""
    whole = {**os.environ, "PYTHONPATH": str(ROOT / ".src"), **env}
    apart = ["unshare", "-rm"] if alone else []
    line = script.replace("$OP", shlex.join(PROGRAM))
    done = subprocess.run(
        [*apart, "bash", "-c", line], cwd=cwd, env=whole, capture_output=True, text=True, check=False, timeout=100
    )
    return Ran(done.returncode, done.stdout, done.stderr)


# not ru_maxrss: that of a child starts with what its parent had
WATCHED = """\
import atexit, pathlib, re
def note():
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())
    pathlib.Path("peak").write_text(peak[1])
atexit.register(note)
"""


def measured(*args: str, cwd: Path) -> tuple[Ran, int]:
    """Run the command; return with it the most memory that it had at once, in MB."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / ".src")}
    program = [*PROGRAM[:-1], WATCHED + PROGRAM[-1], *args]
    done = subprocess.run(program, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=100)
    return Ran(done.returncode, done.stdout, done.stderr), int((cwd / "peak").read_text()) // 1024


def without_root(script: str) -> str:
    """The script by somebody to whom permissions apply: root loses the rights that go past them."""
    rights = "--bounding-set=-dac_override,-dac_read_search,-fowner"
    return script.replace("$OP", f"setpriv {rights} $OP") if os.geteuid() == 0 else script


def assert_no_accident(ran: Ran) -> None:
    assert [sign for sign in (*ACCIDENTS, CANARY) if sign in ran.all] == [], ran.all
    assert ran.code >= 0, f"ended by signal {-ran.code}"


def assert_failed(ran: Ran, code: int, *words: str) -> None:
    """As `assert_clean`, where a part of the result may stand on stdout beside the error."""
    assert_no_accident(ran)
    assert (ran.code, ran.err.count("error: ")) == (code, 1), ran.all
    assert [word for word in words if word not in ran.err] == [], ran.err


def assert_clean(ran: Ran, code: int, *words: str) -> None:
    assert_no_accident(ran)
    assert (ran.code, ran.out) == (code, ""), ran.all
    assert ran.err.startswith("error: "), ran.err
    assert [word for word in words if word not in ran.err] == [], ran.err

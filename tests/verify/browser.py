"""A headless Chromium, driven through chromedriver's plain WebDriver HTTP API. It can reach loopback and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

# the key under which WebDriver hands out an element
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
SWITCHES = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
STARTED = re.compile(r"started successfully on port (\d+)")
PATIENCE = 60
TRIES = 20


def programs() -> tuple[str, str]:
    """Return where Chromium and its driver are; skips, or fails where they are required."""
    found = tuple(shutil.which(name) for name in ("chromium", "chromedriver"))
    if None in found:
        words = "chromium and chromedriver are not there; on Debian: apt install chromium chromium-driver"
        if os.environ.get("OIDC_PROVISION_REQUIRE_LIVE"):
            pytest.fail(words)
        pytest.skip(words)
    return str(found[0]), str(found[1])


@dataclass(frozen=True)
class Browser:
    """One session."""

    http: httpx.Client
    session: str

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.request(method, f"/session/{self.session}{path}", json=body if method == "POST" else None)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def open(self, address: str) -> None:
        """Go there, and wait until the page is there."""
        self._ask("POST", "/url", url=address)

    def type(self, css: str, text: str) -> None:
        """Type into a field, which appears in time."""
        self._act("POST", css, "value", text=text)

    def click(self, css: str) -> None:
        self._act("POST", css, "click")

    def shows(self, words: str) -> bool:
        """Tell whether a person gets to read these words: on this page, or on the one that is just coming."""
        until = time.monotonic() + PATIENCE
        while words not in str(self._act("GET", "body", "text")):
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    def _act(self, method: str, css: str, what: str, **body: Any) -> Any:
        for _ in range(TRIES):
            answer = self.http.request(
                method,
                f"/session/{self.session}/element/{self._find(css)}/{what}",
                json=body if method == "POST" else None,
            )
            # found on the page that was just left
            if "stale element reference" not in answer.text:
                break
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    @property
    def address(self) -> str:
        return str(self._ask("GET", "/url"))

    def _find(self, css: str) -> str:
        return str(self._ask("POST", "/element", using="css selector", value=css)[ELEMENT])


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A browser with a fresh profile in this folder, until the end of the block."""
    chromium, driver = programs()
    command = [driver, "--port=0", "--log-level=WARNING"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        try:
            assert child.stdout is not None
            lines = iter(child.stdout.readline, "")
            port = next(found[1] for line in lines if (found := STARTED.search(line)))
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False) as http:
                session = _begun(http, chromium, folder)
                yield Browser(http, session)
                http.delete(f"/session/{session}")
        finally:
            # with all that it has started: the browser is its child
            os.killpg(child.pid, signal.SIGKILL)


def _begun(http: httpx.Client, chromium: str, folder: Path) -> str:
    options = {"binary": chromium, "args": [*SWITCHES, f"--user-data-dir={folder}"]}
    timeouts = {"implicit": PATIENCE * 500, "pageLoad": PATIENCE * 1000}
    wanted = {"browserName": "chrome", "goog:chromeOptions": options, "timeouts": timeouts}
    answer = http.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["value"]["sessionId"])

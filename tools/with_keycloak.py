"""Run a command beside a real Keycloak on loopback: fetch it, start it, set KEYCLOAK_URL, run, stop it.

Usage: with_keycloak.py COMMAND [ARG ...]

Where KEYCLOAK_URL is set already, that server is used. Where Java or Maven is missing the command runs without a server and says so,
unless OIDC_PROVISION_REQUIRE_LIVE is set: then that is an error. The server is `start-dev`, which listens on loopback alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

VERSION = "26.7.3"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
CACHE = Path(__file__).resolve().parent.parent / ".cache"
JAVA_OPTS = (
    "-Xms64m -Xmx768m -XX:MetaspaceSize=96M -XX:MaxMetaspaceSize=384m -Dfile.encoding=UTF-8 -XX:+UseSerialGC "
    "-Djava.security.egd=file:/dev/urandom"
)
PATIENCE = 300


def missing_tools() -> list[str]:
    """Return the tools that a real Keycloak needs and this machine lacks."""
    return [tool for tool in ("java", "mvn") if shutil.which(tool) is None]


def fetched() -> Path:
    """Return the folder of the unpacked server, fetched by Maven where it is not there yet."""
    home = CACHE / f"keycloak-{VERSION}"
    if (home / "bin" / "kc.sh").is_file():
        return home
    CACHE.mkdir(parents=True, exist_ok=True)
    maven = ["mvn", "-q", "-B", "-ntp", "-Dstyle.color=never"]
    subprocess.run([*maven, f"{PLUGIN}:get", f"-Dartifact={ARTIFACT}", "-Dtransitive=false"], check=True)
    subprocess.run([*maven, f"{PLUGIN}:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={CACHE}"], check=True)
    archive = CACHE / f"keycloak-quarkus-dist-{VERSION}.tar.gz"
    with tarfile.open(archive) as bundle:
        bundle.extractall(CACHE, filter="data")
    archive.unlink()
    return home


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(home: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server in a process group of its own."""
    environment = {
        **os.environ,
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin-of-tests",
        "JAVA_OPTS": JAVA_OPTS,
    }
    command = [str(home / "bin" / "kc.sh"), "start-dev", "--http-host=127.0.0.1", f"--http-port={port}"]
    log = (CACHE / "keycloak.log").open("wb")
    return subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


def wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the discovery document answers; "started" in the log comes earlier and is not it."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/realms/master/.well-known/openid-configuration", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    sys.exit(f"Keycloak did not start; its log is {CACHE / 'keycloak.log'}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and its JVM, a child of its shell."""
    try:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)
    except ProcessLookupError:
        return
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Run the command with a server, and return its exit code."""
    lacking = missing_tools()
    if "KEYCLOAK_URL" in os.environ or lacking:
        if lacking and "KEYCLOAK_URL" not in os.environ:
            if os.environ.get("OIDC_PROVISION_REQUIRE_LIVE"):
                sys.exit(f"a real Keycloak is required, and {' and '.join(lacking)} is missing")
            print(f"SKIPPED: tests against a real Keycloak, because {' and '.join(lacking)} is missing", flush=True)
        return subprocess.run(command, check=False).returncode
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = start(fetched(), port)
    try:
        wait_until_ready(url, server)
        print(f"Keycloak {VERSION} is ready", flush=True)
        return subprocess.run(
            command, check=False, env={**os.environ, "KEYCLOAK_URL": url, "KEYCLOAK_ADMIN_PASSWORD": "admin-of-tests"}
        ).returncode
    finally:
        stop(server)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

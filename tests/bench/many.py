"""10,000 clients over 200 realms of one server that only counts: what a whole process takes, beside what it must take.

Lower bound of requests: three for each realm and one token (engineering 4.2).
Of the three, 4.2 counts the client scopes; a plan that moves none does without, and reads the default roles, which 4.2 leaves out.
Critical path: the rounds of requests at the default number in flight, and the depth of one realm's (token, clients, roles).
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .counting import Counting, Counts, client_name, counting, realm_name
from .measure import Measured, measured

COMMAND = (sys.executable, "-c", "from oidc_provision.cli.main import main; main()")
PASSWORD = {"KEYCLOAK_ADMIN_PASSWORD": "a password that no word list has"}
PLAN = """\
version: 1
coder:
  access_url: https://{client}.example.com
  version: "2.34"
  session_duration: 30d
identity_provider:
  type: keycloak
  url: {url}
  realm: {realm}
  admin: {{realm: master, username: admin, password: env:KEYCLOAK_ADMIN_PASSWORD}}
client:
  id: {client}
  scopes: [openid, profile, email]
refresh_tokens:
  idle_timeout: {idle}
  max_lifetime: 30d
access_tokens:
  lifetime: 30m
"""
IDLE, OTHER_IDLE = "14d", "15d"
REALMS, CLIENTS = 200, 50
LATENCY = 0.1
IN_FLIGHT = 8
"""The default of --parallelism."""
DEPTH = 3
QUICK_RUNS, SLOW_RUNS = 5, 3


@dataclass(frozen=True)
class Figure:
    """One line of the results: what was measured, how it came out, and what it may be at most ("" where nothing is said)."""

    what: str
    came: str
    most: str = ""

    def __str__(self) -> str:
        return f"  {self.what:46} {self.came}" + (f"   (at most {self.most})" if self.most else "")


def lower_bound(realms: int) -> int:
    """Requests that a no-change plan cannot do without."""
    return 3 * realms + 1


def critical_path(requests: int, latency: float) -> float:
    """Seconds that the latency alone costs."""
    return (math.ceil(requests / IN_FLIGHT) + DEPTH) * latency


def write_plan(folder: Path, url: str, realm: int, client: int, idle: str = IDLE) -> None:
    name = client_name(realm, client)
    text = PLAN.format(client=name, url=url, realm=realm_name(realm), idle=idle)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def write_fleet(folder: Path, url: str, realms: int, clients: int) -> None:
    """Write a plan for each client of each realm."""
    folder.mkdir(exist_ok=True)
    for realm in range(realms):
        for client in range(clients):
            write_plan(folder, url, realm, client)


def writes(counts: Counts) -> dict[str, int]:
    """What was sent that is no reading; asking for a token is none either."""
    return {
        shape: count
        for shape, count in counts.items()
        if shape.startswith(("POST", "PUT", "DELETE")) and not shape.endswith("/token")
    }


def requests(counts: Counts) -> int:
    return sum(count for shape, count in counts.items() if "/" in shape)


def compiled(cache: Path) -> dict[str, str]:
    """Return the environment in which children keep their bytecode in a folder, as an installed package has it."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(cache)}


class Fleet:
    """Plans on disk for one counting server. `cache` is where children keep their bytecode."""

    def __init__(self, server: Counting, folder: Path, cache: Path, realms: int, clients: int) -> None:
        self.server = server
        self.folder = folder
        self.size = realms * clients
        self._env = PASSWORD | compiled(cache)
        write_fleet(folder, server.url, realms, clients)

    def run(self, *args: str | Path) -> tuple[Measured, Counts]:
        """Run our command once; return what it took and what the server saw."""
        self.server.counts()
        took = measured([*COMMAND, *args], cwd=self.folder.parent, env=self._env)
        return took, self.server.counts()

    def plans(self, times: int, *paths: Path) -> tuple[list[Measured], Counts]:
        """Plan several times; the counts are those of the last."""
        runs = [self.run("plan", "--quiet", *(paths or (self.folder,))) for _ in range(times)]
        return [took for took, _ in runs], runs[-1][1]


def spread(values: list[float], unit: str, digits: int = 2) -> str:
    """Median and least of some values."""
    return (
        f"{statistics.median(values):.{digits}f} {unit} median, {min(values):.{digits}f} {unit} least of {len(values)}"
    )


def cost(fleet: Fleet, runs: list[Measured], latency: float) -> Iterator[Figure]:
    """CPU and memory of some runs over the whole fleet."""
    at = f"at {latency * 1000:.0f} ms"
    yield Figure(f"CPU a client, {at}", spread([run.cpu / fleet.size * 1000 for run in runs], "ms", 3), "0.5 ms")
    yield Figure(f"memory, {at}", f"{max(run.memory for run in runs):.0f} MiB", "300 MiB")


def quick(fleet: Fleet, realms: int) -> Iterator[Figure]:
    """A no-change plan without latency, then one changed client among all."""
    fleet.plans(1, next(fleet.folder.iterdir()))
    runs, counts = fleet.plans(QUICK_RUNS)
    bound, sent = lower_bound(realms), requests(counts)
    yield Figure(f"requests of a no-change plan of {fleet.size}", f"{sent} = {sent / bound:.2f} x {bound}", "1.1 x")
    yield Figure("  of them writes", f"{sum(writes(counts).values())}", "0")
    yield Figure("wall, at 0 ms", spread([run.wall for run in runs], "s"))
    yield from cost(fleet, runs, 0)
    write_plan(fleet.folder, fleet.server.url, realms // 2, 7, OTHER_IDLE)
    took, counts = fleet.run("apply", "--auto-approve", "--quiet", fleet.folder)
    yield Figure(
        f"writes of one change among {fleet.size}", ", ".join(f"{n} {s}" for s, n in writes(counts).items()), "1"
    )
    yield Figure("  all requests of that apply", f"{requests(counts)}, {took.wall:.1f} s wall")
    _, counts = fleet.plans(1)
    yield Figure("  requests of a plan after it, and writes", f"{requests(counts)} and {sum(writes(counts).values())}")


def one(fleet: Fleet, latency: float) -> Iterator[Figure]:
    """A plan of one client."""
    runs, counts = fleet.plans(QUICK_RUNS, next(fleet.folder.iterdir()))
    at = f"at {latency * 1000:.0f} ms"
    yield Figure(f"N = 1: wall, {at}", spread([run.wall for run in runs], "s"))
    yield Figure(f"N = 1: CPU and requests, {at}", f"{min(run.cpu for run in runs):.2f} s and {requests(counts)}")


def slow(fleet: Fleet) -> Iterator[Figure]:
    """A no-change plan with latency: nearly all of its time is waiting."""
    runs, counts = fleet.plans(SLOW_RUNS)
    path = critical_path(requests(counts), LATENCY)
    yield Figure("wall, at 100 ms", spread([run.wall for run in runs], "s"))
    ratio = spread([run.wall / path for run in runs], "x")
    yield Figure(f"  beside the critical path of {path:.1f} s", ratio, "1.5 x")
    yield Figure("  most requests under way at once", str(counts["most at once"]), str(IN_FLIGHT))
    yield from cost(fleet, runs, LATENCY)


def many(realms: int = REALMS, clients: int = CLIENTS) -> Iterator[Figure]:
    """Every figure of the fleet, one after the other as they are measured."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        with counting(realms, clients) as server:
            fleet = Fleet(server, base / "quick", base / "bytecode", realms, clients)
            yield from quick(fleet, realms)
            yield from one(fleet, 0)
        with counting(realms, clients, LATENCY) as server:
            fleet = Fleet(server, base / "slow", base / "bytecode", realms, clients)
            yield from slow(fleet)
            yield from one(fleet, LATENCY)

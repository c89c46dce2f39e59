"""`make bench`: a fleet of 10,000 (`many`), what msgraph-sdk costs (`graph`); then N = 1, 100, 500 clients in one realm of a real Keycloak.

Those stand beside bare Admin REST and Terraform.

OIDC_PROVISION_BENCH_TERRAFORM names a terraform or tofu binary, OIDC_PROVISION_BENCH_PLUGINS the folder its Keycloak provider is in
(a filesystem mirror); without them that column is left out, said aloud. Nothing here is asserted: counts are asserted by the tests.
"""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import bare, results
from .fleet import write_plans, write_terraform
from .graph import graph
from .many import COMMAND, Figure, compiled, many, spread
from .measure import Measured, measured

SIZES = (1, 100, 500)
LOADER = Path(__file__).with_name("load_plans.py")
URL = os.environ.get("KEYCLOAK_URL", "")
PASSWORD = os.environ.get("KEYCLOAK_ADMIN_PASSWORD", "admin")


def look_budget(count: int, realm_clients: int) -> int:
    """Requests that one look may cost, sign-in and discovery included."""
    return min(count, math.ceil(realm_clients / 50)) + 8


def line(what: str, ours: Measured, budget: int, peers: dict[str, Measured]) -> str:
    """One row: our requests beside their budget, our time, and how many times longer each peer took."""
    ratios = "  ".join(
        f"{name} {peer.requests or '-'} requests {peer.wall:.2f} s = {peer.wall / ours.wall:.1f}x"
        for name, peer in peers.items()
    )
    return f"  {what:12} {ours.requests:5} requests (budget {budget:4})  {ours.wall:6.2f} s wall  {ours.cpu:5.2f} s CPU   {ratios}"


@contextmanager
def realm() -> Iterator[str]:
    """A fresh realm, deleted at the end."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    bare.BareAdmin(URL, PASSWORD, name).send("POST", "", json={"realm": name, "enabled": True})
    try:
        yield name
    finally:
        bare.BareAdmin(URL, PASSWORD, name).send("DELETE", f"/{name}")


def ours(folder: Path, *args: str) -> Measured:
    """Run our command over a folder of plans."""
    return measured([*COMMAND, *args, str(folder)], cwd=folder, env={"KEYCLOAK_ADMIN_PASSWORD": PASSWORD})


class Terraform:
    """Terraform or OpenTofu with the Keycloak provider, where the environment names them."""

    def __init__(self) -> None:
        self.binary = os.environ.get("OIDC_PROVISION_BENCH_TERRAFORM", "")
        self.plugins = os.environ.get("OIDC_PROVISION_BENCH_PLUGINS", "")

    def run(self, folder: Path, *args: str) -> dict[str, Measured]:
        if not self.binary:
            return {}
        return {Path(self.binary).name: measured([self.binary, *args, "-input=false", "-no-color"], cwd=folder)}

    def prepare(self, folder: Path, name: str, count: int, idle: str = "14d") -> None:
        if self.binary:
            write_terraform(folder, URL, name, count, PASSWORD, idle)
            if not (folder / ".terraform").exists():
                mirror = [f"-plugin-dir={self.plugins}"] if self.plugins else []
                measured([self.binary, "init", "-input=false", *mirror], cwd=folder)


def bench(count: int, base: Path, terraform: Terraform) -> None:
    """Create, look, change all, change one: ours, bare REST, Terraform, each in a realm of its own."""
    folder, theirs = base / f"plans-{count}", base / f"terraform-{count}"
    with realm() as mine, realm() as peer, realm() as other:
        write_plans(folder, URL, mine, count)
        terraform.prepare(theirs, other, count)
        look = look_budget(count, count + 6)
        made = ours(folder, "apply", "--auto-approve", "--quiet")
        peers = {
            "bare REST": bare.timed(URL, PASSWORD, peer, "create", count),
            **terraform.run(theirs, "apply", "-auto-approve"),
        }
        print(line("create", made, count + 2 * look, peers))
        looked = ours(folder, "plan", "--quiet")
        peers = {"bare REST": bare.timed(URL, PASSWORD, peer, "look", count), **terraform.run(theirs, "plan")}
        print(line("look", looked, look, peers))
        write_plans(folder, URL, mine, count, idle="15d")
        terraform.prepare(theirs, other, count, idle="15d")
        changed = ours(folder, "apply", "--auto-approve", "--quiet", "--force", "bench")
        print(line("change all", changed, count + 2 * look, terraform.run(theirs, "apply", "-auto-approve")))
        write_plans(folder, URL, mine, 1, idle="14d")
        print(line("change one", ours(folder, "apply", "--auto-approve", "--quiet"), 1 + 2 * look, {}))


def basics(base: Path) -> Iterator[Figure]:
    """What costs without any server: the start, and reading 10,000 plans."""
    env = compiled(base / "bytecode")
    helps = [measured([*COMMAND, "--help"], cwd=base, env=env).cpu * 1000 for _ in range(16)][1:]
    yield Figure("--help, CPU", spread(helps, "ms", 0), "40 ms")
    yield Figure("the loader alone", min(loader_said(env) for _ in range(4)), "1.5 s")


def loader_said(env: dict[str, str]) -> str:
    """What the loader's own bench prints first: how many plans, CPU, memory."""
    done = subprocess.run(
        [sys.executable, LOADER], env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    return done.stdout.partition("\n")[0]


def against_keycloak(base: Path) -> None:
    """Print N = 1, 100, 500 in one realm of a real server."""
    terraform = Terraform()
    if not terraform.binary:
        print("terraform: left out, OIDC_PROVISION_BENCH_TERRAFORM is not set")
    if not URL:
        print("Keycloak: left out, KEYCLOAK_URL is not set")
        return
    for count in SIZES:
        print(f"N = {count}")
        bench(count, base, terraform)


def told(figures: Iterable[Figure]) -> Iterator[Figure]:
    """Print figures as they come."""
    for figure in figures:
        print(figure, flush=True)
        yield figure


def main() -> None:
    """Print every figure with the machine it was measured on; with --record keep those of the fleet in RESULTS.md."""
    before = results.load()
    print(f"{results.machine()}, load {before:.1f}")
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        print("without a server, and 10,000 clients over 200 realms of a server that only counts:")
        figures = tuple(told(itertools.chain(basics(base), many(), graph())))
        if "--record" in sys.argv[1:]:
            results.FILE.write_text(results.markdown(figures, before, results.load()), encoding="utf-8")
            print(f"kept in {results.FILE.name}")
        against_keycloak(base)


if __name__ == "__main__":
    main()

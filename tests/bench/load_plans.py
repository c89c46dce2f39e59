"""Loads 10,000 plan files in a process of its own and prints CPU seconds and memory, imports included (design 12).

Run it from the repository root: `python tests/bench/load_plans.py [COUNT]`. The plans differ in client, host and realm.
"""

import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / ".src"))


def fleet(count):
    text = (ROOT / "provisioners/keycloak/example.yaml").read_text()
    for number in range(count):
        named = text.replace("id: coder\n", f"id: coder-{number}\n").replace("secrets/coder", f"secrets/{number}")
        one = named.replace("coder.example.com", f"coder{number}.example.com")
        yield f"plan-{number}.yaml", one.replace("realm: engineering", f"realm: engineering-{number % 200}").encode()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    sources = list(fleet(count))
    before = time.process_time()
    from oidc_provision.plans.load import load
    from oidc_provision.provisioners.keycloak.settings import KIND

    imported = time.process_time()
    deployments = load(sources, {"keycloak": KIND})
    done = time.process_time()
    deployments[-1].position(("client", "id"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} plans: {done - before:.2f} s CPU with imports ({imported - before:.2f} s), {memory:.0f} MiB RSS")
    print(f"{(done - imported) / count * 1e6:.0f} us a plan; {(done - before) / 1.5:.2f} of the budget of 1.5 s")


if __name__ == "__main__":
    main()

"""The command line in this process, where a test needs it many times; and the ways to look at what it did."""

from __future__ import annotations

import json
import re
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from tests.command import Ran

from oidc_provision.cli.main import run

_TRACED = re.compile(r"^trace: (POST|PUT|DELETE|PATCH) (\S+) -> (\d+)", re.MULTILINE)
_SIGN_IN = "/protocol/openid-connect/token"


def here(*args: str | Path) -> Ran:
    """Run the command line in this process: the same words in and out, without half a second for a start."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(arg) for arg in args])
    return Ran(code, out.getvalue(), err.getvalue())


def planned(*args: str | Path) -> Ran:
    return here("plan", "--detailed-exitcode", *args)


def applied(*args: str | Path) -> Ran:
    """Apply with a trace; it must work."""
    ran = here("apply", "--auto-approve", "-vv", *args)
    assert ran.code == 0, ran.all
    return ran


def settles(*args: str | Path) -> Ran:
    """Apply, then plan, which must be empty; return what apply said."""
    ran, after = applied(*args), planned(*args)
    assert after.code == 0, after.all
    return ran


def writes(ran: Ran) -> list[str]:
    """Return method and path of every write that a `-vv` trace shows as taken; signing in is none."""
    taken = ((method, path) for method, path, status in _TRACED.findall(ran.err) if int(status) < 400)
    return [f"{method} {path}" for method, path in taken if not path.endswith(_SIGN_IN)]


def refused(ran: Ran) -> str:
    """Return all words of a run that was refused and wrote nothing."""
    assert (ran.code, writes(ran)) == (4, []), ran.all
    return ran.all


def edit(path: Path, to: Path | None = None, **changes: Any) -> Path:
    """Write the plan with these keys, `client__id` for a nested one; `...` takes a key out, None is null."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        *parents, key = name.split("__")
        part = data
        for parent in parents:
            part = part.setdefault(parent, {})
        if value is ...:
            part.pop(key, None)
        else:
            part[key] = value
    target = to or path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return target


def emitted(*args: str | Path) -> dict[str, str]:
    """Return the settings that `env` emits for Coder, the secret included."""
    ran = here("env", "--format", "json", "--show-secrets", *args)
    assert ran.code == 0, ran.all
    settings: dict[str, str] = json.loads(ran.out)
    return settings

"""Finding codes and exit codes in words, from the same registers that the code uses."""

from __future__ import annotations

import difflib
import textwrap

from ..plans import rules
from ..plans.errors import UsageError
from ..plans.findings import Rule
from ..provisioners import registry
from .exit_codes import MEANING

WIDTH = 100


def every_rule() -> dict[str, Rule]:
    """Return every rule by its code: those true of all identity providers, then each kind's own."""
    found = [*rules.RULES, *(rule for kind in registry.kinds() for rule in registry.load(kind).RULES)]
    return {rule.code: rule for rule in found}


def explanation(code: str) -> str:
    """Return the page of one code. Raises UsageError with the nearest one where there is none."""
    exits = {str(number): meaning for number, meaning in MEANING.items()}
    if code in exits:
        short, more = exits[code]
        return f"exit code {code}: {short}\n\n{textwrap.fill(more, WIDTH)}\n"
    known = every_rule()
    if code not in known:
        close = difflib.get_close_matches(code, known, n=1)
        raise UsageError(
            f"there is no code `{code}`", fix=f"did you mean `{close[0]}`?" if close else "`explain` alone lists them"
        )
    rule = known[code]
    lines = [f"{rule.code} ({rule.severity.value}): {rule.title}", "", textwrap.fill(rule.why, WIDTH)]
    return "\n".join([*lines, *(["", f"source: {rule.source}"] if rule.source else [])]) + "\n"


def listing() -> str:
    """Return all codes, a line each."""
    findings = [f"{rule.code:36} {rule.severity.value:8} {rule.title}" for rule in every_rule().values()]
    exits = [f"{code:<36} {'exit':8} {short}" for code, (short, _) in MEANING.items()]
    return "\n".join([*findings, "", *exits]) + "\n"

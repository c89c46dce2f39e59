"""A page of Coder's metrics as symptoms. Pure; how the page is judged is `oidc.coder_side`'s, as in verify."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...plans.steps import Step, Verdict
from ...plans.symptoms.base import Symptom
from ...plans.symptoms.measured import ALL_REFUSED, MANY_REFUSED, NEVER_REFRESHED, REFRESHES_WORK, UNREACHED
from ..oidc.coder_side import judged_metric

_NAME = "coderd_oauth2_external_requests_total"
_SIGN_INS = re.compile(
    rf'^{_NAME}\{{(?=[^}}]*source="Exchange")(?=[^}}]*status_code="2)[^}}]*\}}\s+(?P<count>[0-9.eE+]+)', re.MULTILINE
)
_COUNTED = re.compile(r"(\d+) with status (\d+)")
MANY = 0.2
"""A share of refused refreshes that is more than everyday life."""


def symptoms_of_page(page: str) -> Iterator[tuple[Symptom, str]]:
    """Yield what a page shows, each with its evidence; nothing where it has no such metric."""
    step = judged_metric(page)
    evidence = f"{_NAME}: {', '.join(step.evidence)}"
    if step.verdict is Verdict.FAILED:
        counts = dict(_counts(step))
        refused = any(status.startswith("4") for status in counts)
        yield (ALL_REFUSED if refused else UNREACHED), evidence
    elif step.verdict is Verdict.OK:
        many = _refused_share(step) >= MANY
        yield (MANY_REFUSED if many else REFRESHES_WORK), evidence
    else:
        sign_ins = sum(float(found["count"]) for found in _SIGN_INS.finditer(page))
        if sign_ins:
            yield NEVER_REFRESHED, f"{_NAME}: {sign_ins:.0f} sign-ins, no refresh"


def _counts(step: Step) -> Iterator[tuple[str, int]]:
    for line in step.evidence:
        yield from ((status, int(count)) for count, status in _COUNTED.findall(line))


def _refused_share(step: Step) -> float:
    counts = dict(_counts(step))
    return sum(count for status, count in counts.items() if status.startswith("4")) / max(1, sum(counts.values()))

"""A verification as text, JSON, Markdown and SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from ... import __version__
from ...plans.steps import NOT_TRIED, Step, Verdict, Verification
from .errors import visible
from .text import Style, plain

WORDS = {Verdict.OK: "ok", Verdict.FAILED: "failed", Verdict.UNCLEAR: "?", Verdict.FOLLOWS: "follows"}
COLOURS = {Verdict.OK: "+", Verdict.FAILED: "error", Verdict.UNCLEAR: "warning", Verdict.FOLLOWS: "dim"}
WIDTH = 8
INDENT = " " * 10
FORMAT_VERSION = "1.0"


def as_text(found: Verification, style: Style = plain) -> str:
    """Return the steps in order, what each was seen by, the causes with their fix, and a summary line."""
    lines = [line for run in _runs(found.steps) for line in _block(run, style)]
    return "\n".join([*lines, "", summary(found)]) + "\n"


def _runs(steps: Iterable[Step]) -> Iterator[tuple[Step, ...]]:
    """Steps that were not tried for one reason stand together."""
    for _, group in groupby(steps, lambda step: (step.problem == NOT_TRIED and step.cause) or step.name):
        yield tuple(group)


def _block(steps: tuple[Step, ...], style: Style) -> Iterator[str]:
    step = steps[0]
    word = style(WORDS[step.verdict].ljust(WIDTH), COLOURS[step.verdict])
    because = f" because of `{step.cause}`" if step.cause else ""
    if step.problem == NOT_TRIED:
        yield f"{word}  {NOT_TRIED}{because}: {', '.join(each.name for each in steps)}"
        return
    yield f"{word}  {step.title} [{step.name}]"
    if step.problem:
        yield f"{INDENT}{visible(step.problem)}{because}"
    for line in step.evidence:
        yield f"{INDENT}{style(visible(line), 'dim')}"
    # the fix of what follows is the fix of its cause
    if step.fix and step.verdict is not Verdict.FOLLOWS:
        yield f"{INDENT}fix: {visible(step.fix)}"


def summary(found: Verification) -> str:
    """Return the counts in one line."""
    count = {verdict: sum(step.verdict is verdict for step in found.steps) for verdict in Verdict}
    parts = [f"{count[Verdict.OK]} ok"]
    if count[Verdict.FAILED]:
        parts.append(f"{count[Verdict.FAILED]} failed")
    if count[Verdict.FOLLOWS]:
        parts.append(f"{count[Verdict.FOLLOWS]} follow from that")
    if count[Verdict.UNCLEAR]:
        parts.append(f"{count[Verdict.UNCLEAR]} could not be told")
    return f"Verified: {', '.join(parts)}."


def result(found: Verification) -> str:
    """Return `failed`, `could not tell` or `ok`."""
    if found.causes:
        return Verdict.FAILED.value
    return Verdict.UNCLEAR.value if found.unclear else Verdict.OK.value


def as_json(found: Verification, style: Style = plain) -> str:  # noqa: ARG001  # the renderings' signature
    """Return the steps as data; `oidc-provision schema --of verify-output` describes them."""
    steps = [
        {
            "name": step.name,
            "title": step.title,
            "verdict": step.verdict.value,
            "evidence": list(step.evidence),
            "problem": step.problem,
            "fix": step.fix,
            "cause": step.cause,
        }
        for step in found.steps
    ]
    document = {"format_version": FORMAT_VERSION, "result": result(found), "steps": steps}
    return json.dumps(document, indent=2) + "\n"


def as_markdown(found: Verification, style: Style = plain) -> str:  # noqa: ARG001  # the renderings' signature
    """Return a table of the steps."""
    head = [f"### oidc-provision verify: {result(found)}", "", "| | step | seen | fix |", "|---|---|---|---|"]
    return "\n".join([*head, *(_row(step) for step in found.steps), "", summary(found)]) + "\n"


def _row(step: Step) -> str:
    seen = [*step.evidence, step.problem, f"because of {step.cause}" if step.cause else ""]
    cells = (WORDS[step.verdict], step.title, "; ".join(filter(None, seen)), step.fix)
    return f"| {' | '.join(_cell(each) for each in cells)} |"


def _cell(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def as_sarif(found: Verification, style: Style = plain) -> str:  # noqa: ARG001  # the renderings' signature
    """Return SARIF 2.1.0: a rule for each step, a result for each that is not ok."""
    rules = [{"id": step.name, "shortDescription": {"text": step.title}} for step in found.steps]
    results = [_sarif_result(step) for step in found.steps if step.verdict is not Verdict.OK]
    driver = {"name": "oidc-provision", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": results}
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _sarif_result(step: Step) -> dict[str, object]:
    broken = step.verdict is Verdict.FAILED
    text = ". ".join(filter(None, (step.problem, step.fix and f"fix: {step.fix}")))
    # the standard wants level `none` for all that is not a failure
    level, kind = ("error", "fail") if broken else ("none", "open")
    return {"ruleId": step.name, "level": level, "kind": kind, "message": {"text": text}}


Rendering = Callable[..., str]
RENDERINGS: Mapping[str, Rendering] = MappingProxyType(
    {"text": as_text, "json": as_json, "markdown": as_markdown, "md": as_markdown, "sarif": as_sarif}
)

"""A diagnosis as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from ...plans.symptoms.base import Bearing, Certainty
from ...provisioners.diagnosis.tally import Diagnosis, Found
from .errors import visible
from .text import Style, plain

NOTHING = "nothing known"
FORMAT_VERSION = "1.0"
COLOURS = {Certainty.PROOF: "error", Certainty.STRONG: "error", Certainty.HINT: "warning"}
WIDTH = 8
INDENT = " " * (WIDTH + 2)


def as_text(found: Diagnosis, style: Style = plain) -> str:
    """Return the causes in order with evidence and fix, then what works, what was read, and a summary line."""
    lines = [line for each in found.found for line in _block(each, style)]
    for each in found.read:
        lines += [f"note: `{visible(each.name)}`: {note}" for note in each.notes]
    lines += [style(f"{visible(name)}: {visible(value)}", "dim") for name, value in found.figures]
    return "\n".join([*lines, *([""] if lines else []), summary(found)]) + "\n"


def _block(found: Found, style: Style) -> Iterator[str]:
    symptom = found.symptom
    yield f"{_word(found, style)}  {symptom.cause} [{symptom.code}]"
    yield f"{INDENT}{style(_times(found), 'dim')}"
    yield from (f"{INDENT}{style(visible(line), 'dim')}" for line in found.evidence)
    if symptom.guide:
        yield f'{INDENT}guide: "{symptom.guide}"'
    if symptom.fix:
        yield f"{INDENT}fix: {symptom.fix}"
    if symptom.edit:
        yield f"{INDENT}plan: {symptom.edit}"


def _word(found: Found, style: Style) -> str:
    symptom = found.symptom
    if symptom.bearing is Bearing.CAUSE:
        return style(symptom.certainty.value.ljust(WIDTH), COLOURS[symptom.certainty])
    return style(symptom.bearing.value.ljust(WIDTH), "+" if symptom.bearing is Bearing.GOOD else "info")


def _times(found: Found) -> str:
    count = "once" if found.count == 1 else f"{found.count:,} times"
    if found.first is None or found.last is None:
        return count
    first, last = (f"{each:%Y-%m-%d %H:%M:%S}" for each in (found.first, found.last))
    return f"{count}, at {first}" if first == last else f"{count}, from {first} to {last}"


def summary(found: Diagnosis) -> str:
    """Return what was read and found, in one line."""
    read = sum(each.lines for each in found.read)
    looked = f"looked at {read:,} line{'s' * (read != 1)}"
    if not found.found:
        return f"Doctor: {NOTHING}; {looked}. That proves nothing: below status 500 Coder logs no reason."
    parts = [
        f"{len(each)} {name}{'s' * (len(each) != 1)}"
        for each, name in ((found.causes, "cause"), (found.hints, "hint"))
        if each
    ]
    return f"Doctor: {', '.join(parts) or 'nothing wrong seen'}; {looked}."


def result(found: Diagnosis) -> str:
    """Return `cause found`, `hints only`, `nothing wrong seen` or `nothing known`."""
    if found.causes:
        return "cause found"
    if found.hints:
        return "hints only"
    return "nothing wrong seen" if found.found else NOTHING


def as_json(found: Diagnosis, style: Style = plain) -> str:  # noqa: ARG001  # the renderings' signature
    """Return the diagnosis as data; times in ISO 8601."""
    document = {
        "format_version": FORMAT_VERSION,
        "result": result(found),
        "found": [_data(each) for each in found.found],
        "read": [
            {"name": each.name, "kind": each.kind, "lines": each.lines, "notes": list(each.notes)}
            for each in found.read
        ],
        "figures": [{"name": name, "value": value} for name, value in found.figures],
    }
    return json.dumps(document, indent=2) + "\n"


def _data(found: Found) -> dict[str, object]:
    symptom = found.symptom
    return {
        "code": symptom.code,
        "bearing": symptom.bearing.value,
        "certainty": symptom.certainty.value,
        "cause": symptom.cause,
        "count": found.count,
        "first": found.first.isoformat() if found.first else None,
        "last": found.last.isoformat() if found.last else None,
        "evidence": list(found.evidence),
        "guide": symptom.guide.value,
        "fix": symptom.fix,
        "edit": symptom.edit,
        "releases": symptom.releases,
        "source": symptom.source,
    }


def as_markdown(found: Diagnosis, style: Style = plain) -> str:  # noqa: ARG001  # the renderings' signature
    """Return a table of what was found, with the first line of its evidence."""
    head = [f"### oidc-provision doctor: {result(found)}", ""]
    if found.found:
        head += ["| | what | seen | fix | plan |", "|---|---|---|---|---|"]
    rows = [_row(each) for each in found.found]
    figures = ["", "| counted in the database | |", "|---|---|"] if found.figures else []
    figures += [f"| {_cell(name)} | {_cell(value)} |" for name, value in found.figures]
    return "\n".join([*head, *rows, *figures, "", summary(found)]) + "\n"


def _row(found: Found) -> str:
    symptom = found.symptom
    word = symptom.certainty.value if symptom.bearing is Bearing.CAUSE else symptom.bearing.value
    seen = "; ".join([_times(found), *found.evidence[:1]])
    edit = f"`{symptom.edit}`" if symptom.edit else ""
    return f"| {word} | {_cell(symptom.cause)} | {_cell(seen)} | {_cell(symptom.fix)} | {edit} |"


def _cell(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


Rendering = Callable[..., str]
RENDERINGS: Mapping[str, Rendering] = MappingProxyType(
    {"text": as_text, "json": as_json, "markdown": as_markdown, "md": as_markdown}
)

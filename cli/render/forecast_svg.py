"""Forecasts as one SVG: a bar for each way to use Coder. Self-contained, with a title and a description for who cannot see it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from ...plans.forecasting import DAY, Outcome
from ...plans.prospects import Prospect
from .errors import visible
from .forecast import days, last_day
from .text import Style, plain

WIDTH, LEFT, ROW, HEAD = 900, 170, 26, 56
COLOURS = {"work": "#2f7d4f", "away": "#c9d3cd", "out": "#b3261e"}
LEGEND = (("work", "signed in, at work"), ("away", "away"), ("out", "signed out"))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def as_svg(found: Sequence[Prospect], style: Style = plain) -> str:  # noqa: ARG001  # the renderings' signature
    """Return the drawing."""
    known = [each for each in found if each.known]
    heights = [HEAD + ROW * len(each.outcomes) + 24 for each in known]
    body = [line for each, top in zip(known, _tops(heights), strict=True) for line in _section(each, top)]
    height = sum(heights) + 40
    title = "When users are signed out"
    words = "; ".join(f"{each.client}: {_spoken(outcome)}" for each in known for outcome in each.outcomes)
    form = 'role="img" aria-labelledby="title description" font-family="sans-serif" font-size="13"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {form}>',
            f'<title id="title">{title}</title>',
            f'<desc id="description">{_text(words)}</desc>',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *body,
            *_legend(height - 18),
            "</svg>\n",
        ]
    )


def _tops(heights: Sequence[int]) -> Iterator[int]:
    top = 0
    for height in heights:
        yield top
        top += height


def _section(each: Prospect, top: int) -> Iterator[str]:
    yield f'<text x="10" y="{top + 24}" font-weight="bold">{_text(f"{each.client} at {each.where}")}</text>'
    most = max(last_day(outcome) for outcome in each.outcomes)
    for number, outcome in enumerate(each.outcomes):
        y = top + HEAD + number * ROW
        yield f'<text x="10" y="{y + 13}">{outcome.scenario.name}</text>'
        yield from _bar(outcome, y, most)
    y = top + HEAD - 8
    yield f'<text x="{LEFT}" y="{y}" fill="#555">0</text>'
    yield f'<text x="{WIDTH - 10}" y="{y}" text-anchor="end" fill="#555">{most} days</text>'


def _bar(outcome: Outcome, y: int, most: int) -> Iterator[str]:
    end = most * DAY
    out = min(outcome.out.at, end) if outcome.out else end
    scenario = outcome.scenario
    yield _rect(0, out, y, most, "work", outcome)
    if scenario.back and scenario.left < out:
        yield _rect(scenario.left, min(scenario.back, out), y, most, "away", outcome)
    if out < end:
        yield _rect(out, end, y, most, "out", outcome)


def _rect(begin: int, end: int, y: int, most: int, kind: str, outcome: Outcome) -> str:  # noqa: PLR0917  # a rectangle
    scale = (WIDTH - LEFT - 10) / (most * DAY)
    x, width = LEFT + begin * scale, max(1.0, (end - begin) * scale)
    words = _text(_spoken(outcome))
    return f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="18" fill="{COLOURS[kind]}"><title>{words}</title></rect>'


def _legend(y: int) -> Iterator[str]:
    for number, (kind, words) in enumerate(LEGEND):
        x = LEFT + number * 190
        yield f'<rect x="{x}" y="{y - 11}" width="13" height="13" fill="{COLOURS[kind]}"/>'
        yield f'<text x="{x + 19}" y="{y}">{words}</text>'


def _spoken(outcome: Outcome) -> str:
    if outcome.out is None:
        return f"{outcome.scenario.name}: stays signed in"
    return f"{outcome.scenario.name}: signed out after {days(outcome.out.at)}, {outcome.out.reason.value}"


def _text(text: str) -> str:
    return escape(_CONTROL.sub("", visible(text)))

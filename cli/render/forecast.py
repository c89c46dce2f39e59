"""Forecasts as text with a timeline, JSON, Markdown and SVG."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ...plans.durations import format_duration
from ...plans.forecasting import DAY, Outcome
from ...plans.prospects import Limit, Prospect
from .errors import visible
from .text import Style, plain

Rendering = Callable[..., str]
UNKNOWN = "Not all of it is known, so nothing can be forecast."
ASSUMED = "As the plan says: a limit of the identity provider may be lower. Without --offline it is looked up."
NARROWEST, WIDEST = 40, 100
NAME = 18
SHOWN_DAYS = 35
"""A timeline shows at least these days, so that a month's absence fits."""
MARKS = {"work": "█", "away": "·", "out": "\u00d7", "end": "|"}
ASCII_MARKS = {"work": "#", "away": ".", "out": "x", "end": "|"}


def as_text(found: Sequence[Prospect], style: Style = plain, width: int | None = None) -> str:
    """Return a table of what counts, a line for each way to use Coder, and a timeline; `width` is the terminal's."""
    columns = width or shutil.get_terminal_size().columns
    return "\n\n".join("\n".join(_section(each, style, columns)) for each in found) + "\n"


def _section(each: Prospect, style: Style, width: int) -> Iterator[str]:
    yield style(f"client `{visible(each.client)}` at {visible(each.where)}", "bold")
    for limit in each.limits:
        yield f"  {limit.name:<22} {_seconds(limit):<12} {style(visible(limit.source), 'dim')}"
    if not each.known:
        yield f"  {UNKNOWN}"
        return
    if each.assumed:
        yield f"  {ASSUMED}"
    yield ""
    for outcome in each.outcomes:
        yield f"  {outcome.scenario.name:<{NAME}} {_told(outcome, style)}"
    yield from _remarks(each)
    yield ""
    yield from _timeline(each.outcomes, width)


def _seconds(limit: Limit) -> str:
    if not limit.known:
        return "not known"
    return "no limit" if limit.seconds is None else format_duration(limit.seconds)


def _told(outcome: Outcome, style: Style = plain) -> str:
    out = outcome.out
    if out is None:
        return style(f"stays signed in ({days(outcome.scenario.ends)} looked ahead)", "+")
    return style(f"signed out after {days(out.at)}", "error") + f": {out.reason.value}"


def days(seconds: int) -> str:
    """Return seconds as days and hours, or as a duration below a day."""
    if seconds < DAY:
        return format_duration(seconds)
    whole, rest = divmod(seconds, DAY)
    hours = rest // 3600
    return f"{whole} d {hours} h" if hours else f"{whole} d"


def _remarks(each: Prospect) -> Iterator[str]:
    safe, sure = each.away.safe, each.away.sure
    if safe is not None and sure is not None:
        yield f"  {'away':<{NAME}} up to {days(safe)} is safe, from {days(sure)} on everybody is signed out"
    yield from (f"  {'builds':<{NAME}} {remark}" for remark in build_remarks(each))


def build_remarks(each: Prospect) -> Iterator[str]:
    """Return what workspace builds do to tokens, where it is worth a word."""
    if each.builds.refreshes_always:
        ahead = format_duration(each.builds.early)
        yield f"every workspace build refreshes: access tokens live no longer than the {ahead} that Coder refreshes ahead"
    if each.builds.races:
        yield "a build and a page that refresh at once sign the user out: a refresh token is for one use, and Coder takes no lock"


def _timeline(outcomes: Iterable[Outcome], width: int) -> Iterator[str]:
    drawn = [(outcome, last_day(outcome)) for outcome in outcomes]
    most = max((last for _, last in drawn), default=0)
    room = max(NARROWEST, min(width, WIDEST)) - NAME - 6
    marks = _marks()
    for outcome, _ in drawn:
        cells = "".join(marks[_cell(outcome, i * most / room, (i + 1) * most / room)] for i in range(room))
        yield f"  {outcome.scenario.name:<{NAME}} {marks['end']}{cells}{marks['end']}"
    yield f"  {'days':<{NAME}} 0{str(most).rjust(room)}"
    yield f"  {'':<{NAME}} {marks['work']} signed in, at work   {marks['away']} away   {marks['out']} signed out"


def last_day(outcome: Outcome) -> int:
    """The last day to draw: a month at least, and enough to see the sign-out."""
    shown = outcome.scenario.ends if outcome.scenario.back else 0
    return max(SHOWN_DAYS, -(-max(shown, outcome.out.at if outcome.out else 0) // DAY) + 1)


def _cell(outcome: Outcome, begin: float, end: float) -> str:
    """What happens between two days: signed out counts, however little of it."""
    if outcome.out is not None and outcome.out.at < end * DAY:
        return "out"
    scenario = outcome.scenario
    if scenario.back and scenario.left / DAY <= begin and end <= scenario.back / DAY:
        return "away"
    return "work"


def _marks() -> Mapping[str, str]:
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "".join(MARKS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII_MARKS
    return MARKS


def as_json(found: Sequence[Prospect], style: Style = plain) -> str:  # noqa: ARG001  # the renderings' signature
    """Return the forecasts as data; times in seconds since the sign-in."""
    return json.dumps({"format_version": "1.0", "forecasts": [_data(each) for each in found]}, indent=2) + "\n"


def _data(each: Prospect) -> dict[str, object]:
    return {
        "client": each.client,
        "target": each.where,
        "known": each.known,
        "assumed": each.assumed,
        "limits": [
            {"name": limit.name, "seconds": limit.seconds, "known": limit.known, "source": limit.source}
            for limit in each.limits
        ],
        "scenarios": [
            {
                "name": outcome.scenario.name,
                "signed_out_after": outcome.out.at if outcome.out else None,
                "reason": outcome.out.reason.value if outcome.out else "",
                "looked_ahead": outcome.scenario.ends,
            }
            for outcome in (each.outcomes if each.known else ())
        ],
        "absence": {"safe": each.away.safe, "sure": each.away.sure},
        "builds": {"refresh_always": each.builds.refreshes_always, "race": each.builds.races},
    }


def as_markdown(found: Sequence[Prospect], style: Style = plain) -> str:  # noqa: ARG001  # the renderings' signature
    """Return two tables for each plan."""
    return "\n\n".join("\n".join(_tables(each)) for each in found) + "\n"


def _tables(each: Prospect) -> Iterator[str]:
    yield f"### {_cell_text(each.client)} at {_cell_text(each.where)}\n"
    yield "| lifetime | | where it comes from |\n|---|---|---|"
    yield from (f"| {limit.name} | {_seconds(limit)} | {_cell_text(limit.source)} |" for limit in each.limits)
    if each.assumed or not each.known:
        yield f"\n{ASSUMED if each.known else UNKNOWN}"
    if each.known:
        yield "\n| a user who | |\n|---|---|"
        yield from (f"| {outcome.scenario.name} | {_told(outcome)} |" for outcome in each.outcomes)
        yield from (f"\n{remark}" for remark in build_remarks(each))


def _cell_text(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")

"""Counts the rows of the battery at the end of a run: a plugin of pytest, switched on by `-p tests.battery.tally`.

A row has passed where all its tests have. One skipped test is enough for it not to count: what was not seen is not proved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

import pytest
from tests.battery.rows import Row, groups, numbers_of, rows

PROPERTY = "battery"


class State(Enum):
    """What came of a row."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "not run"
    UNTESTED = "no test"


@dataclass
class Seen:
    """What the tests of one row did: names of tests, and reasons for skipping by name."""

    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> State:
        if self.failed:
            return State.FAILED
        if self.skipped:
            return State.SKIPPED
        return State.PASSED if self.passed else State.UNTESTED

    @property
    def because(self) -> Iterable[str]:
        return sorted(self.failed) or sorted(set(self.skipped.values()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The rows travel in the report, which is all that comes back from another process."""
    known = {row.number for row in rows()}
    for item in items:
        numbers = numbers_of(item.iter_markers(PROPERTY))
        if not known.issuperset(numbers):
            raise pytest.UsageError(f"{item.nodeid} names a row of the battery that is none: {numbers}")
        if numbers:
            item.user_properties.append((PROPERTY, numbers))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Tally(), "battery-tally")


def reason(report: pytest.TestReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")


class Tally:
    """Listens to the reports of all processes and prints the table."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = defaultdict(Seen)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for number in dict(report.user_properties).get(PROPERTY, ()):
            self._note(self._seen[number], report)

    def _note(self, seen: Seen, report: pytest.TestReport) -> None:
        if report.failed or hasattr(report, "wasxfail"):
            seen.failed.add(report.nodeid)
        elif report.skipped:
            seen.skipped[report.nodeid] = reason(report)
        elif report.when == "call":
            seen.passed.add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("battery: rows passed / total")
        for line in self.lines(rows()):
            terminalreporter.write_line(line)

    def lines(self, table: tuple[Row, ...]) -> Iterable[str]:
        counted = [row for row in table if not row.waits_for]
        for name, members in groups(table).items():
            yield self._figures(name, [row for row in members if row in counted])
        yield self._figures("all", counted)
        for state in (State.FAILED, State.SKIPPED, State.UNTESTED):
            yield from self._listed(state, table if state is State.FAILED else counted)
        yield from noted("waits, not counted", ((row, row.waits_for) for row in table))
        yield from noted("counted without", ((row, row.without) for row in table))

    def _figures(self, name: str, members: Iterable[Row]) -> str:
        states = [self._seen[row.number].state for row in members]
        return f"{name:<12}{states.count(State.PASSED):>3} / {len(states)}"

    def _listed(self, state: State, table: Iterable[Row]) -> Iterable[str]:
        for row in table:
            seen = self._seen[row.number]
            if seen.state is state:
                yield f"{state.value}: {row}"
                yield from (f"    {line}" for line in seen.because)


def noted(title: str, notes: Iterable[tuple[Row, str]]) -> Iterable[str]:
    return (f"{title}: {row}\n    {note}" for row, note in notes if note)

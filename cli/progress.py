"""A progress bar that appears when work takes longer than a second."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

PATIENCE = 1.0
"""Seconds before the bar shows."""


class Progress:
    """Counts steps; draws only on a terminal, and only once the work has taken a second."""

    def __init__(self, what: str, *, visible: bool) -> None:
        self._what = what
        self._visible = visible
        self._began = time.monotonic()
        self._bar: Bar | None = None
        self._total: int | None = None
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()

    def hide(self) -> None:
        """Take the bar away, so that it does not draw over what is printed or asked now; the next step brings it back."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def expect(self, total: int) -> None:
        """Say how many steps there will be."""
        self._total, self._done = total, 0
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], total=total, completed=0)

    def step(self) -> None:
        """Count one step."""
        self._done += 1
        if self._visible and self._bar is None and time.monotonic() - self._began > PATIENCE:
            self._show()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._done)

    def request(self) -> None:
        """Count a request, as long as it is not known how many steps there will be."""
        # once the changes are counted, requests would be counted twice
        if self._total is None:
            self.step()

    def _show(self) -> None:
        from rich.console import Console  # noqa: PLC0415  # 20 ms, only where a bar is drawn
        from rich.progress import Progress as Bar  # noqa: PLC0415  # as above

        self._bar = Bar(console=Console(stderr=True), transient=True)
        self._bar.add_task(self._what, total=self._total, completed=self._done)
        self._bar.start()

"""A long read on a terminal: a bar that shows and goes, and a way out."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from tests.cli.children import Terminal
from tests.doctor.test_reading import BAD, GOOD


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "coder.log"
    os.mkfifo(path)
    return path


def test_a_bar_shows_while_a_log_is_read_and_goes_before_the_result(pipe: Path):
    shown = threading.Event()

    def write() -> None:
        with pipe.open("wb", buffering=0) as stream:
            while not shown.is_set():
                stream.write(GOOD * 100)
                time.sleep(0.02)
            stream.write(BAD)

    writer = threading.Thread(target=write)
    writer.start()
    terminal = Terminal("doctor", pipe.name, cwd=pipe.parent, env={"COLUMNS": "100"})
    terminal.until("reading coder.log")
    shown.set()
    writer.join()
    assert terminal.ended() == 1
    assert terminal.shown.rindex("reading coder.log") < terminal.shown.rindex("[library-no-refresh-token]")
    assert "\x1b[31mproof" in terminal.shown


@pytest.mark.parametrize(("number", "codes"), [(signal.SIGINT, {130}), (signal.SIGTERM, {-15, 143})])
def test_a_signal_ends_a_read_that_does_not_end(pipe: Path, number, codes):
    terminal = Terminal("doctor", pipe.name, cwd=pipe.parent, env={"COLUMNS": "100"})
    with pipe.open("wb", buffering=0) as stream:
        stream.write(GOOD)
        # the bar of a finished write: the command has begun to read
        time.sleep(1.2)
        stream.write(GOOD)
        terminal.until("reading")
        terminal.child.send_signal(number)
        assert terminal.ended() in codes
    assert "Traceback" not in terminal.shown

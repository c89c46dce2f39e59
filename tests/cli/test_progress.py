"""The progress bar: only where somebody looks, only after a while, and never over what is printed or asked."""

import threading

import pytest
from rich.live import _RefreshThread

from oidc_provision.cli import progress
from oidc_provision.cli.progress import Progress


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", -1.0)


def drawing() -> bool:
    """Tell whether something redraws a line behind our back."""
    redrawing = [thread for thread in threading.enumerate() if isinstance(thread, _RefreshThread)]
    return any(not thread.done.is_set() for thread in redrawing)


@pytest.mark.usefixtures("impatient")
def test_a_bar_is_drawn_until_its_block_ends():
    with Progress("applying", visible=True) as bar:
        assert not drawing()
        bar.step()
        assert drawing()
    assert not drawing()


@pytest.mark.usefixtures("impatient")
def test_a_hidden_bar_comes_back_with_the_next_step():
    with Progress("applying", visible=True) as bar:
        bar.step()
        bar.hide()
        assert not drawing()
        bar.expect(10)
        assert not drawing()
        bar.step()
        assert drawing()


@pytest.mark.usefixtures("impatient")
def test_where_nobody_looks_nothing_is_drawn():
    with Progress("applying", visible=False) as bar:
        bar.step()
        assert not drawing()


def test_quick_work_draws_nothing():
    with Progress("applying", visible=True) as bar:
        bar.step()
        assert not drawing()

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.cli.render.problems import render_problems, visible
from oidc_provision.plans.errors import Position, Problem


def shown(text, column, width=1):
    return render_problems([Problem("no", Position("p.yaml", 17, column, text, width), "yes")]).splitlines()


def test_problem_is_shown_as_the_house_style_has_it():
    assert shown("  idle_timeout: 30d", 17, 3) == [
        "error: no",
        "  --> p.yaml:17:17",
        "  17 |   idle_timeout: 30d",
        "     |                 ^^^",
        "  fix: yes",
    ]


def test_problem_of_a_whole_file_has_neither_line_nor_caret():
    assert render_problems([Problem("empty", Position("p.yaml"))]) == "error: empty\n  --> p.yaml\n"


def test_tab_before_the_caret_is_kept_below():
    assert shown("\ta: x", 5)[3] == "     | \t   ^"


def test_wide_characters_take_two_columns():
    assert shown("a: 日本 x", 7)[3] == "     |         ^"
    assert shown("a: 日本 x", 4, 2)[3] == "     |    ^^^^"


def test_combining_characters_take_none():
    assert shown("a: e\u0301 x", 7)[3] == "     |      ^"


def test_long_line_is_cut_around_the_caret():
    _, _, source, caret, _ = shown("x" * 500 + "HERE" + "y" * 500, 501, 4)
    assert len(source) < 120
    assert source[caret.index("^") :].startswith("HERE")
    assert caret.count("^") == 4


def test_caret_under_an_escaped_character_is_as_wide_as_the_escape():
    _, _, source, caret, _ = shown("a: \x1bb", 4)
    assert source.endswith("a: \\x1bb")
    assert caret == "     |    ^^^^"


@pytest.mark.battery(13)
@pytest.mark.parametrize(
    "text", ["\x1b[31mred", "\x1b]8;;https://x\x07y", "\u202egpj", "a\rb", "\x00", "\u2066x", "\x9b31m", "\u2028"]
)
def test_what_a_terminal_would_obey_is_written_as_an_escape(text):
    out = render_problems([Problem(text, Position(text, 1, 1, text, 2), text)])
    assert not set(text) & set(out) & {"\x1b", "\x07", "\u202e", "\r", "\x00", "\u2066", "\x9b", "\u2028"}


@pytest.mark.battery(13)
@given(st.text(), st.integers(1, 300), st.integers(1, 300))
def test_any_text_is_shown_on_one_line_without_control_characters(text, column, width):
    out = shown(text, column, width)
    assert not [
        character for line in out for character in line if unicodedata.category(character) == "Cc" and character != "\t"
    ]
    assert 3 <= len(out) <= 5


def test_visible_leaves_ordinary_text_alone():
    assert visible("é 日本 🚀 👩\u200d💻") == "é 日本 🚀 👩\u200d💻"

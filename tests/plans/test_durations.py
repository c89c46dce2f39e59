import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.plans.checks import Invalid
from oidc_provision.plans.durations import (
    LONGEST,
    UNLIMITED,
    format_duration,
    parse_duration,
    read_duration,
    read_limit,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 2_592_000),
        ("1h30m", 5_400),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("90s", 90),
        ("168h0m0s", 604_800),
        ("36500d", LONGEST),
    ],
)
def test_duration_is_read_as_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2_592_000, "30d"), (5_400, "1h30m"), (604_800, "7d"), (1_209_600, "14d"), (90, "1m30s"), (0, "0s")],
)
def test_duration_is_written_in_its_largest_exact_units(seconds, text):
    assert format_duration(seconds) == text


@given(st.integers(min_value=1, max_value=LONGEST))
def test_what_is_written_reads_back_the_same(seconds):
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "30",
        "30 d",
        "30D",
        "1m1h",
        "d",
        "1.5h",
        "-3d",
        "0s",
        "36501d",
        "9" * 5000 + "d",
        "٣d",
        "30d\n",
        "P30D",
        "unlimited",
    ],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(Invalid):
        parse_duration(text)


@pytest.mark.parametrize(
    "value", [30, 30.0, True, None, ["30d"], {"d": 30}, float("nan"), pytest.param(10**5000, id="huge")]
)
def test_value_that_is_no_text_is_no_duration(value):
    with pytest.raises(Invalid):
        read_duration(value)


def test_bare_number_is_answered_with_its_spellings():
    with pytest.raises(Invalid) as caught:
        read_duration(30)
    assert caught.value.fix == "add the unit: `30s`, `30m`, `30h` or `30d`"


def test_unlimited_is_a_limit_of_its_own():
    assert read_limit("unlimited") is UNLIMITED
    assert read_limit("90d") == 90 * 86_400

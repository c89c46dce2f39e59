"""JSON that two parsers could read differently is refused."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.provisioners.strict_json import DEEPEST, JsonError, parse

REFUSED = {
    b'{"a": 1, "a": 2}': "the key 'a' stands twice",
    b'[{"b": {"x": 1, "y": 2, "x": 1}}]': "the key 'x' stands twice",
    b'{"\xc3\xa9\\u001b[31m": 1, "\xc3\xa9\\u001b[31m": 1}': r"the key '\xe9\x1b[31m' stands twice",
    b'{"a": NaN}': "NaN is not a number",
    b"[Infinity]": "Infinity is not a number",
    b"[-Infinity]": "-Infinity is not a number",
    b"[1e999]": "1e999 is too large a number",
    b"1" * 5000: "a number of more digits than any number needs",
    b"[" * 101 + b"]" * 101: "nested deeper than 100",
    b'{"a":' * 200_000: "nested deeper than 100",
    b'"\\ud800"': "half a surrogate pair in a string",
    b'{"\\udc00x": 1}': "half a surrogate pair in a string",
    b'"\xff"': "byte 1 is not UTF-8",
    '{"a": 1}'.encode("utf-16"): "byte 0 is not UTF-8",
    b"": "expecting value at line 1 column 1",
    b'{"a": 1}{"a": 1}': "extra data at line 1 column 9",
    b"{'a': 1}": "expecting property name enclosed in double quotes at line 1 column 2",
    b'{"a": "\x01"}': "invalid control character at at line 1 column 8",
}


@pytest.mark.battery(37)
@pytest.mark.parametrize("data", REFUSED, ids=lambda data: repr(data[:20]))
def test_refused(data):
    with pytest.raises(JsonError) as caught:
        parse(data)
    assert str(caught.value) == REFUSED[data]


ACCEPTED = {
    b'\xef\xbb\xbf{"a": [1, 2.5, null]}': {"a": [1, 2.5, None]},
    b'"\\ud83d\\ude00"': "\N{GRINNING FACE}",
    b'["' + b"[" * 500 + b'"]': ["[" * 500],
    rb'["\"", "[{\\"]': ['"', "[{\\"],
    rb'["\\", "\\\"' + b"[" * 200 + rb'", "\\\\"]': ["\\", '\\"' + "[" * 200, "\\\\"],
    b" 0 ": 0,
}


@pytest.mark.parametrize("data", ACCEPTED, ids=lambda data: repr(data[:20]))
def test_accepted(data):
    assert parse(data) == ACCEPTED[data]


def test_deepest_allowed_nesting_is_read():
    assert parse(b"[" * DEEPEST + b"]" * DEEPEST)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_everything_that_json_can_say_is_read_back(value):
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.battery(37)
@given(st.binary(max_size=80))
def test_nothing_but_the_one_error_is_ever_raised(data):
    with contextlib.suppress(JsonError):
        parse(data)

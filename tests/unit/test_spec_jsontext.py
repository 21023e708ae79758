"""JSON text is read strictly, and what is refused is refused with its place."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_core.specs import InvalidJSON, loads


@pytest.mark.parametrize(
    ("text", "line", "column", "detail"),
    [
        ('{"a": 1,\n "b": 2,\n "a": 3}', 3, 2, 'the key "a" stands twice'),
        ('{"x": ["a", "a"], "y": {"b": "b", "b": 1}}', 1, 35, 'the key "b" stands twice'),
        ('{"a": 1, "\\u0061": 2}', 1, 10, "stands twice"),
        ('{"a": {"b": 1}, "b": 2, "a": 1}', 1, 25, 'the key "a" stands twice'),
        ('["NaN",\n  NaN]', 2, 3, "NaN is not a JSON number"),
        ("[-Infinity]", 1, 2, "-Infinity is not a JSON number"),
        ('{"big": 1e999}', 1, 9, "too large"),
        ("[" + "9" * 5000 + "]", 1, 2, "too many digits"),
        ('{"a": 1,}', 1, 9, "this is not JSON"),
        ("", 1, 1, "this is not JSON"),
        ("{'a': 1}", 1, 2, "this is not JSON"),
        ("[1] [2]", 1, 5, "this is not JSON"),
        ("[" * 200_000, 1, 1, "nested too deeply"),
    ],
)
def test_what_is_refused_has_a_place(text: str, line: int, column: int, detail: str) -> None:
    with pytest.raises(InvalidJSON) as caught:
        loads(text)

    assert detail in caught.value.detail
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"line {line}, column {column}: ")


def test_bytes_are_utf_8_with_or_without_a_mark() -> None:
    assert loads('{"a": "é"}'.encode()) == {"a": "é"}
    assert loads(b"\xef\xbb\xbf[1]") == [1]
    assert loads("\ufeff[1]") == [1]
    with pytest.raises(InvalidJSON, match="line 2, column 3: this is not UTF-8"):
        loads(b'{\n "\xff": 1}')


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    )
)
def test_what_is_written_is_read(document: object) -> None:
    assert loads(json.dumps(document)) == document


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}[]",:\\ab1eE.- \nNaIfinity') | st.binary(max_size=30))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    with suppress(InvalidJSON):
        loads(text)

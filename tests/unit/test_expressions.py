"""Regular expressions that people write into configurations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.expressions import compiled, fault_of, matches


@pytest.mark.parametrize(
    ("expression", "text", "wanted"),
    [
        (".*h5", "a.h5.part", True),
        (r".*\.h5$", "a.h5.part", False),
        ("h5", "a.h5", False),
        (r"(?!\.).*\.txt", ".a.txt", False),
        (r"(.)\1", "aab", True),
        ("é+", "éé", True),
        (".*", "\udcff", True),
        ("", "", True),
    ],
)
def test_an_expression_matches_from_the_first_character_on(expression: str, text: str, wanted: bool) -> None:
    assert matches(expression, text) is wanted


@pytest.mark.parametrize("expression", [r"(a+)+\.txt", "(a|aa)+$", "(.*a){30}x", "(x+x+)+y"])
def test_no_name_keeps_scale_from_going_on(expression: str, caplog: pytest.LogCaptureFixture) -> None:
    for text in ("a" * 250 + ".tx", "x" * 250 + "!", "a" * 41 + ".tx"):
        assert not matches(expression, text)
    assert all("is not found out within 0.1 s" in one.getMessage() for one in caplog.records)


def test_it_is_told_that_an_expression_was_given_up(caplog: pytest.LogCaptureFixture) -> None:
    assert not matches("(a|aa)+$", "a" * 100 + "!")
    assert "repetitions inside of repetitions" in caplog.text


@pytest.mark.parametrize("expression", ["(", "*", "[a", "a{2,1}", r"\1", "(?P<a>)(?P<a", "\\"])
def test_what_is_none_is_told(expression: str) -> None:
    assert fault_of(expression)
    with pytest.raises(ValueError, match=r"\w"):
        compiled(expression)


@given(st.text(max_size=30))
def test_any_text_is_an_expression_or_is_told_why_not(text: str) -> None:
    fault = fault_of(text)
    assert fault is None or fault.strip()

"""Log lines for people and for machines."""

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scale_core.cli.logs import FIELDS, JsonFormatter, TextFormatter, set_up_logging


class Unshowable:
    """An object that cannot be made a text."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


WILD_TEXT = st.text(st.characters())  # lone surrogates, control characters and all
WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    WILD_TEXT,
    st.binary(),
    st.builds(Path, st.text("a/b ")),
    st.lists(st.integers()),
    st.dictionaries(st.integers(), st.text()),
    st.builds(ValueError, WILD_TEXT),
    st.builds(Unshowable),
    st.sets(st.integers()),
)


def record(message: object, *arguments: object, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("scale_core.x", logging.WARNING, "x.py", 1, message, arguments, None)
    made.created, made.msecs = 1_769_860_800.25, 250.0
    vars(made).update(extra)
    return made


def raised(error: Exception) -> Any:
    try:
        raise error
    except type(error):
        return sys.exc_info()


def parsed(line: str) -> dict[str, Any]:
    """The object of a line, as a strict reader of JSON sees it."""

    def refuse(constant: str) -> Any:
        raise AssertionError(f"{constant} is no JSON")

    assert line.isascii()
    assert len(line.splitlines()) == 1
    document: dict[str, Any] = json.loads(line, parse_constant=refuse)
    line.encode("utf-8")
    json.dumps(document, ensure_ascii=False).encode("utf-8")
    return document


def test_text_has_the_time_in_utc_and_what_it_is_about() -> None:
    line = TextFormatter().format(record("Ingest of %s", "a.txt", ingest_id=7, file_name="a.txt", job_id=None))
    assert line == ("2026-01-31T12:00:00.250Z WARNING scale_core.x: Ingest of a.txt [ingest_id=7 file_name=a.txt]")


def test_a_value_of_several_words_is_in_quotes() -> None:
    line = TextFormatter().format(record("x", file_name='a b".txt', error=""))
    assert line.endswith(r' [error="" file_name="a b\".txt"]')


def test_a_message_cannot_pass_for_two_lines() -> None:
    assert "\n" not in TextFormatter().format(record("name %s", "a\n2026-01-01T00:00:00.000Z ERROR forged"))


def test_a_message_cannot_steer_a_terminal() -> None:
    line = TextFormatter().format(record("name %s", "\x1b[2J\x9b1m", file_name="\x1b]0;x\x07"))
    assert line.endswith(r"name \x1b[2J\x9b1m [file_name=" + '"' + r"\u001b]0;x\u0007" + '"]')


def test_json_is_one_object_with_the_same_fields() -> None:
    document = parsed(JsonFormatter().format(record("Job %d", 3, job_id=3, execution_id=4, recipe_id=None)))
    assert document["time"] == "2026-01-31T12:00:00.250Z"
    assert (document["level"], document["message"]) == ("WARNING", "Job 3")
    assert (document["job_id"], document["execution_id"]) == (3, 4)
    assert "recipe_id" not in document


def test_json_takes_exceptions_and_names_that_are_no_utf_8() -> None:
    made = record("bad name %s", "a\udcff.txt", file_name="a\udcff.txt", error=ValueError("two\nlines"))
    made.exc_info = raised(ValueError("why"))
    document = parsed(JsonFormatter().format(made))
    assert "ValueError: why" in document["exception"]
    assert document["file_name"] == "a\\udcff.txt"
    assert document["error"] == "ValueError: two\nlines"


# The first draw makes tables of all characters, which a busy machine is slow at.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.one_of(WILD_TEXT, WILD),
    st.lists(WILD, max_size=3),
    st.dictionaries(st.sampled_from(FIELDS), WILD),
    st.one_of(st.none(), st.builds(OSError, st.integers(), WILD_TEXT), st.builds(RuntimeError, st.builds(Unshowable))),
)
def test_whatever_is_logged_is_one_line_of_json_and_one_of_text(
    message: object, arguments: list[object], extra: dict[str, Any], error: Exception | None
) -> None:
    made = record(message, *arguments, **extra)
    made.exc_info = None if error is None else raised(error)
    document = parsed(JsonFormatter().format(made))
    assert document["level"] == "WARNING"
    assert isinstance(document["message"], str)
    assert ("exception" in document) == (error is not None)
    assert {name for name in FIELDS if name in document} == {name for name in extra if extra[name] is not None}
    made.exc_text = None
    first, *traceback = TextFormatter().format(made).split("\n")
    assert first.startswith("2026-01-31T12:00:00.250Z WARNING scale_core.x: ")
    assert len(first.splitlines()) == 1
    assert bool(traceback) == (error is not None)


def test_warnings_of_python_are_log_lines_too(capfd: pytest.CaptureFixture[str]) -> None:
    former = logging.root.handlers[:], logging.root.level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            set_up_logging("INFO", "json")
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
        logging.root.handlers[:], logging.root.level = former
    (line,) = capfd.readouterr().err.splitlines()
    assert "DeprecationWarning: old" in parsed(line)["message"]

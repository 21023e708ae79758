"""Log lines for people and for machines."""

import json
import logging
import sys
from typing import Any

from scale_core.cli.logs import JsonFormatter, TextFormatter


def record(message: str, *arguments: object, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("scale_core.x", logging.WARNING, "x.py", 1, message, arguments, None)
    made.created, made.msecs = 1_769_860_800.25, 250.0
    vars(made).update(extra)
    return made


def test_text_has_the_time_in_utc_and_what_it_is_about() -> None:
    line = TextFormatter().format(record("Ingest of %s", "a.txt", ingest_id=7, file_name="a.txt"))
    assert line == ("2026-01-31T12:00:00.250Z WARNING scale_core.x: Ingest of a.txt [ingest_id=7 file_name=a.txt]")


def test_a_message_cannot_pass_for_two_lines() -> None:
    assert "\n" not in TextFormatter().format(record("name %s", "a\n2026-01-01T00:00:00.000Z ERROR forged"))


def test_json_is_one_object_with_the_same_fields() -> None:
    document = json.loads(JsonFormatter().format(record("Job %d", 3, job_id=3, execution_id=4)))
    assert document["time"] == "2026-01-31T12:00:00.250Z"
    assert (document["level"], document["message"]) == ("WARNING", "Job 3")
    assert (document["job_id"], document["execution_id"]) == (3, 4)


def test_json_takes_exceptions_and_names_that_are_no_utf_8() -> None:
    made = record("bad name %s", "a\udcff.txt", file_name="a\udcff.txt")
    try:
        raise ValueError("why")
    except ValueError:
        made.exc_info = sys.exc_info()
    document = json.loads(JsonFormatter().format(made))
    assert "ValueError: why" in document["exception"]
    assert document["file_name"] == "a\\udcff.txt"

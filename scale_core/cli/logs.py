"""Logs: a line of text for people, or a JSON object a line for machines."""

import json
import logging
import math
import re
import sys
import time
from typing import Any, Final

FIELDS: Final = (
    "job_id",
    "execution_id",
    "job_type",
    "error",
    "recipe_id",
    "strike_id",
    "scan_id",
    "ingest_id",
    "file_id",
    "file_name",
    "node_id",
    "rule_id",
)
"""What a log record can be about; given as ``extra``. None: it is not known."""

NOISY: Final = ("uvicorn", "alembic", "connexion", "httpx", "asyncio")
"""Libraries of which only warnings are of interest."""

CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What ends a line, steers a terminal or is no character at all."""

AMBIGUOUS: Final = re.compile(r'[\s"=\]]|^$')
"""What a value in a line of text is put in quotes for."""


class TextFormatter(logging.Formatter):
    """``2026-01-31T12:00:00.000Z INFO scale_core.x: message [job_id=1]``"""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback if there is one."""
        line = f"{_time(record)} {record.levelname} {record.name}: {_message(record)}"
        if about := " ".join(f"{name}={_quoted(value)}" for name, value in _about(record).items()):
            line += f" [{about}]"
        line = CONTROL.sub(_escaped, line)
        return f"{line}\n{traceback}" if (traceback := _traceback(self, record)) else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in ASCII whatever the terminal takes: time, level, logger, thread, message, what it is
    about, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        document: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "message": _message(record),
            **_about(record),
        }
        if traceback := _traceback(self, record):
            document["exception"] = traceback
        return json.dumps({name: _plain(value) for name, value in document.items()}, allow_nan=False)


def set_up_logging(level: str, log_format: str) -> None:
    """Log to standard error, warnings of Python too.

    :param level: one of :data:`scale_core.settings.LOG_LEVELS`.
    :param log_format: one of :data:`scale_core.settings.LOG_FORMATS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))


def _about(record: logging.LogRecord) -> dict[str, Any]:
    given = vars(record)
    return {name: given[name] for name in FIELDS if given.get(name) is not None}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit, or cannot be shown: what was meant is better than nothing
        return f"{_shown(record.msg)} {_shown(record.args)}"


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info else []
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts)


def _time(record: logging.LogRecord) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{whole}.{int(record.msecs):03d}Z"


def _plain(value: object) -> object:
    """A value that JSON has, and every reader of JSON takes."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    # Lone surrogates stand for bytes that are no UTF-8.
    return _shown(value).encode("utf-8", "backslashreplace").decode()


def _shown(value: object) -> str:
    """A value as text, whatever it does when it is asked."""
    try:
        return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else str(value)
    except Exception:  # noqa: BLE001 - a value's own code may raise anything; a line is not lost for it
        return f"<{type(value).__name__} that cannot be shown>"


def _quoted(value: object) -> str:
    text = _shown(value)
    return json.dumps(text, ensure_ascii=False) if AMBIGUOUS.search(text) else text


def _escaped(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]

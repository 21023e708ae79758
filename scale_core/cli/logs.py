"""Logs: a line of text for people, or a JSON object a line for machines."""

import logging
import sys
import time
from typing import Any, Final

import orjson

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
FORMATS: Final = ("text", "json")

FIELDS: Final = ("job_id", "execution_id", "ingest_id", "file_id", "file_name")
"""What a log record can be about; given as ``extra``."""

NOISY: Final = ("watchfiles", "uvicorn", "alembic", "connexion", "httpx", "asyncio")
"""Libraries of which only warnings are of interest."""


class TextFormatter(logging.Formatter):
    """``2026-01-31T12:00:00.000Z INFO scale_core.x: message [job_id=1]``"""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback if there is one."""
        about = " ".join(f"{name}={value}" for name, value in _about(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}"
        if about:
            line += f" [{about}]"
        line = line.replace("\r", "\\r").replace("\n", "\\n")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, what it is about, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        document: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "message": _text(record.getMessage()),
            **_about(record),
        }
        if record.exc_info:
            document["exception"] = _text(self.formatException(record.exc_info))
        return orjson.dumps(document).decode()


def set_up_logging(level: str, log_format: str) -> None:
    """Log to standard error.

    :param level: one of :data:`LEVELS`.
    :param log_format: one of :data:`FORMATS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))


def _about(record: logging.LogRecord) -> dict[str, Any]:
    found = {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
    return {name: _text(value) if isinstance(value, str) else value for name, value in found.items()}


def _time(record: logging.LogRecord) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{whole}.{int(record.msecs):03d}Z"


def _text(text: str) -> str:
    """Without the lone surrogates that stand for bytes which are no UTF-8: orjson refuses them."""
    return text.encode("utf-8", "backslashreplace").decode()

"""Sends what agent and workers log to Scale, which logs it in its own way."""

import logging
from collections.abc import Callable
from typing import Final

import orjson

from scale_core.runner.frames import Frame, Kind, frame
from scale_core.runner.line import AgentGone

_FORMATTER: Final = logging.Formatter()


class SendingHandler(logging.Handler):
    """Hands each record on as a frame; standard error has it where that fails.

    :param send: takes a frame.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record on."""
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + _FORMATTER.formatException(record.exc_info)
        document = {"level": record.levelno, "logger": record.name, "message": message}
        execution_id = getattr(record, "execution_id", 0)
        try:
            self._send(frame(Kind.LOGGED, execution_id, orjson.dumps(document)))
        except (OSError, AgentGone):
            self.handleError(record)


def send_logs(send: Callable[[bytes], None]) -> None:
    """Have everything that this process logs handed to ``send``, in place of what was to be done with it."""
    root = logging.getLogger()
    root.handlers[:] = [SendingHandler(send)]
    root.setLevel(logging.INFO)


def log_again(told: Frame) -> None:
    """Log what another process did."""
    document = orjson.loads(told.body)
    extra = {"execution_id": told.execution_id} if told.execution_id else None
    logging.getLogger(document["logger"]).log(document["level"], "%s", document["message"], extra=extra)

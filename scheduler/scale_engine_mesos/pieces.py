"""Reports that come in pieces. Each is acknowledged before the next comes, so it is kept where a crash leaves it."""

import logging
from typing import Any

import orjson

from scale_core.interfaces.engine import EngineMemory
from scale_engine_mesos.wire import Said

log = logging.getLogger(__name__)


class Pieces:
    """The pieces that have come of reports, in the engine's memory."""

    def __init__(self, memory: EngineMemory) -> None:
        self._memory = memory
        self._numbers: dict[int, int] = {}

    def keep(self, execution_id: int, said: Said) -> None:
        """Keep a piece.

        :raises Exception: the database is in trouble.
        """
        self._memory.set(_name(execution_id, said.piece), said.content.decode("latin-1"))
        self._numbers[execution_id] = said.of

    def report(self, execution_id: int, last: Said) -> dict[str, Any] | None:
        """The report whose last piece this is; None: it is not whole, or none.

        :raises Exception: the database is in trouble.
        """
        if last.of > 1:
            self._numbers[execution_id] = last.of
        parts = []
        for piece in range(last.of - 1):
            part = self._memory.get(_name(execution_id, piece))
            if part is None:
                log.error("The piece %d of the report of execution %d is missing", piece, execution_id)
                return None
            parts.append(part.encode("latin-1"))
        try:
            document = orjson.loads(b"".join([*parts, last.content]))
        except ValueError as error:
            log.error("The report of execution %d is no JSON: %s", execution_id, error)
            return None
        return document if isinstance(document, dict) else None

    def forget(self, execution_id: int) -> None:
        """Forget the pieces of a report.

        :raises Exception: the database is in trouble.
        """
        for piece in range(self._numbers.get(execution_id, 0)):
            self._memory.set(_name(execution_id, piece), None)
        self._numbers.pop(execution_id, None)


def _name(execution_id: int, piece: int) -> str:
    return f"report-{execution_id}-{piece}"

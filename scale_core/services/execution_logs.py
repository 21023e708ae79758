"""The logs of executions, wherever they are: with their engine, or in the workspace for logs (decision 0051)."""

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from typing import Final, TypeVar

from sqlalchemy import delete, select

from scale_core.db.models import StoredLog, Workspace
from scale_core.interfaces.broker import Broker, BrokerError
from scale_core.interfaces.engine import Engine, LogChunk
from scale_core.interfaces.logs import STREAMS, check_log_request
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.exceptions import ServiceError

T = TypeVar("T")

log = logging.getLogger(__name__)

AT_ONCE: Final = 500
"""So many ids go in one statement."""


MOST_ASKED: Final = 16
"""So many logs of a workspace are read at one time: far fewer than there are threads for requests, which wait where it
hangs."""

READING: Final = "reading of logs"
DELETING: Final = "deletion of logs"


def path_of(execution_id: int, stream: str) -> str:
    """Where a log is in a workspace: a thousand executions in each folder."""
    return f"execution-logs/{execution_id // 1000}/{execution_id}/{stream}"


def size_of(row: StoredLog, stream: str) -> int:
    """The bytes of a log that is in a workspace."""
    return row.stdout_size if stream == "stdout" else row.stderr_size


class ExecutionLogs:
    """Reads logs and removes them.

    :param engine: who has the logs that are in no workspace; it need not be started.
    """

    def __init__(self, context: Context, engine: Engine) -> None:
        self._context = context
        self._engine = engine

    def read(self, execution_id: int, stream: str, offset: int, limit: int) -> LogChunk:
        """Up to ``limit`` bytes of a log from ``offset`` on; empty where there is none.

        :raises ValueError: ``stream`` is neither stdout nor stderr, or a number is negative.
        :raises BrokerError: the workspace does not give it, or not within ``content_seconds``.
        """
        check_log_request(stream, offset, limit)
        stored = self._stored(execution_id)
        if stored is None:
            chunk = self._engine.logs(execution_id, stream, offset, limit)
            stored = self._stored(execution_id) if chunk.size == 0 else None  # it may have been stored just now
            if stored is None:
                return chunk
        row, workspace = stored
        size = size_of(row, stream)
        wanted = min(limit, max(0, size - offset))
        if wanted == 0:
            return LogChunk(b"", offset, size)
        data = self._ask(
            READING, workspace, lambda broker: _read(broker, path_of(execution_id, stream), offset, wanted)
        )
        return LogChunk(data, offset, size)

    def size(self, execution_ids: Collection[int]) -> int:
        """The size in bytes of all logs of executions."""
        ids = list(execution_ids)
        with self._context.database.read() as session:
            rows = [
                row
                for start in range(0, len(ids), AT_ONCE)
                for row in session.scalars(select(StoredLog).where(StoredLog.id.in_(ids[start : start + AT_ONCE])))
            ]
        there = {row.id for row in rows}
        stored = sum(row.stdout_size + row.stderr_size for row in rows)
        others = [one for one in ids if one not in there]
        return stored + sum(self._engine.logs(one, stream, 0, 0).size for one in others for stream in STREAMS)

    def forget(self, execution_ids: Sequence[int]) -> list[int]:
        """Remove logs.

        :return: the executions whose workspace does not let go of them now.
        :raises OSError: the engine cannot remove its own now.
        """
        self._engine.forget(execution_ids)
        left: list[int] = []
        statement = select(StoredLog, Workspace).join(Workspace).where(StoredLog.id.in_(execution_ids))
        with self._context.database.read() as session:
            rows = session.execute(statement.order_by(StoredLog.id)).all()
        for row, workspace in rows:
            try:
                self._delete(row, workspace)
            except (BrokerError, ServiceError) as error:
                if not left:
                    log.warning("Logs cannot be deleted from %r, and are tried again: %s", workspace.name, error)
                left.append(row.id)
        gone = [row.id for row, _workspace in rows if row.id not in left]
        if gone:
            with self._context.database.write() as session:
                session.execute(delete(StoredLog).where(StoredLog.id.in_(gone)))
        return left

    def _delete(self, row: StoredLog, workspace: Workspace) -> None:
        paths = [path_of(row.id, stream) for stream in STREAMS if size_of(row, stream)]

        def delete_all(broker: Broker) -> None:
            for path in paths:
                broker.delete(path)

        self._ask(DELETING, workspace, delete_all)

    def _ask(self, what: str, workspace: Workspace, question: Callable[[Broker], T]) -> T:
        """Ask a workspace, which may hang.

        :raises BrokerError: it does not answer, or cannot be used.
        """
        broker = broker_for(self._context, workspace.json_config)

        def ask() -> T:
            with closing(broker):
                return question(broker)

        seconds = self._context.settings.content_seconds
        return self._context.questions.ask((what, workspace.name), seconds, ask, most=MOST_ASKED)

    def _stored(self, execution_id: int) -> tuple[StoredLog, Workspace] | None:
        statement = select(StoredLog, Workspace).join(Workspace).where(StoredLog.id == execution_id)
        with self._context.database.read() as session:
            row = session.execute(statement).one_or_none()
        return None if row is None else (row[0], row[1])


def _read(broker: Broker, path: str, offset: int, number: int) -> bytes:
    """So many bytes of a file, at most."""
    with broker.open(path) as file:
        file.seek(offset)
        return file.read(number)

"""Takes the logs of executions that have ended into the workspace for logs (decision 0051).

What waits is told by the folders themselves: an engine has one for each execution whose logs it keeps. Logs are in the
workspace, and the database says so, before the engine's own are removed; whatever is broken off is done again.
"""

from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import delete, select

from scale_core.db.bulk import insert_rows
from scale_core.db.models import JobExecution, StoredLog, Workspace
from scale_core.interfaces.broker import BrokerError, StoredFile
from scale_core.interfaces.engine import Engine
from scale_core.interfaces.logs import STREAMS
from scale_core.services.brokers import broker_for
from scale_core.services.context import Context
from scale_core.services.execution_logs import path_of
from scale_core.services.execution_reads import FINISHED

GROUP: Final = 200
"""The logs of so many executions are stored together."""


class LogsNotStored(Exception):
    """Some logs could not be stored now; they stay where they are. The message says why."""


class LogStoring:
    """Stores logs, by one thread.

    :param engine: who keeps logs until they are stored.
    :param works_in: is told the folder of this machine in which logs are stored, if it is one, and None after that.
    """

    def __init__(
        self, context: Context, engine: Engine, works_in: Callable[[Path | None], None] = lambda _folder: None
    ) -> None:
        self._context = context
        self._works_in = works_in
        self._engine = engine
        self._waiting: list[tuple[int, Path]] = []

    def store_group(self) -> bool:
        """Store the logs of the next executions that have ended.

        :return: whether there may be more now.
        :raises LogsNotStored: of some, or all.
        :raises OSError: what is stored cannot be removed from where it was.
        """
        group = self._next_group()
        if not group:
            return False
        stored, trouble = self._store(group)
        self._engine.forget([one for one in group if one in stored])
        if trouble:
            raise LogsNotStored(trouble)
        return True

    def _next_group(self) -> dict[int, Path]:
        """The folders of executions that have ended, by id; the engine is asked again when all were looked at."""
        if not self._waiting:
            self._waiting = sorted(self._engine.kept_logs(), reverse=True)
        group: dict[int, Path] = {}
        while self._waiting and len(group) < GROUP:
            some = dict(self._waiting.pop() for _ in range(min(GROUP, len(self._waiting))))
            group |= {one: some[one] for one in self._ended(some)}
        return group

    def _ended(self, execution_ids: Collection[int]) -> list[int]:
        statement = select(JobExecution.id).where(
            JobExecution.id.in_(execution_ids),
            JobExecution.status.in_(sorted(FINISHED)),
            JobExecution.logs_archive_id.is_(None),
        )
        with self._context.database.read() as session:
            return list(session.scalars(statement.order_by(JobExecution.id)))

    def _store(self, group: dict[int, Path]) -> tuple[set[int], str]:
        """Store and record; the executions whose logs are stored, or empty, and what kept others from it."""
        logs = [(one, stream) for one, folder in group.items() for stream in STREAMS if _size(folder / stream) > 0]
        if not logs:
            return set(group), ""
        workspace = self._workspace()
        with closing(broker_for(self._context, workspace.json_config)) as broker:
            self._works_in(broker.local_folder)
            try:
                results = broker.store_many([(group[one] / stream, path_of(one, stream)) for one, stream in logs])
                sizes, failed = _by_execution(logs, results)
                for one in self._record(workspace, sizes):
                    for stream in sizes[one]:
                        broker.delete(path_of(one, stream))
            finally:
                self._works_in(None)
        return set(group) - failed.keys(), next(iter(failed.values()), "")

    def _record(self, workspace: Workspace, sizes: dict[int, dict[str, int]]) -> set[int]:
        """Record what is stored.

        :return: the executions whose logs retention has taken away meanwhile: of these nothing is recorded.
        """
        wanted = select(JobExecution.id).where(JobExecution.id.in_(sizes), JobExecution.logs_archive_id.is_(None))
        with self._context.database.write() as session:
            # Retention changes these rows before it asks what is stored: it sees this, or this sees that.
            there = set(session.scalars(wanted.order_by(JobExecution.id).with_for_update()))
            rows = [
                {"id": one, **{f"{stream}_size": sizes[one].get(stream, 0) for stream in STREAMS}}
                for one in sorted(there)
            ]
            session.execute(delete(StoredLog).where(StoredLog.id.in_(there)))
            insert_rows(session, StoredLog, rows, workspace_id=workspace.id)
        return sizes.keys() - there

    def _workspace(self) -> Workspace:
        name = self._context.settings.logs_workspace
        with self._context.database.read() as session:
            workspace = session.scalar(select(Workspace).where(Workspace.name == name))
        if workspace is None:
            raise LogsNotStored(f"There is no workspace {name!r}, which the setting logs_workspace names. Create it.")
        if not workspace.is_active:
            raise LogsNotStored(f"The workspace {name!r}, which the setting logs_workspace names, is not active.")
        return workspace


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _by_execution(
    logs: list[tuple[int, str]], results: list[StoredFile | BrokerError]
) -> tuple[dict[int, dict[str, int]], dict[int, str]]:
    """The sizes of logs of executions that are stored whole, by stream, and why others are not."""
    failed = {
        one: str(result)
        for (one, _stream), result in zip(logs, results, strict=True)
        if isinstance(result, BrokerError)
    }
    sizes: dict[int, dict[str, int]] = {}
    for (one, stream), result in zip(logs, results, strict=True):
        if one not in failed and isinstance(result, StoredFile):
            sizes.setdefault(one, {})[stream] = result.size
    return sizes, failed

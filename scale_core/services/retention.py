"""Archives what is finished and old (decision 0030): logs, then records of executions, then content of files.

Everything goes in groups. What is archived is written to a file before the transaction that says so. What is bytes, on
nodes and in workspaces, is removed after it, and is written down in it as pending: a crash leaves either all of a group
as it was, or bytes of which it is known that they are to go, and the next run removes them.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import delete, select, update

from scale_core.db.bulk import insert_rows, table_of
from scale_core.db.database import WriteSession
from scale_core.db.models import Archive, ArchivedExecution, Error, JobType, Node
from scale_core.domain.retention import cutoffs
from scale_core.interfaces.broker import BrokerError
from scale_core.interfaces.engine import Engine
from scale_core.services.archive_files import ArchiveFolder
from scale_core.services.context import Context
from scale_core.services.execution_logs import ExecutionLogs
from scale_core.services.retention_finds import (
    EXECUTION,
    FILE,
    Place,
    Walk,
    computed_until,
    files_of_waiting_recipes,
    walks,
)
from scale_core.services.retention_removals import Removals
from scale_generated.enums import RetentionKind
from scale_generated.specs.retention import Retention

log = logging.getLogger(__name__)

GROUP: Final = 500
"""So many executions or files go in one transaction."""


class RetentionService:
    """Does what the document ``retention`` says.

    :param engine: who keeps the logs; it need not be started.
    :param is_stopping: asked between groups: whether to break off. The next run goes on.
    """

    def __init__(self, context: Context, engine: Engine, is_stopping: Callable[[], bool]) -> None:
        self._context = context
        self._logs = ExecutionLogs(context, engine)
        self._is_stopping = is_stopping
        self._folder = ArchiveFolder(context.settings.data_dir)
        self._removals = Removals(context, self._logs)
        self._take: dict[RetentionKind, Callable[[Walk, Sequence[Place]], int]] = {
            RetentionKind.LOGS: self._take_logs,
            RetentionKind.EXECUTIONS: self._take_executions,
        }

    def run(self, rules: Retention) -> None:
        """Archive all that is old enough, beginning with the oldest.

        :raises OSError: an archive cannot be written, or logs not be removed: nothing is lost.
        :raises BrokerError: a workspace does not give logs: they stay, and all else is archived.
        """
        self._removals.finish()
        now = self._context.now()
        with self._context.database.read() as session:
            reached = cutoffs(rules, now, computed_until(self._context, session))
        refused: BrokerError | None = None
        for cutoff in reached:
            try:
                number = sum(self._archive(walk) for walk in walks(cutoff))
            except BrokerError as error:
                refused = error
                continue
            if number and cutoff.before is not None:
                log.info("Archived of %s, up to %s: %d", cutoff.kind, cutoff.before.isoformat(), number)
        if refused is not None:
            raise refused

    def _archive(self, walk: Walk) -> int:
        """Archive what a walk finds; how many."""
        take = self._take.get(walk.kind, self._take_files)
        after: Place | None = None
        number = 0
        while not self._is_stopping():
            with self._context.database.read() as session:
                found = [Place(*row) for row in session.execute(walk.page(after, GROUP))]
                needed = files_of_waiting_recipes(session) if found and walk.table is FILE else frozenset()
            if not found:
                break
            after = found[-1]
            wanted = [one for one in found if one.id not in needed]
            taken = take(walk, wanted) if wanted else 0
            self._context.telemetry.archived(walk.kind, taken)
            number += taken
        return number

    def _take_logs(self, walk: Walk, found: Sequence[Place]) -> int:
        name = self._name(walk, found, "tar.gz")
        size = self._folder.write_logs(name, self._logs, {one.id: one.moment for one in found})
        ids = [one.id for one in found]
        with self._context.database.write() as session:
            archive = self._note(session, walk, len(ids), size, name if size else None, pending=ids)
            session.execute(update(EXECUTION).where(EXECUTION.c.id.in_(ids)).values(logs_archive_id=archive.id))
        self._removals.remove(archive)
        return len(ids)

    def _take_executions(self, walk: Walk, found: Sequence[Place]) -> int:
        name = self._name(walk, found, "jsonl.gz")
        ids = [one.id for one in found]
        self._folder.write_records(name, self._records(ids))
        with self._context.database.write() as session:
            archive = self._note(session, walk, len(ids), None, name)
            insert_rows(session, ArchivedExecution, [{"id": one} for one in ids], archive_id=archive.id)
            session.execute(delete(EXECUTION).where(EXECUTION.c.id.in_(ids)))
        return len(ids)

    def _records(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Executions as they are in the database, with the names of what they refer to."""
        job_type, node, error = (table_of(model) for model in (JobType, Node, Error))
        names = (
            job_type.c.name.label("job_type_name"),
            job_type.c.version.label("job_type_version"),
            node.c.hostname.label("node_hostname"),
            error.c.name.label("error_name"),
        )
        source = EXECUTION.join(job_type, EXECUTION.c.job_type_id == job_type.c.id)
        source = source.outerjoin(node, EXECUTION.c.node_id == node.c.id)
        source = source.outerjoin(error, EXECUTION.c.error_id == error.c.id)
        statement = select(EXECUTION, *names).select_from(source).where(EXECUTION.c.id.in_(ids))
        with self._context.database.read() as session:
            return [dict(row) for row in session.execute(statement.order_by(EXECUTION.c.id)).mappings()]

    def _take_files(self, walk: Walk, found: Sequence[Place]) -> int:
        """Say that files are deleted, as far as nobody has come to need them, then delete them."""
        now = self._context.now()
        values: dict[str, Any] = {"is_deleted": True, "deleted": now, "last_modified": now}
        if walk.kind is RetentionKind.PRODUCTS:
            values |= {"is_published": False, "unpublished": now}
        with self._context.database.write() as session:
            # Who gives a file to a job holds its row until that is committed, and is seen then.
            lock = select(FILE.c.id).where(FILE.c.id.in_([one.id for one in found])).order_by(FILE.c.id)
            ids = list(session.scalars(walk.only(session.scalars(lock.with_for_update()).all())))
            if not ids:
                return 0
            _number, size = session.execute(walk.files(ids)).one()
            session.execute(update(FILE).where(FILE.c.id.in_(ids)).values(values))
            archive = self._note(session, walk, len(ids), int(size), None, pending=ids)
        self._removals.remove(archive)
        return len(ids)

    def _note(
        self,
        session: WriteSession,
        walk: Walk,
        number: int,
        size: int | None,
        file_name: str | None,
        pending: list[int] | None = None,
    ) -> Archive:
        now = self._context.now()
        archive = Archive(kind=walk.kind, file_name=file_name, number=number, size=size, created=now, pending=pending)
        session.add(archive)
        session.flush()
        return archive

    def _name(self, walk: Walk, found: Sequence[Place], ending: str) -> str:
        """The name of an archive file: the same for a group that a crash has kept from being noted."""
        return f"{walk.kind.lower()}-{self._context.now():%Y%m%d}-{found[0].id}.{ending}"

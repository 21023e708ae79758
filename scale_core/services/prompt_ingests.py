"""Prompt ingests: small files that Strike ingests right where it sees them, without the queue (decision 0018).

A file is linked into its workspace while Strike's folder still has it; one transaction records everything that the
queue would record in five; then its name in Strike's folder is removed. Until that transaction nothing is known of the
file but that name, so that whatever breaks off, or may not be done promptly, is done by the queue as if nothing was.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select, or_, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import (
    columns_of,
    insert_columns,
    parameters,
    reserve_ids,
    rows_from,
    rows_of,
    table_of,
    update_by_id,
)
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, ScaleFile, Workspace
from scale_core.db.prepared import Kept
from scale_core.domain.states import INGEST, IngestEvent, next_status
from scale_core.intake.orders import Place, StoredSource
from scale_core.services.context import Context
from scale_core.services.duplicates import same_content
from scale_core.services.ingest_ends import tell_ingested
from scale_core.services.ingest_jobs import INGEST_JOB, Seer, record_ingest_jobs
from scale_core.services.ingest_orders import place_of, workspaces_of
from scale_core.services.source_files import Source, make_source_files
from scale_core.services.system_jobs import may_start_now
from scale_core.services.transfer_plans import TransferPlanner
from scale_core.services.transfers import arrival_columns, watched_transfers
from scale_core.watching.records import Arrival, WatchOrder
from scale_generated.enums import IngestStatus
from scale_generated.specs.strike import IngestRule

INGESTED = next_status(INGEST, next_status(INGEST, IngestStatus.TRANSFERRED, IngestEvent.START), IngestEvent.COMPLETE)

SMALL = 1 << 20
"""Bytes from which on a file waits for its turn in the queue."""


_workspace = table_of(Workspace).c
_ACTIVE = Kept(
    lambda _dialect: select(_workspace.id, _workspace.name, _workspace.json_config).where(_workspace.is_active)
)


class PromptFile(NamedTuple):
    """A file that may be ingested promptly.

    :param plan: columns of its ingest that the Strike process's rules give.
    """

    arrival: Arrival
    plan: Mapping[str, Any]
    workspace: Place

    @property
    def path(self) -> str:
        """Its place in the workspace."""
        return str(self.plan["file_path"])


class LinkedFile(NamedTuple):
    """A file that has its name in the workspace too: bytes, ``sha256:<hex>``, media type."""

    file: PromptFile
    size: int
    checksum: str
    media_type: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.arrival.file_name


class PromptIngestService:
    """A Strike process's door to the database for the files it ingests itself."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def plan(self, order: WatchOrder, arrivals: Mapping[Arrival, IngestRule]) -> list[PromptFile]:
        """Those of the files that may be ingested promptly: small ones that their rule gives a place in an active
        workspace, while nobody has paused anything."""
        small = {one: rule for one, rule in arrivals.items() if one.size < SMALL}
        if not small:
            return []
        with self._context.database.read() as session:
            if not may_start_now(session, INGEST_JOB):
                return []
            planner = TransferPlanner(session, order.configuration.files_to_ingest, self._context.now().date())
            plans = [(one, planner.plan_by(rule, one.file_name)) for one, rule in small.items()]
            workspaces = {one: Place(name, configuration) for one, name, configuration in _ACTIVE.rows(session)}
        return [
            PromptFile(one, plan, workspaces[plan["workspace_id"]])
            for one, plan in plans
            if plan["workspace_id"] in workspaces
        ]

    def record(self, order: WatchOrder, files: Sequence[LinkedFile], started: datetime) -> list[LinkedFile]:
        """Record the ingests of linked files, their jobs, source files and events, and what these trigger, in one
        transaction.

        :param started: when their ingest began.
        :return: those that are not recorded, for their place or their content is known: the queue has to see to them.
        """
        with self._context.database.write() as session:
            known = _known(session, files)
            new = [one for number, one in enumerate(files) if number not in known]
            if not new:
                return list(files)
            watched = watched_transfers(session, [one.file.arrival for one in new])
            new.sort(key=lambda one: one.name not in watched)
            ids = [*(watched[one.name] for one in new[: len(watched)])]
            ids += reserve_ids(session, Ingest, len(new) - len(ids))
            names = {ingest_id: one.name for ingest_id, one in zip(ids, new, strict=True)}
            job_ids = record_ingest_jobs(session, self._context, Seer(strike_id=order.strike_id), names, started)
            sources = [_source(ingest_id, order, one) for ingest_id, one in zip(ids, new, strict=True)]
            file_ids = make_source_files(session, self._context, sources).ids
            columns = {"id": ids, "job_id": job_ids, "source_file_id": [*file_ids.values()], **_columns(new)}
            self._save(session, order, columns, len(watched), started)
        self._tell(order, sources, dict(zip(ids, job_ids, strict=True)), file_ids)
        return [one for number, one in enumerate(files) if number in known]

    def finished(self, order: WatchOrder, names: Collection[str]) -> dict[str, tuple[Place, str]]:
        """Of the files ``names`` of a Strike process that were ingested, the workspace and the path there, by name."""
        ingest, file = table_of(Ingest).c, table_of(ScaleFile).c
        statement = (
            select(ingest.file_name, file.workspace_id, file.file_path)
            .join(table_of(ScaleFile), ingest.source_file_id == file.id)
            .where(
                ingest.file_name.in_(names),
                ingest.strike_id == order.strike_id,
                ingest.status == IngestStatus.INGESTED,
            )
            .order_by(ingest.id)
        )
        with self._context.database.read() as session:
            rows = session.execute(statement).all()
            workspaces = workspaces_of(session, {row.workspace_id for row in rows})
        return {row.file_name: (place_of(workspaces[row.workspace_id]), row.file_path) for row in rows}

    def _save(
        self,
        session: WriteSession,
        order: WatchOrder,
        columns: Mapping[str, list[Any]],
        watched: int,
        started: datetime,
    ) -> None:
        """Write ingests; of the first so many, whose transfers were ``watched``, there is a row already."""
        now = self._context.now()
        same = {
            "status": INGESTED,
            "transfer_ended": started,
            "ingest_started": started,
            "ingest_ended": now,
            "last_modified": now,
        }
        update_by_id(session, Ingest, rows_from({name: some[:watched] for name, some in columns.items()}), **same)
        new = {name: some[watched:] for name, some in columns.items()}
        begun = {"transfer_started": started, "created": started}
        insert_columns(session, Ingest, new, strike_id=order.strike_id, **begun, **same)

    def _tell(
        self,
        order: WatchOrder,
        sources: Sequence[Source],
        job_ids: Mapping[int, int],
        file_ids: Mapping[int, int],
    ) -> None:
        names = {one.ingest_id: one.file_name for one in sources}

        def about(ingest_id: int) -> dict[str, object]:
            return {
                "ingest_id": ingest_id,
                "job_id": job_ids[ingest_id],
                "strike_id": order.strike_id,
                "file_name": names[ingest_id],
            }

        passed = (IngestStatus.TRANSFERRED, IngestStatus.INGESTING)
        self._context.telemetry.ingests_changed({status: len(sources) for status in passed})
        tell_ingested(self._context, sources, file_ids, about)


def _known(session: Session, files: Sequence[LinkedFile]) -> set[int]:
    """The numbers (from 0 on) of those of which the place or the content is that of a file there is."""
    if not files:
        return set()
    columns = {
        "id": range(len(files)),
        "workspace_id": [one.file.plan["workspace_id"] for one in files],
        "file_path": [one.file.path for one in files],
        "file_name": [one.name for one in files],
        "file_size": [one.size for one in files],
        "checksum": [one.checksum for one in files],
    }
    known = _statement(tuple(columns), session.get_bind().dialect)
    return set(session.scalars(known, parameters(session, rows_from(columns))))


@lru_cache(maxsize=10)
def _statement(names: Collection[str], dialect: Dialect) -> Select[tuple[int]]:
    """Selects the ids of those given values whose place, or whose content, is that of a file there is."""
    file = table_of(ScaleFile).c
    given = rows_of(dialect, ScaleFile, names)
    at_the_place = select(file.id).where(*(file[name] == given.columns[name] for name in ("workspace_id", "file_path")))
    same = select(file.id).where(*same_content(given.columns))
    return (
        select(given.columns["id"])
        .select_from(given.source)
        .where(or_(at_the_place.correlate(given.source).exists(), same.correlate(given.source).exists()))
    )


def _source(ingest_id: int, order: WatchOrder, linked: LinkedFile) -> Source:
    plan = linked.file.plan
    return Source(
        ingest_id,
        Seer(strike_id=order.strike_id),
        linked.name,
        plan["workspace_id"],
        linked.file.workspace.name,
        plan["data_type"],
        StoredSource(ingest_id, linked.file.path, linked.size, linked.checksum, linked.media_type),
    )


def _columns(files: Sequence[LinkedFile]) -> dict[str, list[Any]]:
    """Columns of ingests that files and rules give."""
    plans = [one.file.plan for one in files]
    return {
        **columns_of([arrival_columns(one.file.arrival) for one in files]),
        "file_name": [one.name for one in files],
        "workspace_id": [one["workspace_id"] for one in plans],
        "data_type": [one["data_type"] for one in plans],
        "file_path": [one.file.path for one in files],
        "file_size": [one.size for one in files],
        "media_type": [one.media_type for one in files],
    }

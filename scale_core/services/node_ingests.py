"""Ingests that nodes of a cluster do: what their execution plans say, and what follows from their reports (decision
0055)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from scale_core.db.bulk import update_by_id
from scale_core.db.database import WriteSession
from scale_core.db.models import Ingest, JobExecution, ScaleFile, Scan
from scale_core.intake.orders import IngestOrder, StoredSource
from scale_core.services.context import Context
from scale_core.services.duplicates import finish_duplicates, tell_duplicates
from scale_core.services.ingest_ends import Finished, fail_ingests, finish_ingests
from scale_core.services.ingest_jobs import INGEST_INPUT
from scale_core.services.ingest_orders import IngestRow, Refused, ingest_rows, order_for, workspaces_of
from scale_core.services.ingesting import IngestingService
from scale_generated.enums import IngestStatus
from scale_generated.specs.execution_plan import ExecutionPlan, PlanIngest
from scale_generated.specs.execution_report import ExecutionReport, ReportIngest
from scale_generated.specs.scan import Scan as ScanConfiguration
from scale_generated.specs.workspace import Workspace as WorkspaceConfiguration

NO_INGEST = f"The job's input {INGEST_INPUT!r} should be the id of an ingest."


@dataclass(frozen=True, slots=True)
class NodeBegun:
    """Ingests that begin: plans that nodes can run; ids of executions that have nothing left to do; and ids of those
    that cannot begin, with the reason."""

    plans: list[ExecutionPlan]
    finished: list[int]
    refused: list[tuple[int, str]]


class NodeIngestService:
    """Makes of the plans of ingest jobs such as nodes can run."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._ingesting = IngestingService(context)

    def begin(self, plans: Sequence[ExecutionPlan]) -> NodeBegun:
        """Settle where each file goes, mark its ingest INGESTING, and say in its plan what is to be done with it."""
        by_ingest = {one: plan for plan in plans if (one := _ingest_id(plan)) is not None}
        begun = self._ingesting.begin(list(by_ingest))
        refused = [(plan.execution_id, NO_INGEST) for plan in plans if _ingest_id(plan) is None]
        refused += [(by_ingest[one.ingest_id].execution_id, one.reason) for one in begun.refused]
        self._ingesting.fail(begun.refused)
        duplicates = [one.ingest_id for one in begun.removals]
        with self._context.database.read() as session:
            known = _known_paths(session, duplicates)
            orders = [*begun.orders, *_orders(session, duplicates)]
            mounts = _scan_mounts(session, [one.ingest_id for one in orders if one.keeps_source])
        ready = [
            _completed(by_ingest[one.ingest_id], one, known.get(one.ingest_id), mounts.get(one.ingest_id))
            for one in orders
        ]
        return NodeBegun(ready, [by_ingest[one].execution_id for one in begun.finished], refused)

    def told(self, progress: Mapping[int, int]) -> None:
        """Record how many bytes are in their workspaces of the files that executions (by id) take there."""
        if not progress:
            return
        with self._context.database.write() as session:
            rows = session.execute(
                select(Ingest.id, JobExecution.id.label("execution_id"))
                .join(JobExecution, Ingest.job_id == JobExecution.job_id)
                .where(JobExecution.id.in_(progress), Ingest.status == IngestStatus.INGESTING)
            )
            told = [{"id": row.id, "bytes_stored": progress[row.execution_id]} for row in rows]
            update_by_id(session, Ingest, told, last_modified=self._context.now())


@dataclass(frozen=True, slots=True)
class NodeEnds:
    """What reports of ingests were recorded to say.

    :param unfinished: executions whose ingests need another one: what is left of a duplicate is to be removed.
    """

    unfinished: Collection[int]
    finished: Finished
    duplicates: Sequence[Any]

    def tell(self, context: Context) -> None:
        """Count and log it, once it is committed."""
        self.finished.tell(context)
        tell_duplicates(context, self.duplicates)


def record_node_ingests(session: WriteSession, context: Context, reports: Sequence[ExecutionReport]) -> NodeEnds | None:
    """Record what nodes did with files, as part of the transaction that ends their executions; None: nothing."""
    done = {one.execution_id: one.ingest for one in reports if one.ingest is not None}
    if not done:
        return None
    finished = finish_ingests(session, context, [stored for one in done.values() if (stored := _stored(one))])
    removed = [one.ingest_id for one in done.values() if one.stored is None]
    duplicates = finish_duplicates(session, context.now(), removed)
    session.flush()  # rules have made jobs, and whoever ends executions forgets what is not written
    late = {one.ingest_id for one in finished.removals}
    unfinished = {execution_id for execution_id, one in done.items() if one.ingest_id in late}
    return NodeEnds(unfinished, finished, duplicates)


def fail_ingests_of(
    session: WriteSession, context: Context, reasons: Mapping[int, str], canceled: Collection[int] = ()
) -> list[tuple[IngestRow, str]]:
    """Record why the ingests of jobs (by job id) were not made, in the caller's transaction; what it returns is for
    :func:`scale_core.services.ingest_ends.tell_errored`.

    :param canceled: jobs that were canceled: what a Scan has handed on and has not begun waits to be taken up with it.
    """
    if not reasons:
        return []
    waits = and_(Ingest.job_id.in_(canceled), Ingest.scan_id.is_not(None), Ingest.status == IngestStatus.TRANSFERRED)
    rows = session.execute(select(Ingest.id, Ingest.job_id).where(Ingest.job_id.in_(reasons), ~waits))
    return fail_ingests(session, [Refused(row.id, reasons[row.job_id]) for row in rows], context.now())


def _ingest_id(plan: ExecutionPlan) -> int | None:
    text = next((one.value or "" for one in plan.inputs if one.name == INGEST_INPUT), "")
    return int(text) if text.isdecimal() else None


def _stored(done: ReportIngest) -> StoredSource | None:
    one = done.stored
    if one is None:
        return None
    return StoredSource(done.ingest_id, one.path, one.size, one.checksum, one.media_type, one.is_needed)


def _known_paths(session: Session, ingest_ids: Sequence[int]) -> dict[int, str]:
    """Where the source files are, by ingest id, that have the content of duplicates."""
    rows = session.execute(
        select(Ingest.id, ScaleFile.file_path)
        .join(ScaleFile, Ingest.source_file_id == ScaleFile.id)
        .where(Ingest.id.in_(ingest_ids))
    )
    return {row.id: row.file_path for row in rows}


def _orders(session: Session, ingest_ids: Sequence[int]) -> list[IngestOrder]:
    """Orders of duplicates, at the places where copies of them may be."""
    rows = list(ingest_rows(session, ingest_ids).values())
    workspaces = workspaces_of(session, {one for row in rows for one in (row.workspace_id, row.origin_id)})
    return [order_for(row, row.file_path, workspaces, may_be_known=False) for row in rows]


def _scan_mounts(session: Session, ingest_ids: Sequence[int]) -> dict[int, str]:
    """Directories that Scans look through, by the ids of ingests of what they found there."""
    rows = session.execute(
        select(Ingest.id, Scan.configuration).join(Scan, Ingest.scan_id == Scan.id).where(Ingest.id.in_(ingest_ids))
    )
    found = {row.id: ScanConfiguration.from_document(row.configuration).mount for row in rows}
    return {one: mount for one, mount in found.items() if mount is not None and mount.startswith("/")}


def _completed(plan: ExecutionPlan, order: IngestOrder, known: str | None, scanned: str | None) -> ExecutionPlan:
    """A plan that says what to do with a file."""
    used = [one for one in (order.workspace, order.origin) if one is not None]
    mount = None if order.origin is not None else scanned or str(PurePosixPath(order.source).parent)
    ingest = PlanIngest(
        ingest_id=order.ingest_id,
        file_name=order.file_name,
        source=order.source,
        origin=None if order.origin is None else order.origin.name,
        mount=mount,
        workspace=order.workspace.name,
        path=order.path,
        size=order.size,
        keeps_source=order.keeps_source,
        duplicate_of=known,
    )
    workspaces = {one.name: WorkspaceConfiguration.from_document(one.configuration) for one in used}
    return replace(plan, ingest=ingest, workspaces=workspaces)

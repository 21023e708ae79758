"""An installation with retention, an engine that keeps logs, and a workspace."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from fakes.jobs import Installation
from fakes.world import SetClock
from scale_core.db.models import (
    TALLIES,
    Archive,
    JobExecution,
    JobInputFile,
    JobType,
    MetricProgress,
    ScaleFile,
    Workspace,
)
from scale_core.interfaces.engine import EngineSettings
from scale_core.services.context import Context
from scale_core.services.execution_reads import JobExecutionService
from scale_core.services.retention import RetentionService
from scale_core.services.retention_preview import RetentionPreviewService
from scale_core.services.serialization import SerializerContext
from scale_engine_local.engine import LocalEngine
from scale_generated.specs.retention import Retention

SOME = b"\xff not text \n"


class Keeper:
    """An installation with retention, an engine that keeps logs, and a workspace."""

    def __init__(self, context: Context, urls: SerializerContext, clock: SetClock) -> None:
        self.context, self.urls, self.clock = context, urls, clock
        self.made = Installation(context, urls)
        self.data = context.settings.data_dir
        self.engine = LocalEngine(EngineSettings(self.data))
        self.reads = JobExecutionService(context, self.engine)
        self.stopped_after = 10**9
        now = context.now()
        config = {"version": "1.0", "broker": {"type": "host", "host_path": str(self.storage)}}
        self.storage.mkdir()
        with context.database.write() as session:
            session.add(Workspace(name="raw", json_config=config, created=now, last_modified=now))

    @property
    def storage(self) -> Path:
        return self.data / "storage"

    def keep(self, **rules: str) -> None:
        """Run retention."""
        RetentionService(self.context, self.engine, self._is_stopping).run(Retention.from_document(rules))

    def _is_stopping(self) -> bool:
        self.stopped_after -= 1
        return self.stopped_after < 0

    def preview(self, **rules: str) -> dict[str, Any]:
        found = RetentionPreviewService(self.context, self.engine).preview(rules)
        return {one["kind"]: (one["count"], one["bytes"]) for one in found["results"]}

    def ran(self, *job_ids: int, end: Callable[..., None] | None = None) -> list[int]:
        """Run jobs; their executions leave folders with logs."""
        (end or self.made.complete)(*job_ids)
        ids = [self.made.jobs.get(one, self.urls)["job_exes"][0]["id"] for one in job_ids]
        for one in ids:
            folder = self.folder(one)
            folder.mkdir(parents=True)
            (folder / "stdout").write_bytes(SOME)
            (folder / "stderr").write_bytes(b"")
            (folder / "report.json").write_text("{}")
        return ids

    def folder(self, execution_id: int) -> Path:
        return self.data / "executions" / str(execution_id)

    def later(self, **span: float) -> None:
        """Let time go by, in which the clock computes the metrics of every day."""
        self.clock.forward(**span)
        today = self.context.now().date()
        with self.context.database.write() as session:
            for name in self.context.registry.metrics:
                session.merge(MetricProgress(metric=name, next_day=today))

    def executions(self) -> list[int]:
        """Those that are there, of jobs that are not Scale's own."""
        theirs = select(JobExecution.id).join(JobType).where(~JobType.is_system).order_by(JobExecution.id)
        with self.context.database.read() as session:
            return list(session.scalars(theirs))

    def file(self, name: str, **values: Any) -> int:
        """A file with content, tracked since now."""
        now = self.context.now()
        (self.storage / name).write_text(name)
        values = {"file_type": "SOURCE", "created": now, "last_modified": now} | values
        with self.context.database.write() as session:
            row = ScaleFile(
                workspace_id=1,
                file_name=name,
                file_path=name,
                media_type="text/plain",
                file_size=len(name),
                data_type=[],
                uuid=name.ljust(32, "0"),
                meta_data={},
                countries=[],
                **values,
            )
            session.add(row)
            session.flush()
            return row.id

    def product(self, name: str, job_id: int, **values: Any) -> int:
        """A product of a job, published now; ``unpublished`` where it says so."""
        given = {"is_operational": True, "is_published": "unpublished" not in values, "published": self.context.now()}
        return self.file(name, file_type="PRODUCT", job_id=job_id, job_exe_id=4711, **given, **values)

    def give(self, job_id: int, file_id: int) -> None:
        with self.context.database.write() as session:
            session.add(JobInputFile(job_id=job_id, file_id=file_id))

    def deleted(self) -> list[str]:
        """Names of the files that are said to be deleted; their content is gone, that of the others is there."""
        with self.context.database.read() as session:
            rows = session.execute(select(ScaleFile.file_name, ScaleFile.is_deleted)).all()
        gone = sorted(row.file_name for row in rows if row.is_deleted)
        assert gone == sorted(row.file_name for row in rows if not (self.storage / row.file_name).exists())
        return gone

    def archives(self) -> list[Archive]:
        with self.context.database.read() as session:
            return list(session.scalars(select(Archive).order_by(Archive.id)))

    def check_tallies(self) -> None:
        with self.context.database.read() as session:
            for tally in TALLIES:
                table = Archive.metadata.tables[tally.name]
                counted = Archive.metadata.tables[tally.counted]
                said = session.scalar(select(func.coalesce(func.sum(table.c.number), 0)))
                assert said == session.scalar(select(func.count()).select_from(counted)), tally.name
